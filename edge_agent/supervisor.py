"""One camera: starts its ffmpeg, gives each picture its capture time, spools it, and starts again.

A file is played once. A live stream is restarted whenever it ends, fails or falls silent, after a wait that
grows with each failure and is short again after a healthy run. When it has failed too often without one, it
is reported as failing and tried rarely.
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

from edge_agent.backoff import Backoff
from edge_agent.captures import Captures
from edge_agent.clock import CaptureTimes
from edge_agent.compression import within_share
from edge_agent.decoding import DecodeOtherwise
from edge_agent.gate import MotionGate
from edge_agent.pacing import DailyPace
from edge_agent.settings import CameraSettings
from edge_agent.status import StatusBoard
from vigie.domain.frames import FrameKey
from vigie.domain.instants import whole_milliseconds
from vigie.errors import SetupError, VigieError

log = logging.getLogger(__name__)

_TICK_S = 0.5
_CLOCK_S = 0.2  # between two looks whether it may be trusted


def _local_clock() -> datetime:
    return datetime.now(UTC)


def _restart_backoff() -> Backoff:
    return Backoff(1.0, 60.0, random.random, floor=0.5)


@dataclass(frozen=True, slots=True)
class Endurance:
    """How long a camera may be silent, and how it is started again."""

    patience_s: float = 20.0  # of the newest picture's age; frigate's figure
    healthy_s: float = 60.0  # a run at least as long ends the growth of the waits
    backoff: Callable[[], Backoff] = field(default=_restart_backoff)
    budget: int = 10  # restarts without a healthy run; after them a camera is failing
    failing_wait_s: float = 300.0  # between the attempts of a failing camera


class FrameKeeper(Protocol):
    """Takes a camera's frames: the spool, or in local mode the detector before it."""

    def add(self, key: FrameKey, jpeg: bytes, *, interval_s: float, sampled_at: datetime) -> None:
        """See `Spool.add`."""


class CameraSupervisor:
    """Watches over one camera; `run` is the body of its thread.

    `on_frame` is called after each frame that was spooled; `stop` ends the run within a second or two.
    `clock` gives the time, or None while no frame should be taken; this machine's when left out. `pace` holds
    back frames of a live camera that the day's cap does not cover; a file's all go.
    """

    def __init__(
        self,
        camera: CameraSettings,
        *,
        executable: str,
        private: bool,
        spool: FrameKeeper,
        board: StatusBoard,
        redact: Callable[[str], str],
        on_frame: Callable[[], None],
        stop: threading.Event,
        endurance: Endurance | None = None,
        clock: Callable[[], datetime | None] | None = None,
        pace: DailyPace | None = None,
    ) -> None:
        self._camera = camera
        self._spool = spool
        self._board = board
        self._redact = redact
        self._on_frame = on_frame
        self._stop = stop
        self._endurance = endurance or Endurance()
        self._clock = clock or _local_clock
        self.pace = pace or DailyPace()
        self._times = CaptureTimes()
        self._full = False
        self._gate: MotionGate | None = None
        self._captures = Captures(
            executable=executable,
            private=private,
            redact=redact,
            stop=stop,
            patience_s=self._endurance.patience_s,
            arrival=self._arrival,
            start=self._time_of_a_file,
            outdated=self._is_outdated,
        )
        self._changing = threading.Lock()
        self._wanted = camera
        self._follow_settings()

    def reconfigure(self, camera: CameraSettings) -> None:
        """Take new settings of the same camera while it runs; from any thread.

        A live stream follows within a second: without a break when only the gate is another one, else by
        starting ffmpeg again. A file that is being played keeps all but its gate until its end.
        """
        with self._changing:
            self._wanted = camera

    def ignore_motion_until(self, instant: datetime) -> None:
        """Tell the gate that we are switching a lamp ourselves; from any thread."""
        gate = self._gate
        if gate is not None:
            gate.ignore_until(instant)

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
        failures = 0
        while not self._stop.is_set():
            begun, before = time.monotonic(), self._sampled()
            try:
                sentence = self._attempt() or "the stream ended"
            except DecodeOtherwise:
                log.info("camera is decoded in another way", extra={"camera_id": camera_id})
                continue
            if self._stop.is_set():
                break
            if self._is_outdated():
                self._follow_settings()
                continue
            failures += 1
            if self._sampled() > before and time.monotonic() - begun >= self._endurance.healthy_s:
                backoff.reset()
                failures = 0
            self._rest(sentence, failing=failures > self._endurance.budget, wait_s=backoff.next_s())
        self._board.change(camera_id, "ended")

    def _rest(self, sentence: str, *, failing: bool, wait_s: float) -> None:
        """Say what went wrong and wait before the next attempt; new settings end the wait."""
        camera_id = self._camera.camera_id
        if failing:
            wait_s = max(wait_s, self._endurance.failing_wait_s)
        self._board.change(camera_id, "failing" if failing else "waiting", sentence)
        log.warning(
            "camera is started again",
            extra={"camera_id": camera_id, "error": sentence, "wait_s": round(wait_s, 1)},
        )
        until = time.monotonic() + wait_s
        while (left_s := until - time.monotonic()) > 0 and not self._is_outdated():
            if self._stop.wait(min(left_s, _TICK_S)):
                return
        self._follow_settings()

    def _is_outdated(self) -> bool:
        """Tell whether ffmpeg must be started again for the settings that are wanted now."""
        with self._changing:
            wanted = self._wanted
        if wanted.gate != self._camera.gate:
            self._follow_gate(wanted)
        return wanted != self._camera

    def _follow_gate(self, wanted: CameraSettings) -> None:
        self._camera = replace(self._camera, gate=wanted.gate)
        on = wanted.gate is not None and wanted.gate.enabled
        self._gate = MotionGate(wanted.gate) if wanted.gate is not None and on else None

    def _follow_settings(self) -> None:
        """Take over what is wanted; a gate that stays the same keeps what it has learned."""
        with self._changing:
            wanted = self._wanted
        if self._gate is None or wanted.gate != self._camera.gate:
            self._follow_gate(wanted)
        self._camera = wanted

    def _attempt(self) -> str | None:
        """Run ffmpeg once; return the sentence about what went wrong, None when nothing did."""
        try:
            self._play()
        except DecodeOtherwise:
            raise
        except VigieError as error:
            return self._redact(str(error))
        except Exception as error:  # the outermost loop of this thread: a fault of ours stops no other camera
            log.exception("supervisor failed", extra={"camera_id": self._camera.camera_id})
            return self._redact(f"the agent itself failed: {type(error).__name__}: {error}")
        return None

    def _play(self) -> None:
        camera = self._camera
        with closing(self._captures.of(camera)) as captures:
            for taken, (jpeg, captured_at) in enumerate(captures):
                self._take(jpeg, captured_at)
                if not taken:
                    log.info("camera runs", extra={"camera_id": camera.camera_id})

    def _arrival(self) -> datetime | None:
        """Return now as a capture time; None while the clock may not be trusted."""
        now = self._clock()
        return None if now is None else self._times.next(now)

    def _time_of_a_file(self) -> datetime:
        """Return now, once the clock may be trusted."""
        while (now := self._clock()) is None and not self._stop.wait(_CLOCK_S):
            pass
        return whole_milliseconds(now or _local_clock())

    def _take(self, jpeg: bytes, captured_at: datetime) -> None:
        """Spool the picture, unless the gate or the day's cap holds it back."""
        camera = self._camera
        key = FrameKey(camera.camera_id, captured_at)
        still = self._gate is not None and self._gate.judge(jpeg, key.captured_at) == "still"
        held = not still and camera.kind.is_live and not self.pace.take(key.captured_at)
        goes = not still and not held
        if goes and not self._spooled(key, jpeg):
            return
        self._board.sampled(camera.camera_id, key.captured_at, gated_out=still, held_back=held)
        if goes:
            self._on_frame()

    def _spooled(self, key: FrameKey, jpeg: bytes) -> bool:
        camera = self._camera
        sampled_at = self._clock() or _local_clock()
        jpeg = within_share(jpeg, max_kib=camera.max_frame_kib)
        try:
            self._spool.add(key, jpeg, interval_s=camera.interval_s, sampled_at=sampled_at)
        except SetupError as error:
            if not camera.kind.is_live:
                raise  # a file can be played again
            self._lose(error)
            return False
        self._full = False
        return True

    def _lose(self, error: SetupError) -> None:
        """Let a live picture go that found no room; to start ffmpeg again would make none."""
        camera_id, sentence = self._camera.camera_id, self._redact(str(error))
        self._board.dropped(camera_id, sentence)
        self._board.change(camera_id, "running", sentence)
        if not self._full:
            self._full = True
            log.error("frames cannot be spooled", extra={"camera_id": camera_id, "error": sentence})

    def _sampled(self) -> int:
        return self._board.camera(self._camera.camera_id).sampled
