"""One run of the agent: its threads, from their start to the clean end of all.

A thread for each camera, one for the uploads, one for the heartbeats, one that follows the site document.
Lamps have one each, one that keeps their levels and one that follows their shadows. The main
thread writes the status and tells systemd that all others live.
"""

import logging
import math
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
from edge_agent.identity import check_agent_name
from edge_agent.local import Courier, Detectors, LocalEyes
from edge_agent.outbox import Outbox
from edge_agent.pacing import DailyPace
from edge_agent.redaction import Redactor
from edge_agent.service import Service
from edge_agent.settings import Settings
from edge_agent.site import KeptSite, SiteFollower, SiteObject
from edge_agent.spool import Spool
from edge_agent.status import StatusBoard, StatusFile, StatusWriter
from edge_agent.supervisor import CameraSupervisor
from edge_agent.uploader import Uploader
from vigie.aws.site_store import SITE_DOCUMENT
from vigie.domain.sites import Site
from vigie.errors import ConfigError
from vigie.steps.ports import Detector

if TYPE_CHECKING:
    from mypy_boto3_iot_data import IoTDataPlaneClient
    from mypy_boto3_s3 import S3Client

    from edge_agent.lamps.crew import Lamps

log = logging.getLogger(__name__)

_STATUS_S = 0.5
# So many frames of a camera wait for the one before them, lest they overtake it; a camera of which more wait
# has fallen behind, and sends them side by side. Files have time.
_IN_ORDER = 3
_KEPT_SITE = "followed-site.json"
_OUTBOX = "reports"


@dataclass(frozen=True, slots=True)
class Clients:
    """Two clients of S3: `frames` for the uploader alone, `rest` for all that must never delay a frame.

    `shadows` is asked for the lamps' shadows where they are not followed by MQTT.
    """

    frames: "S3Client"
    rest: "S3Client"
    shadows: "IoTDataPlaneClient | None" = None


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
    if settings.identity is not None:
        check_agent_name(settings.identity, agent_id)
    redact = Redactor(settings.secrets)
    board = StatusBoard([camera.camera_id for camera in settings.cameras], redact=redact)
    live = any(camera.kind.is_live for camera in settings.cameras)
    upload = settings.upload if live else settings.upload.of_files()
    spool = Spool(
        settings.spool,
        max_bytes=settings.limits.max_bytes,
        folder_sync_s=settings.limits.folder_sync_s,
        fresh_s=upload.fresh_s,
        in_order=_IN_ORDER if live else math.inf,
        on_drop=board.dropped,
        on_found=partial(service.starting, "the spool is read"),
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
        status = StatusWriter(StatusFile(status_path), signs.now)
        uploader = Uploader(
            spool=spool,
            bucket=FrameBucket(clients.frames, settings.bucket, clock=clock),
            board=board,
            settings=upload,
            clock=clock,
            mark=mark,
            max_age_s=settings.limits.max_age_s,
        )
        detectors = Detectors(detector) if detector else None
        follower = _follower(settings, clients.rest, board, stop, detectors) if settings.follow_site else None
        site = follower.begin() if follower else None
        eyes, courier = None, None
        if detectors:
            outbox = Outbox(settings.spool.parent / _OUTBOX, on_loss=board.reports_lost)
            courier = Courier(
                outbox, clients.rest, settings.bucket, show=board.report_trouble, fault=board.fault
            )
            eyes = LocalEyes(detectors, spool, outbox, site=site or Site())
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
                pace=DailyPace(site),
            )
            for camera in settings.cameras
        }
        lamps = None
        if settings.lamps:
            from edge_agent.lamps.crew import Lamps

            lamps = Lamps(
                settings,
                site=site,
                client=clients.shadows,
                supervisors=supervisors,
                board=board,
                clock=clock.now,
                redact=redact,
                stop=stop,
            )
        helpers = []
        if follower:
            helpers.append(partial(follower.run, partial(_apply, settings, supervisors, eyes, lamps)))
        put = HeartbeatObject(clients.rest, settings.bucket).put
        heart = Heart(signs.now, put, show=board.heartbeat_trouble)
        threads = Crew(supervisors, uploader, heart, helpers, courier, lamps.bodies() if lamps else ())
        _Run(threads, board, spool, status, service, stop).to_the_end()
    finally:
        spool.close()
    return not board.any_failed()


def _follower(
    settings: Settings,
    client: "S3Client",
    board: StatusBoard,
    stop: threading.Event,
    detectors: Detectors | None,
) -> SiteFollower:
    kept = KeptSite(settings.spool.parent / _KEPT_SITE, settings.bucket)
    source = SiteObject(client, settings.bucket)

    def fits(site: Site) -> None:
        # What cannot be served here is refused as a whole, like a document that cannot be read.
        for camera in settings.cameras:
            try:
                camera.following(site.camera(camera.camera_id))
            except ValueError as error:
                raise ConfigError(f"{SITE_DOCUMENT}: camera {camera.camera_id!r}: {error}") from error
        if detectors:
            detectors(site)

    return SiteFollower(source, kept, board=board, stop=stop, fits=fits)


def _apply(
    settings: Settings,
    supervisors: dict[str, CameraSupervisor],
    eyes: LocalEyes | None,
    lamps: "Lamps | None",
    site: Site,
) -> None:
    """Give each camera and lamp what the site says of it; cameras of other edges are none of ours."""
    if lamps:
        lamps.keeper.follow(site)
    if eyes:
        eyes.follow(site)
    for camera in settings.cameras:
        supervisors[camera.camera_id].reconfigure(camera.following(site.camera(camera.camera_id)))
        supervisors[camera.camera_id].pace.follow(site)


class _Run:
    """The threads of one run, and the status that is written while they work."""

    def __init__(
        self,
        threads: Crew,
        board: StatusBoard,
        spool: Spool,
        status: StatusWriter,
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
        else:
            # Each time, for a fault is shown for a while only, and without systemd nobody ends this one.
            self._board.fault("threads", f"{', '.join(sorted(lost))} ended without a word")
        if lost and lost != self._lost:
            log.critical("threads are lost; the watchdog starts the agent anew", extra={"lost": sorted(lost)})
        self._lost = lost

    def _wind_up(self) -> None:
        """End what still runs; when the files have ended and the spool is empty that is nothing."""
        threads = self._threads
        self._service.stopping()
        self._stop.set()
        threads.join_cameras()
        threads.leave()
        threads.join_lamps()
        self._status.refresh()
        threads.last_beat()
        log.info("agent stopped", extra={"frames_left_in_spool": self._spool.left()})
