"""Local mode: the detector runs here, reports go up, and only those frames that show something of a visit.

A camera's frames are looked at one after the other, by one detector for all cameras. Reports are gathered
for a few seconds and put on disk as they will lie in the bucket; a courier brings them there. What a picture
goes up for, or what prolongs a lamp's lease, is not kept waiting. What is not yet on disk is lost with the
process: at most ten seconds of each camera.
"""

import logging
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.backoff import Backoff
from edge_agent.outbox import Outbox
from edge_agent.refusals import HoldUps
from edge_agent.spool import Spool
from vigie.aws.clients import translated
from vigie.domain.frames import FrameKey
from vigie.domain.instants import whole_milliseconds
from vigie.domain.lighting import Lease, lease_of
from vigie.domain.reports import REPORTS_PREFIX, FrameReport
from vigie.domain.series import Minute, extend_minute
from vigie.domain.sites import Site
from vigie.errors import AccessDenied, CloudError, Conflict, PictureError, Unavailable
from vigie.steps.ports import Detector

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)

# A frame goes up so often whatever it shows, as with the motion gate, so that a person can look.
_HEARTBEAT = timedelta(seconds=60)
_LOOK_S = 0.5
_SLOW_S = 30.0
# Between two looks while reports of a refused camera lie there, which may be many.
_ASIDE_S = 5.0


class Detectors:
    """Makes the detector for a site; the last one again for a site that looks for the same.

    Raises:
        ModelError: the model cannot be read, or does not know what the site looks for.

    """

    def __init__(self, make: Callable[[Site], Detector]) -> None:
        self._make = make
        self._last: tuple[tuple[object, ...], Detector] | None = None

    def __call__(self, site: Site) -> Detector:
        """Return the detector; from one thread at a time."""
        seeks = _sought(site)
        if self._last is None or self._last[0] != seeks:
            self._last = (seeks, self._make(site))
        return self._last[1]


class LocalEyes:
    """Looks at frames in the spool's place: all become reports, and what is worth a picture goes on to it.

    `detector` makes one for a site, and raises what `follow` does.
    """

    def __init__(
        self, detector: Callable[[Site], Detector], spool: Spool, outbox: Outbox, *, site: Site
    ) -> None:
        self._detector_for = detector
        self._detector = detector(site)
        self._seeks = _sought(site)
        self._spool = spool
        self._outbox = outbox
        self._site = site
        self._lock = threading.Lock()  # a detector serves one thread at a time
        self._minutes: dict[str, Minute] = {}
        self._shown: dict[str, datetime] = {}
        self._leases: dict[tuple[str, str], Lease] = {}  # by camera and lamp group, as they were told

    def follow(self, site: Site) -> None:
        """Take the zones, the limits of visits and what is looked for from another site document.

        Raises:
            ModelError: the model does not know what is looked for; the last detector goes on.

        """
        self._site = site
        if _sought(site) != self._seeks:
            detector = self._detector_for(site)
            with self._lock:
                self._detector, self._seeks = detector, _sought(site)

    def add(self, key: FrameKey, jpeg: bytes, *, interval_s: float, sampled_at: datetime) -> None:
        """Look at a frame, as `Spool.add` would keep it.

        Raises:
            SetupError: as the spool.

        """
        site = self._site
        try:
            with self._lock:
                detector = self._detector
                sighting = detector.detect(jpeg)
        except PictureError:
            self._spool.add(key, jpeg, interval_s=interval_s, sampled_at=sampled_at)
            return  # the cloud says why, in quarantine
        zones = site.camera(key.camera_id).zones
        report = FrameReport(
            key=key,
            width=sighting.width,
            height=sighting.height,
            detections=tuple(detection.placed_in(zones) for detection in sighting.detections),
            model=detector.name,
            timings=sighting.timings,
            reported_at=whole_milliseconds(datetime.now(UTC)),
            sampled_at=whole_milliseconds(sampled_at),
            interval_s=float(f"{interval_s:.6g}"),  # as a frame's metadata would say it
        )
        self._outbox.add(report)
        minute = self._minute_of(report, site)
        is_worth_a_picture = minute is None or self._is_worth_a_picture(report, minute)
        # No lamp waits for reports to gather. And the report first: a frame that comes before it is looked at
        # in the cloud once more.
        if (minute is not None and self._lights(report, minute, site)) or is_worth_a_picture:
            self._outbox.flush(key.camera_id)
        if is_worth_a_picture:
            self._spool.add(key, jpeg, interval_s=interval_s, sampled_at=sampled_at)

    def _minute_of(self, report: FrameReport, site: Site) -> Minute | None:
        """Return the report's minute with it; None when the clock was set back: nobody here can tell."""
        camera_id = report.key.camera_id
        before = self._minutes.get(camera_id)
        if before is not None and report.key.captured_at <= before.folded_until:
            return None
        minute = extend_minute(before, report, site.following(camera_id))
        # What has ended is the cloud's to remember; here a minute would grow for as long as it lasts.
        self._minutes[camera_id] = replace(minute, ended=())
        return minute

    def _lights(self, report: FrameReport, minute: Minute, site: Site) -> bool:
        """Tell whether a lamp group is to be active for longer by the report: once in half a minute at most.

        That is what the cloud will make of it: somebody who enters a zone, a parked car that drives off.
        """
        camera_id, instant = report.key.camera_id, report.key.captured_at
        is_more = False
        for group in site.lamp_groups:
            if camera_id in group.cameras and group.is_needed(instant, site.tz, site.position):
                until = lease_of(group, camera_id, (minute,), newest=instant, limits=site.visits).until
                told = self._leases.get((camera_id, group.group_id), Lease())
                if until and until > instant and not told.credible(group, instant).covers(Lease(until)):
                    self._leases[camera_id, group.group_id] = Lease(until)
                    is_more = True
        return is_more

    def _is_worth_a_picture(self, report: FrameReport, minute: Minute) -> bool:
        camera_id, instant = report.key.camera_id, report.key.captured_at
        begun = bool(minute.begun_at(instant)) or minute.asked_at(instant)
        best = any(visit.best_frame == report.key for visit in minute.open)
        due = instant - self._shown.get(camera_id, instant - _HEARTBEAT) >= _HEARTBEAT
        if begun or best or due:
            self._shown[camera_id] = instant
            return True
        return False


def _sought(site: Site) -> tuple[object, ...]:
    """Return what a detector is made for."""
    return site.labels, site.visits.keep_confidence


class Courier:
    """Brings files of reports to the bucket; `run` is the body of one thread.

    `show` gets the sentence that says what holds them up, and None when nothing does any more; `fault` gets
    an error that nobody foresaw, with the word "reports".
    """

    def __init__(
        self,
        outbox: Outbox,
        client: "S3Client",
        bucket: str,
        *,
        show: Callable[[str | None], None],
        fault: Callable[[str, Exception], None],
        slow_s: float = _SLOW_S,
    ) -> None:
        self._outbox = outbox
        self._hold_ups = HoldUps(show, what="reports", slow_s=slow_s)
        self._fault = fault
        self._s3 = client
        self._bucket = bucket
        self._slow_s = slow_s
        self._backoff = Backoff(0.5, 60.0, random.random)
        self._no_more = threading.Event()
        self._leave = threading.Event()

    def finish(self) -> None:
        """Say that no more reports come: `run` returns when all have arrived."""
        self._no_more.set()

    def leave(self) -> None:
        """Say that time is up: `run` returns after the file in hand; the others stay on disk."""
        self._leave.set()
        self._no_more.set()

    def run(self) -> None:
        """Bring what waits, oldest first, until told otherwise."""
        while not self._leave.is_set():
            try:
                last_look = self._no_more.is_set()
                self._outbox.flush() if last_look else self._outbox.flush_old()
                waiting = self._outbox.waiting()
                wait_s = self._bring(waiting)
                if last_look and not waiting:
                    return
                self._leave.wait(wait_s) if waiting else self._no_more.wait(_LOOK_S)
            except Exception as error:  # the outermost loop of this thread
                self._fault("reports", error)
                log.exception("the courier of reports failed and goes on")
                self._leave.wait(self._slow_s)

    def _bring(self, waiting: Sequence[tuple[str, Path]]) -> float:
        """Bring all in order; return the seconds to wait, which are more than none after a refusal.

        A camera whose reports S3 refuses is passed over for a while, and the others go on.
        """
        passed_over = False
        for object_key, path in waiting:
            if self._leave.is_set():
                return 0.0
            camera_id = object_key.removeprefix(REPORTS_PREFIX).partition("/")[0]
            if camera_id in self._hold_ups.left_alone():
                passed_over = True
                continue
            try:
                self._put(object_key, path)
            except AccessDenied as error:
                self._hold_ups.refused(camera_id, _sentence(error, object_key), key=object_key)
                passed_over = True
            except CloudError as error:
                self._hold_ups.trouble(_sentence(error, object_key), key=object_key)
                return self._backoff.next_s() if isinstance(error, Unavailable) else self._slow_s
            else:
                self._hold_ups.well(camera_id)
                self._backoff.reset()
                self._outbox.remove(path)
        return _ASIDE_S if passed_over else 0.0

    def _put(self, object_key: str, path: Path) -> None:
        try:
            with translated(f"storing {object_key}"):
                self._s3.put_object(
                    Bucket=self._bucket,
                    Key=object_key,
                    Body=path.read_bytes(),
                    ContentType="application/x-ndjson",
                    IfNoneMatch="*",
                )
        except Conflict:
            return  # it arrived before, and the answer was lost


def _sentence(error: CloudError, object_key: str) -> str:
    # The key would make each file's trouble another one.
    return str(error).replace(object_key, f"{REPORTS_PREFIX}...")
