"""One run of the agent: a thread for each camera, one for the uploads, and the clean end of both."""

import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.redaction import Redactor
from edge_agent.settings import Settings
from edge_agent.spool import Spool
from edge_agent.status import StatusBoard, StatusFile
from edge_agent.supervisor import CameraSupervisor
from edge_agent.uploader import FrameBucket, Uploader
from vigie.errors import SetupError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)

_STATUS_S = 0.5
_STOP_CAMERAS_S = 5.0
_STOP_UPLOADS_S = 3.0


def run_agent(
    settings: Settings, *, client: "S3Client", executable: str, status_path: Path, stop: threading.Event
) -> bool:
    """Watch the cameras until every file has ended and the spool is empty, or `stop` is set.

    Returns whether no camera failed. After `stop`, frames that cannot be uploaded within a few seconds stay
    on disk for the next run.

    Raises:
        SetupError: the spool or the status file cannot be used.

    """
    redact = Redactor(settings.secrets)
    board = StatusBoard([camera.camera_id for camera in settings.cameras], redact=redact)
    spool = Spool(settings.spool)
    log.info(
        "agent started",
        extra={
            "cameras": [camera.camera_id for camera in settings.cameras],
            "bucket": settings.bucket,
            "spool": str(settings.spool),
            "frames_left_in_spool": spool.left(),
            "status": str(status_path),
        },
    )
    try:
        uploader = Uploader(spool=spool, bucket=FrameBucket(client, settings.bucket), board=board)
        supervisors = [
            CameraSupervisor(
                camera,
                executable=executable,
                private=settings.is_private(camera),
                spool=spool,
                board=board,
                redact=redact,
                on_frame=uploader.notify,
                stop=stop,
            )
            for camera in settings.cameras
        ]
        _Run(supervisors, uploader, board, spool, StatusFile(status_path), stop).to_the_end()
    finally:
        spool.close()
    return not board.any_failed()


class _Run:
    """The threads of one run, and the status that is written while they work."""

    def __init__(
        self,
        supervisors: list[CameraSupervisor],
        uploader: Uploader,
        board: StatusBoard,
        spool: Spool,
        status: StatusFile,
        stop: threading.Event,
    ) -> None:
        # Daemons: a call to S3 that hangs must not keep a stopped agent alive.
        self._cameras = [threading.Thread(target=s.run, daemon=True) for s in supervisors]
        self._uploads = threading.Thread(target=uploader.run, daemon=True)
        self._uploader = uploader
        self._board = board
        self._spool = spool
        self._status = status
        self._stop = stop

    def to_the_end(self) -> None:
        self._write_status()
        for thread in (*self._cameras, self._uploads):
            thread.start()
        try:
            while any(thread.is_alive() for thread in self._cameras) and not self._stop.is_set():
                self._stop.wait(_STATUS_S)
                self._write_status()
            if not self._stop.is_set():
                self._uploader.finish()
            while self._uploads.is_alive() and not self._stop.is_set():
                self._uploads.join(_STATUS_S)
                self._write_status()
        finally:
            self._wind_up()

    def _wind_up(self) -> None:
        """End what still runs; when the files have ended and the spool is empty that is nothing."""
        self._stop.set()
        deadline = time.monotonic() + _STOP_CAMERAS_S
        for thread in self._cameras:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._uploader.hurry()
        self._uploads.join(_STOP_UPLOADS_S)
        self._uploader.leave()
        self._uploads.join(_STATUS_S)
        self._write_status()
        log.info("agent stopped", extra={"frames_left_in_spool": self._spool.left()})

    def _write_status(self) -> None:
        try:
            self._status.write(self._board.document(self._spool.waiting))
        except OSError as error:
            raise SetupError(f"the status file cannot be written: {error}") from error
