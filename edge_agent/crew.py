"""The threads of one run of the agent, told together to start, to finish and to leave."""

import threading
import time
from collections.abc import Callable, Sequence

from edge_agent.heartbeats import Heart
from edge_agent.local import Courier
from edge_agent.supervisor import CameraSupervisor
from edge_agent.uploader import Uploader

UPLOADS = "the uploads"  # a name that no camera can have

_STOP_CAMERAS_S = 5.0
_STOP_UPLOADS_S = 3.0
_STOP_HEART_S = 2.0
_STOP_LAMPS_S = 2.0
_A_MOMENT_S = 0.5


class Crew:
    """The threads of one run. Daemons: a call to S3 that hangs must not keep a stopped agent alive."""

    def __init__(
        self,
        supervisors: dict[str, CameraSupervisor],
        uploader: Uploader,
        heart: Heart,
        helpers: Sequence[Callable[[], None]],
        courier: Courier | None,
        lamps: Sequence[Callable[[], None]],
    ) -> None:
        def thread(body: Callable[[], None]) -> threading.Thread:
            return threading.Thread(target=body, daemon=True)

        self._uploader = uploader
        self._heart = heart
        self._courier = courier
        self._reports = thread(courier.run) if courier else None
        self._cameras = {camera_id: thread(supervisor.run) for camera_id, supervisor in supervisors.items()}
        self._uploads = thread(uploader.run)
        self._beats = thread(heart.run)
        self._helpers = [thread(body) for body in helpers]
        self._lamps = [thread(body) for body in lamps]

    def start(self) -> None:
        """Start them all."""
        others = (self._uploads, self._beats, *self._helpers, *self._lamps, self._reports)
        for thread in (*self._cameras.values(), *others):
            if thread:
                thread.start()

    def cameras_run(self) -> bool:
        """Tell whether any camera is still watched."""
        return any(thread.is_alive() for thread in self._cameras.values())

    def join_cameras(self) -> None:
        """Wait a few seconds for the cameras, which have been told to stop."""
        deadline = time.monotonic() + _STOP_CAMERAS_S
        for thread in self._cameras.values():
            thread.join(max(0.0, deadline - time.monotonic()))

    def join_lamps(self) -> None:
        """Wait a moment for the lamps' last word, which they are brought since the stop."""
        deadline = time.monotonic() + _STOP_LAMPS_S
        for thread in self._lamps:
            thread.join(max(0.0, deadline - time.monotonic()))

    def last_beat(self) -> None:
        """Let the heart tell how it ended."""
        self._heart.stop()
        self._beats.join(_STOP_HEART_S)

    def finish(self) -> None:
        """Say that no more frames come."""
        self._uploader.finish()
        if self._courier:
            self._courier.finish()

    def bring(self) -> bool:
        """Tell whether something is still on its way."""
        return self._uploads.is_alive() or (self._reports is not None and self._reports.is_alive())

    def leave(self) -> None:
        """End the uploads within a few seconds; what has not arrived stays on disk."""
        self._uploader.hurry()
        if self._courier:
            self._courier.finish()
        self._uploads.join(_STOP_UPLOADS_S)
        self._uploader.leave()
        self._uploads.join(_A_MOMENT_S)
        if self._courier and self._reports:
            self._reports.join(_A_MOMENT_S)
            self._courier.leave()
            self._reports.join(_A_MOMENT_S)

    def ended(self) -> set[str]:
        """Name the threads that are no more."""
        threads = {**self._cameras, UPLOADS: self._uploads}
        return {name for name, thread in threads.items() if not thread.is_alive()}
