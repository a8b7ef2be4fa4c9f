"""A camera's supervisor with real ffmpeg, its spool and its board, for tests."""

import threading
import time
from collections.abc import Callable
from datetime import datetime

import cv2
import numpy as np

from edge_agent.backoff import Backoff
from edge_agent.pacing import DailyPace
from edge_agent.redaction import Redactor
from edge_agent.settings import CameraSettings
from edge_agent.spool import Spool
from edge_agent.status import StatusBoard
from edge_agent.supervisor import CameraSupervisor, Endurance
from vigie.domain.heartbeats import CameraLife

QUICK = Endurance(patience_s=1.0, healthy_s=0.1, backoff=lambda: Backoff(0.05, 0.2, lambda: 1.0))


class Rig:
    """A supervisor with its spool and board."""

    def __init__(self, spool: Spool, ffmpeg: str) -> None:
        self.spool = spool
        self.stop = threading.Event()
        self.endurance = QUICK
        self.clock: Callable[[], datetime] | None = None
        self.pace: DailyPace | None = None
        self._ffmpeg = ffmpeg

    def supervisor(self, camera: CameraSettings, *, private: bool = False) -> CameraSupervisor:
        redact = Redactor(camera.secrets())
        self.camera_id = camera.camera_id
        self.board = StatusBoard([camera.camera_id], redact=redact)
        self.running = CameraSupervisor(
            camera,
            executable=self._ffmpeg,
            private=private,
            spool=self.spool,
            board=self.board,
            redact=redact,
            on_frame=lambda: None,
            stop=self.stop,
            endurance=self.endurance,
            clock=self.clock,
            pace=self.pace,
        )
        return self.running

    def play(self, camera: CameraSettings) -> CameraLife:
        self.supervisor(camera).run()
        return self.status()

    def watch(
        self, camera: CameraSettings, until: Callable[[CameraLife], bool], *, private: bool = False
    ) -> None:
        """Run a live camera until something is seen of it."""
        thread = threading.Thread(target=self.supervisor(camera, private=private).run)
        thread.start()
        deadline = time.monotonic() + 15
        try:
            while not until(self.status()):
                assert time.monotonic() < deadline, self.status()
                time.sleep(0.02)
        finally:
            self.stop.set()
            thread.join(5)
        assert not thread.is_alive()

    def status(self) -> CameraLife:
        return self.board.camera(self.camera_id)

    def times(self) -> list[datetime]:
        return [frame.key.captured_at for frame in self.spool.oldest(10_000)]

    def picture(self, index: int) -> np.ndarray:
        data = np.frombuffer(self.spool.oldest(10_000)[index].load().jpeg, np.uint8)
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR)
        assert picture is not None
        return picture
