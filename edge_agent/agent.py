"""One run of the agent: its threads, from their start to the clean end of all.

A thread for each camera, one for the uploads, one for the heartbeats, one that follows the site document. The
main thread writes the status and tells systemd that all others live.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.clock import Clock, ClockMark
from edge_agent.crew import UPLOADS, Crew
from edge_agent.frame_bucket import FrameBucket, sign_by
from edge_agent.heartbeats import Heart, HeartbeatObject, LifeSigns
from edge_agent.identity import read_identity
from edge_agent.local import Courier, LocalEyes
from edge_agent.outbox import Outbox
from edge_agent.redaction import Redactor
from edge_agent.service import Service
from edge_agent.settings import Settings
from edge_agent.site import KeptSite, SiteFollower, SiteObject
from edge_agent.spool import Spool
from edge_agent.status import StatusBoard, StatusFile
from edge_agent.supervisor import CameraSupervisor
from edge_agent.uploader import Uploader
from vigie.domain.heartbeats import Heartbeat
from vigie.domain.sites import Site
from vigie.errors import ConfigError, ModelError, SetupError
from vigie.steps.ports import Detector

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)

_STATUS_S = 0.5
_KEPT_SITE = "followed-site.json"
_OUTBOX = "reports"


@dataclass(frozen=True, slots=True)
class Clients:
    """Two clients of S3: `frames` for the uploader alone, `rest` for all that must never delay a frame."""

    frames: "S3Client"
    rest: "S3Client"


def run_agent(
    settings: Settings,
    *,
    clients: Clients,
    executable: str,
    agent_id: str,
    status_path: Path,
    service: Service,
    stop: threading.Event,
    detector: Callable[[Site], Detector] | None = None,
) -> bool:
    """Watch the cameras until every file has ended and the spool is empty, or `stop` is set.

    With `detector`, which makes one for a site, frames are looked at here and reports go up. Returns whether
    no camera failed. After `stop`, frames that cannot be uploaded within a few seconds stay on disk for the
    next run.

    Raises:
        ConfigError: the identity is another agent's.
        SetupError: the spool or the status file cannot be used.

    """
    _check_name(settings, agent_id)
    redact = Redactor(settings.secrets)
    board = StatusBoard([camera.camera_id for camera in settings.cameras], redact=redact)
    live = any(camera.kind.is_live for camera in settings.cameras)
    upload = settings.upload if live else settings.upload.of_files()
    spool = Spool(
        settings.spool,
        max_bytes=settings.limits.max_bytes,
        folder_sync_s=settings.limits.folder_sync_s,
        fresh_s=upload.fresh_s,
        on_drop=board.dropped,
    )
    mark = ClockMark(settings.spool)
    clock = Clock(settings.clock, no_earlier=mark.read())
    log.info(
        "agent started",
        extra={
            "agent_id": agent_id,
            "cameras": [camera.camera_id for camera in settings.cameras],
            "bucket": settings.bucket,
            "spool": str(settings.spool),
            "frames_left_in_spool": spool.left(),
            "status": str(status_path),
        },
    )
    sign_by(clients.rest, clock)
    try:
        signs = LifeSigns(agent_id, board, spool)
        status = _Status(StatusFile(status_path), signs.now)
        uploader = Uploader(
            spool=spool,
            bucket=FrameBucket(clients.frames, settings.bucket, clock=clock),
            board=board,
            settings=upload,
            clock=clock,
            mark=mark,
            max_age_s=settings.limits.max_age_s,
        )
        follower = _follower(settings, clients.rest, board, stop) if settings.follow_site else None
        site = follower.begin() if follower else None
        eyes, courier = None, None
        if detector:
            outbox = Outbox(settings.spool.parent / _OUTBOX)
            courier = Courier(outbox, clients.rest, settings.bucket, show=board.report_trouble)
            eyes = LocalEyes(detector, spool, outbox, site=site or Site())
        supervisors = {
            camera.camera_id: CameraSupervisor(
                camera if site is None else camera.following(site.camera(camera.camera_id)),
                executable=executable,
                private=settings.is_private(camera),
                spool=eyes or spool,
                board=board,
                redact=redact,
                on_frame=uploader.notify,
                clock=clock.now,
                stop=stop,
            )
            for camera in settings.cameras
        }
        helpers = (
            [partial(follower.run, partial(_apply, settings, supervisors, eyes, board))] if follower else []
        )
        put = HeartbeatObject(clients.rest, settings.bucket).put
        heart = Heart(signs.now, put, show=board.heartbeat_trouble)
        threads = Crew(supervisors, uploader, heart, helpers, courier)
        _Run(threads, board, spool, status, service, stop).to_the_end()
    finally:
        spool.close()
    return not board.any_failed()


def _check_name(settings: Settings, agent_id: str) -> None:
    """Refuse a name under which the identity's rights let no heartbeat be stored."""
    if settings.identity is None:
        return
    thing = read_identity(settings.identity).thing
    if agent_id != thing:
        raise ConfigError(
            f"agent_id is {agent_id!r}, and the identity {settings.identity} is that of {thing!r}, which may "
            f"store heartbeats of {thing!r} alone; leave agent_id out, or enroll {agent_id!r}"
        )


def _follower(
    settings: Settings, client: "S3Client", board: StatusBoard, stop: threading.Event
) -> SiteFollower:
    kept = KeptSite(settings.spool.parent / _KEPT_SITE, settings.bucket)
    return SiteFollower(SiteObject(client, settings.bucket), kept, board=board, stop=stop)


def _apply(
    settings: Settings,
    supervisors: dict[str, CameraSupervisor],
    eyes: LocalEyes | None,
    board: StatusBoard,
    site: Site,
) -> None:
    """Give each camera what the site says of it; cameras of other edges are none of ours."""
    if eyes:
        try:
            eyes.follow(site)
        except ModelError as error:
            board.follows(board.troubles.site_etag, error=str(error))
            log.warning("the detector stays as it was", extra={"error": str(error)})
    for camera in settings.cameras:
        supervisors[camera.camera_id].reconfigure(camera.following(site.camera(camera.camera_id)))


class _Status:
    """The status file while the agent runs: a disk that takes it no more ends nothing."""

    def __init__(self, file: StatusFile, now: Callable[[], Heartbeat]) -> None:
        self._file = file
        self._now = now
        self._trouble: str | None = None

    def begin(self) -> None:
        """Write it for the first time, when somebody is there to mend what is wrong."""
        try:
            self._file.write(self._now())
        except OSError as error:
            raise SetupError(f"the status file cannot be written: {error}") from error

    def refresh(self) -> Heartbeat:
        """Write it again, and return what it says."""
        heartbeat = self._now()
        try:
            self._file.write(heartbeat)
            self._trouble = None
        except OSError as error:
            if str(error) != self._trouble:
                self._trouble = str(error)
                log.warning("the status file cannot be written", extra={"error": self._trouble})
        return heartbeat


class _Run:
    """The threads of one run, and the status that is written while they work."""

    def __init__(
        self,
        threads: Crew,
        board: StatusBoard,
        spool: Spool,
        status: _Status,
        service: Service,
        stop: threading.Event,
    ) -> None:
        self._threads = threads
        self._board = board
        self._spool = spool
        self._status = status
        self._service = service
        self._stop = stop
        self._lost: set[str] = set()

    def to_the_end(self) -> None:
        threads = self._threads
        self._status.begin()
        threads.start()
        self._service.ready()
        try:
            while threads.cameras_run() and not self._stop.is_set():
                self._stop.wait(_STATUS_S)
                self._look()
            if not self._stop.is_set():
                threads.finish()
            while threads.bring() and not self._stop.is_set():
                self._stop.wait(_STATUS_S)
                self._look(may_end=frozenset({UPLOADS}))
        finally:
            self._wind_up()

    def _look(self, *, may_end: frozenset[str] = frozenset()) -> None:
        """Write the status; tell systemd that the agent lives, unless a thread ended without a word."""
        ended = self._threads.ended()  # before the status: a camera says that it ends, and then does
        heartbeat = self._status.refresh()
        excused = {camera.camera_id for camera in heartbeat.cameras if camera.state in {"ended", "failed"}}
        lost = ended - excused - may_end
        if not lost:
            running = sum(camera.state == "running" for camera in heartbeat.cameras)
            self._service.alive(
                f"{running} of {len(heartbeat.cameras)} cameras run, {self._spool.left()} frames wait"
            )
        elif lost != self._lost:
            log.critical("threads are lost; the watchdog starts the agent anew", extra={"lost": sorted(lost)})
        self._lost = lost

    def _wind_up(self) -> None:
        """End what still runs; when the files have ended and the spool is empty that is nothing."""
        threads = self._threads
        self._service.stopping()
        self._stop.set()
        threads.join_cameras()
        threads.leave()
        self._status.refresh()
        threads.last_beat()
        log.info("agent stopped", extra={"frames_left_in_spool": self._spool.left()})
