"""One frame has arrived: look at it, store what was seen, then tell the rest of the system."""

from enum import StrEnum

from vigie.domain.frames import FrameKey
from vigie.domain.reports import FrameReport, Timings
from vigie.domain.sites import Site
from vigie.errors import FrameKeyError, NotFound, PictureError
from vigie.steps.minutes import keep_minutes
from vigie.steps.ports import Clock, Detector, FrameStore, ReportPublisher, ReportStore


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
    publisher: ReportPublisher,
    clock: Clock,
) -> Outcome:
    """Take one object through the pipeline; doing so again changes nothing and publishes the same.

    The order is law: the report is stored before its minute, the minute before anything is published.
    Whatever fails in between is made good when the event comes again.

    Raises:
        NotFound: the frame is gone, and was neither reported nor quarantined.
        CloudError: AWS refused a call; the event should be tried again.

    """
    try:
        key = FrameKey.parse(object_key)
        report = reports.report(key) or reports.add_report(
            _look(key, site=site, detector=detector, frames=frames, clock=clock)
        )
    except (FrameKeyError, PictureError) as error:
        frames.quarantine(object_key, reason=str(error))
        return Outcome.QUARANTINED
    except NotFound:
        if frames.is_quarantined(object_key):
            return Outcome.QUARANTINED
        raise
    visits_begun = keep_minutes(report, store=reports, rule=site.visits)
    publisher.publish_report(report, visits_begun)
    return Outcome.REPORTED


def _look(key: FrameKey, *, site: Site, detector: Detector, frames: FrameStore, clock: Clock) -> FrameReport:
    frame = frames.load(key)
    sighting = detector.detect(frame.jpeg)
    zones = site.camera(key.camera_id).zones
    return FrameReport(
        key=key,
        width=sighting.width,
        height=sighting.height,
        detections=tuple(detection.placed_in(zones) for detection in sighting.detections),
        model=detector.name,
        timings=Timings(
            decode_ms=sighting.decode_ms,
            prepare_ms=sighting.prepare_ms,
            infer_ms=sighting.infer_ms,
            select_ms=sighting.select_ms,
            reported_at=clock(),
            sampled_at=frame.sampled_at,
        ),
        interval_s=frame.interval_s,
    )
