"""One camera's pictures with their capture times, run of ffmpeg by run of ffmpeg.

A stream's picture is of the time at which it came. A file's and a folder's have times of their own, and are
held until those when the pace is real.
"""

import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from edge_agent.decoding import PATIENT_INTERVALS, DecodeOtherwise, DecodingChoice
from edge_agent.ffmpeg import sampling
from edge_agent.folders import dated_pictures, read_picture
from edge_agent.hardware import candidates
from edge_agent.probe import check_source, explained
from edge_agent.process import FfmpegProcess, SilenceError
from edge_agent.settings import CameraSettings
from edge_agent.sources import SourceKind
from vigie.errors import SourceError

log = logging.getLogger(__name__)

_SILENT_INTERVALS = 3

Capture = tuple[bytes, datetime]


class Captures:
    """Gives one camera's pictures; `of` is one run.

    `arrival` gives the time of a picture that came just now, None when it may not be taken; `start` that of
    a file that begins now; `outdated` tells, a few times a second, whether
    the settings have changed so that a stream must be opened again; `patience_s` is how long a source may be
    silent.
    """

    def __init__(
        self,
        *,
        executable: str,
        private: bool,
        redact: Callable[[str], str],
        stop: threading.Event,
        patience_s: float,
        arrival: Callable[[], datetime | None],
        start: Callable[[], datetime],
        outdated: Callable[[], bool],
    ) -> None:
        self._executable = executable
        self._private = private
        self._redact = redact
        self._stop = stop
        self._least_patience_s = patience_s
        self._arrival = arrival
        self._start = start
        self._outdated = outdated
        self._decoding = DecodingChoice(find=lambda camera: candidates(executable, camera.hardware))

    def of(self, camera: CameraSettings) -> Generator[Capture, None, None]:
        """Give the pictures until the source ends, the agent stops, or a stream's settings are outdated.

        Close it when it is left early: that ends ffmpeg.

        Raises:
            SourceError: the source cannot be read, broke off, or fell silent.
            SetupError: ffmpeg cannot be started.
            DecodeOtherwise: the next run is to decode in another way, at once.

        """
        check_source(camera)
        return self._in_folder(camera) if camera.kind is SourceKind.FOLDER else self._by_ffmpeg(camera)

    def _by_ffmpeg(self, camera: CameraSettings) -> Generator[Capture, None, None]:
        taken = 0
        way = self._decoding.begin(camera)
        executable = way.hardware.executable if way.hardware else self._executable
        command = sampling(camera, executable, private=self._private, way=way)
        with FfmpegProcess(command, redact=self._redact) as ffmpeg:
            timed = self._arrivals if camera.kind.is_live else self._played
            try:
                for capture in timed(ffmpeg, camera):
                    yield capture
                    taken += 1
            except SourceError as error:
                if words := ffmpeg.last_words:
                    log.warning("ffmpeg failed", extra={"camera_id": camera.camera_id, "ffmpeg_says": words})
                self._decoding.failed()
                raise self._explained(error, camera, taken) from error
        if not taken and not self._stop.is_set() and not camera.kind.is_live:
            raise SourceError(f"{camera.source} has no pictures")

    def _explained(self, error: SourceError, camera: CameraSettings, taken: int) -> SourceError:
        return explained(
            error, camera, self._executable, taken=taken, private=self._private, redact=self._redact
        )

    def _arrivals(self, ffmpeg: FfmpegProcess, camera: CameraSettings) -> Iterator[Capture]:
        first_s = patience_s = self._patience_s(camera)
        if self._decoding.may_be_sparse:
            patience_s = min(patience_s, PATIENT_INTERVALS * camera.interval_s)
        came = False
        try:
            for jpeg in ffmpeg.pictures(stopping=self._is_over, patience_s=patience_s, first_s=first_s):
                came = True
                if (arrived_at := self._arrival()) is not None:
                    yield jpeg, arrived_at
                self._decoding.picture(camera.interval_s)
        except SilenceError:
            if came and patience_s < first_s:
                self._decoding.stalled(camera.interval_s)
            if not came and not self._decoding.has_another:
                self._decoding.mute()
            if self._decoding.may_be_sparse:
                # A failure like others, but not one to repeat in the same way: a stream that refreshes itself
                # bit by bit has no keyframes at all.
                with suppress(DecodeOtherwise):
                    self._decoding.give_up()
            raise

    def _is_over(self) -> bool:
        return self._stop.is_set() or self._outdated()

    def _played(self, ffmpeg: FfmpegProcess, camera: CameraSettings) -> Iterator[Capture]:
        start = camera.start_at or self._start()
        begun = time.monotonic()
        pictures = ffmpeg.pictures(stopping=self._stop.is_set, patience_s=self._patience_s(camera))
        for number, jpeg in enumerate(pictures):
            offset_s = number / camera.fps
            if not self._wait_for(begun + offset_s, camera):
                return
            self._outdated()  # a file follows its gate alone
            yield jpeg, start + timedelta(seconds=offset_s)

    def _in_folder(self, camera: CameraSettings) -> Generator[Capture, None, None]:
        begun, taken = time.monotonic(), 0

        def left_out(path: Path, why: str) -> None:
            facts = {"camera_id": camera.camera_id, "picture": path.name, "error": why}
            log.warning("picture left out", extra=facts)

        start = camera.start_at or self._start()
        pictures = dated_pictures(Path(camera.source), start=start, fps=camera.fps, left_out=left_out)
        for number, (path, captured_at) in enumerate(pictures):
            if not self._wait_for(begun + number / camera.fps, camera):
                return
            self._outdated()
            try:
                jpeg = read_picture(
                    path,
                    camera,
                    self._executable,
                    redact=self._redact,
                    stopping=self._stop.is_set,
                    patience_s=self._patience_s(camera),
                )
            except SourceError as error:
                left_out(path, str(error))
                continue
            taken += 1
            yield jpeg, captured_at
        if not taken:
            raise SourceError(f"{camera.source} holds no picture that can be read")

    def _patience_s(self, camera: CameraSettings) -> float:
        return max(self._least_patience_s, _SILENT_INTERVALS * camera.interval_s)

    def _wait_for(self, instant: float, camera: CameraSettings) -> bool:
        """Hold a file's picture until its time, which is how a file keeps its own pace; false when stopping.

        ffmpeg's `-re` would give the first half second in one burst, and the others late by the time until
        the next picture. Here the full pipe holds ffmpeg back.
        """
        if camera.pace == "fast":
            return not self._stop.is_set()
        return not self._stop.wait(max(0.0, instant - time.monotonic()))
