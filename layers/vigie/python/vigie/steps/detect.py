"""One frame has arrived: look at it, store what was seen, keep pictures, then tell the others."""

from dataclasses import replace
from enum import StrEnum

from vigie.domain.frames import Frame, FrameKey
from vigie.domain.reports import FrameReport
from vigie.domain.rollups import is_settled
from vigie.domain.sites import Site
from vigie.errors import FrameKeyError, NotFound, PictureError
from vigie.steps.allowance import FrameBudget
from vigie.steps.budget_ports import Meter
from vigie.steps.illustrate import illustrate
from vigie.steps.minutes import keep_minutes
from vigie.steps.picture_ports import Artist, PictureStore
from vigie.steps.ports import Clock, Detector, FrameStore, ReportPublisher, ReportStore, StaleDays


class Outcome(StrEnum):
    """What became of an object under frames/."""

    REPORTED = "reported"
    QUARANTINED = "quarantined"
    OVER_BUDGET = "over_budget"


def detect_frame(
    object_key: str,
    *,
    site: Site,
    detector: Detector,
    frames: FrameStore,
    reports: ReportStore,
    artist: Artist,
    pictures: PictureStore,
    stale: StaleDays,
    publisher: ReportPublisher,
    clock: Clock,
    budget: FrameBudget | None = None,
    meter: Meter | None = None,
) -> Outcome:
    """Take one object through the pipeline; doing so again changes nothing and publishes the same.

    The order is law: the report is stored before its minute, the minute before its pictures, and those
    before anything is published, since an alert names its picture. Whatever fails in between is made good
    when the event comes again. A frame of a day that has been drawn for good marks it to be drawn again.

    A frame for which the `budget` has nothing left is not looked at. It stays where it is, its minute is
    marked, and its event is done with. What `meter` has counted goes into the report.

    Raises:
        NotFound: the frame is gone, and was neither reported nor quarantined.
        CloudError: AWS refused a call; the event should be tried again.

    """
    frame: Frame | None = None
    try:
        key = FrameKey.parse(object_key)
        report = reports.report(key)
        if report is None:
            if budget is not None and not budget.allows(key, site=site, now=clock()):
                budget.mark(key)
                if is_settled(key.captured_at, clock(), site.tz):
                    stale.mark(key.camera_id, key.captured_at)
                return Outcome.OVER_BUDGET
            frame = frames.load(key)
            looked = _look(frame, site=site, detector=detector, clock=clock, meter=meter)
            report = add_metered(looked, reports=reports, meter=meter)
    except (FrameKeyError, PictureError) as error:
        frames.quarantine(object_key, reason=str(error))
        return Outcome.QUARANTINED
    except NotFound:
        if frames.is_quarantined(object_key):
            return Outcome.QUARANTINED
        raise
    kept = keep_minutes(report, store=reports, following=site.following(report.key.camera_id))
    if is_settled(key.captured_at, clock(), site.tz):
        stale.mark(key.camera_id, key.captured_at)
    nearer = illustrate(
        report,
        kept,
        frame=frame,
        site=site,
        frames=frames,
        artist=artist,
        pictures=pictures,
    )
    publisher.publish_report(
        report,
        replace(kept.change, nearer=nearer),
        tells_lamps=site.tells_lamps(kept.minute, kept.before, kept.change),
        compare=site.comparison.chooses(report, site.tz),
    )
    return Outcome.REPORTED


def add_metered(report: FrameReport, *, reports: ReportStore, meter: Meter | None) -> FrameReport:
    """Store a report; when another one of its frame was there first, its usage waits for the next."""
    stored = reports.add_report(report)
    if meter is not None and report.usage is not None and stored == report:
        meter.carried(report.key.camera_id, report.usage)
    return stored


def _look(frame: Frame, *, site: Site, detector: Detector, clock: Clock, meter: Meter | None) -> FrameReport:
    sighting = detector.detect(frame.jpeg)
    zones = site.camera(frame.key.camera_id).zones
    return FrameReport(
        key=frame.key,
        width=sighting.width,
        height=sighting.height,
        detections=tuple(detection.placed_in(zones) for detection in sighting.detections),
        model=detector.name,
        timings=sighting.timings,
        reported_at=clock(),
        sampled_at=frame.sampled_at,
        interval_s=frame.interval_s,
        usage=meter.waiting(frame.key.camera_id) if meter else None,
    )
