"""Simulated days: reports of a steady activity, folded into a store as the handlers fold them."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import groupby

from tests.builders import seen
from tests.camera_days import PARIS
from tests.fakes import FakeReportStore
from vigie.domain.frames import FrameKey
from vigie.domain.instants import day_bounds, minute_of
from vigie.domain.reports import FrameReport, Timings
from vigie.domain.series import fold_minute
from vigie.domain.sites import Site

# Somebody crosses for half a minute every ten, a car stands for a minute in every fifteen.
PERSON_EVERY_S, PERSON_S = 600, 30
CAR_EVERY_S, CAR_S = 900, 60


def report_at(instant: datetime, since_s: float, *, camera: str, interval_s: float) -> FrameReport:
    detections = []
    if (into_s := since_s % PERSON_EVERY_S) < PERSON_S:
        detections.append(seen(x=0.2 + 0.6 * into_s / PERSON_S))
    if since_s % CAR_EVERY_S < CAR_S:
        detections.append(seen("car", x=0.85, y=0.8))
    return FrameReport(
        key=FrameKey(camera, instant),
        width=640,
        height=360,
        detections=tuple(detections),
        model="yolov8n@12345678",
        timings=Timings(1.5, 0.7, 37.25, 0.4),
        reported_at=instant + timedelta(seconds=1),
        interval_s=interval_s,
    )


def reports_of(
    day: date, *, off: tuple[datetime, datetime] | None = None, camera: str = "hall", interval_s: float = 5
) -> Iterator[FrameReport]:
    """Yield a report every so many seconds of Paris's day, but for the span in which the camera is off."""
    begin, end = day_bounds(day, PARIS)
    pace = timedelta(seconds=interval_s)
    for n in range(int((end - begin) / pace)):
        instant = begin + n * pace
        if off is None or not off[0] <= instant < off[1]:
            yield report_at(instant, n * interval_s, camera=camera, interval_s=interval_s)


def stored(*days: Iterator[FrameReport]) -> FakeReportStore:
    """Store the reports and fold their minutes; each iterator is one camera's, in order of time."""
    store = FakeReportStore()
    for reports in days:
        following = Site().following("hall")
        minute = None
        for _, of_minute in groupby(reports, key=lambda report: minute_of(report.key.captured_at)):
            batch = [store.add_report(report) for report in of_minute]
            minute = fold_minute(minute, batch, following)
            assert minute is not None
            store.put_minute(minute, replaces=None)
    return store
