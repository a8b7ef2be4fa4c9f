"""One camera: starts its ffmpeg, gives each picture its capture time, spools it, and starts again.

A file is played once. A live stream is restarted whenever it ends, fails or falls silent, after a wait that
grows with each failure and is short again after a healthy run.
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from edge_agent.backoff import Backoff
from edge_agent.ffmpeg import sampling
from edge_agent.probe import check_file, probe
from edge_agent.process import FfmpegProcess
from edge_agent.settings import CameraSettings
from edge_agent.spool import Spool
from edge_agent.status import StatusBoard
from vigie.domain.frames import FrameKey
from vigie.domain.instants import MILLISECOND, whole_milliseconds
from vigie.errors import SourceError, VigieError

log = logging.getLogger(__name__)

_PATIENT_INTERVALS = 3


def _restart_backoff() -> Backoff:
    return Backoff(1.0, 60.0, random.random, floor=0.5)


@dataclass(frozen=True, slots=True)
class Endurance:
    """How long a camera may be silent, and how it is started again."""

    patience_s: float = 20.0  # of the newest picture's age; frigate's figure
    healthy_s: float = 60.0  # a run at least as long ends the growth of the waits
    backoff: Callable[[], Backoff] = field(default=_restart_backoff)


class CameraSupervisor:
    """Watches over one camera; `run` is the body of its thread.

    `on_frame` is called after each frame that was spooled; `stop` ends the run within a second or two.
    """

    def __init__(
        self,
        camera: CameraSettings,
        *,
        executable: str,
        private: bool,
        spool: Spool,
        board: StatusBoard,
        redact: Callable[[str], str],
        on_frame: Callable[[], None],
        stop: threading.Event,
        endurance: Endurance | None = None,
    ) -> None:
        self._camera = camera
        self._executable = executable
        self._private = private
        self._spool = spool
        self._board = board
        self._redact = redact
        self._on_frame = on_frame
        self._stop = stop
        self._endurance = endurance or Endurance()
        self._newest: datetime | None = None

    def run(self) -> None:
        """Take pictures until a file ends, or the agent stops."""
        if self._camera.kind.is_live:
            self._run_live()
        else:
            self._run_file()

    def _run_file(self) -> None:
        camera_id = self._camera.camera_id
        sentence = self._attempt()
        if sentence is None:
            self._board.change(camera_id, "ended")
            log.info("camera ended", extra={"camera_id": camera_id, "sampled": self._sampled()})
        else:
            self._board.change(camera_id, "failed", sentence)
            log.error("camera failed", extra={"camera_id": camera_id, "error": sentence})

    def _run_live(self) -> None:
        camera_id = self._camera.camera_id
        backoff = self._endurance.backoff()
        while not self._stop.is_set():
            begun, before = time.monotonic(), self._sampled()
            sentence = self._attempt() or "the stream ended"
            if self._stop.is_set():
                break
            if self._sampled() > before and time.monotonic() - begun >= self._endurance.healthy_s:
                backoff.reset()
            wait_s = backoff.next_s()
            self._board.change(camera_id, "waiting", sentence)
            log.warning(
                "camera is started again",
                extra={"camera_id": camera_id, "error": sentence, "wait_s": round(wait_s, 1)},
            )
            self._stop.wait(wait_s)
        self._board.change(camera_id, "ended")

    def _attempt(self) -> str | None:
        """Run ffmpeg once; return the sentence about what went wrong, None when nothing did."""
        try:
            self._play()
        except VigieError as error:
            return self._redact(str(error))
        except Exception as error:  # the outermost loop of this thread: a fault of ours stops no other camera
            log.exception("supervisor failed", extra={"camera_id": self._camera.camera_id})
            return self._redact(f"the agent itself failed: {type(error).__name__}: {error}")
        return None

    def _play(self) -> None:
        camera = self._camera
        check_file(camera)
        command = sampling(camera, self._executable, private=self._private)
        patience_s = max(self._endurance.patience_s, _PATIENT_INTERVALS * camera.interval_s)
        start = camera.start_at or whole_milliseconds(datetime.now(UTC))
        begun = time.monotonic()
        taken = 0
        with FfmpegProcess(command, redact=self._redact) as ffmpeg:
            try:
                for jpeg in ffmpeg.pictures(stopping=self._stop.is_set, patience_s=patience_s):
                    if camera.kind.is_live:
                        captured_at = self._arrival()
                    else:
                        offset_s = taken / camera.fps
                        if not self._wait_for(begun + offset_s):
                            return
                        captured_at = start + timedelta(seconds=offset_s)
                    self._take(jpeg, captured_at)
                    taken += 1
                    if taken == 1:
                        log.info("camera runs", extra={"camera_id": camera.camera_id})
            except SourceError as error:
                words = ffmpeg.last_words
                if words:
                    log.warning("ffmpeg failed", extra={"camera_id": camera.camera_id, "ffmpeg_says": words})
                raise self._named(error, taken) from error
        if not taken and not self._stop.is_set() and not camera.kind.is_live:
            raise SourceError(f"{camera.source} has no pictures")

    def _wait_for(self, instant: float) -> bool:
        """Hold a file's picture until its time, which is how a file keeps its own pace; false when stopping.

        ffmpeg's `-re` would give the first half second in one burst, and the others late by the time until
        the next picture. Here the full pipe holds ffmpeg back.
        """
        if self._camera.pace == "fast":
            return True
        return not self._stop.wait(max(0.0, instant - time.monotonic()))

    def _arrival(self) -> datetime:
        """Return now as a capture time; two pictures never share one, even when the clock is set back."""
        now = whole_milliseconds(datetime.now(UTC))
        if self._newest is not None and now <= self._newest:
            now = self._newest + MILLISECOND
        self._newest = now
        return now

    def _take(self, jpeg: bytes, captured_at: datetime) -> None:
        camera = self._camera
        key = FrameKey(camera.camera_id, captured_at)
        self._spool.add(key, jpeg, interval_s=camera.interval_s, sampled_at=datetime.now(UTC))
        self._board.sampled(camera.camera_id, key.captured_at)
        self._on_frame()

    def _named(self, error: SourceError, taken: int) -> SourceError:
        """Say what a file lacks when ffmpeg took no picture from it: ffmpeg's own words are about options."""
        if self._camera.kind.is_live:
            return error
        if taken:
            return SourceError(f"{self._camera.source} broke off after {taken} pictures: {error}")
        try:
            probe(self._camera, self._executable, private=self._private, redact=self._redact)
        except SourceError as reason:
            return reason
        return SourceError(f"{self._camera.source} gives no pictures: {error}")

    def _sampled(self) -> int:
        return self._board.camera(self._camera.camera_id).sampled
