"""One frame has arrived: look at it, store what was seen, keep pictures, then tell the others."""

from enum import StrEnum

from vigie.domain.frames import Frame, FrameKey
from vigie.domain.reports import FrameReport
from vigie.domain.rollups import is_settled
from vigie.domain.sites import Site
from vigie.errors import FrameKeyError, NotFound, PictureError
from vigie.steps.illustrate import illustrate
from vigie.steps.minutes import keep_minutes
from vigie.steps.ports import (
    Artist,
    Clock,
    Detector,
    FrameStore,
    PictureStore,
    ReportPublisher,
    ReportStore,
    StaleDays,
)


class Outcome(StrEnum):
    """What became of an object under frames/."""

    REPORTED = "reported"
    QUARANTINED = "quarantined"


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
) -> Outcome:
    """Take one object through the pipeline; doing so again changes nothing and publishes the same.

    The order is law: the report is stored before its minute, the minute before its pictures, and those
    before anything is published, since an alert names its picture. Whatever fails in between is made good
    when the event comes again. A frame of a day that has been drawn for good marks it to be drawn again.

    Raises:
        NotFound: the frame is gone, and was neither reported nor quarantined.
        CloudError: AWS refused a call; the event should be tried again.

    """
    frame: Frame | None = None
    try:
        key = FrameKey.parse(object_key)
        report = reports.report(key)
        if report is None:
            frame = frames.load(key)
            report = reports.add_report(_look(frame, site=site, detector=detector, clock=clock))
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
    illustrate(report, kept, frame=frame, site=site, frames=frames, artist=artist, pictures=pictures)
    publisher.publish_report(report, kept.change)
    return Outcome.REPORTED


def _look(frame: Frame, *, site: Site, detector: Detector, clock: Clock) -> FrameReport:
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
    )
