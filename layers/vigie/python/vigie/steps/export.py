"""Days are to be exported: a camera and day at a time, each table as a file of its own partition.

    detections/camera=hall/day=2026-01-31/part-0.parquet
    visits/camera=hall/day=2026-01-31/part-0.parquet
    minutes/camera=hall/day=2026-01-31/part-0.parquet

Days are the site's local days. A day without frames has no detections and no visits, but all its minutes,
as holes. What has expired is said, and never written as if nothing had been.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from vigie.domain.exports import (
    DetectionRow,
    MinuteRow,
    VisitRow,
    detection_rows,
    intervals_of,
    minute_rows,
    visit_rows,
)
from vigie.domain.instants import day_bounds, minute_of
from vigie.domain.places import shared_visits
from vigie.domain.series import CameraDay, Minute, camera_day, visits_of
from vigie.domain.sites import Site
from vigie.steps.budget_ports import BudgetMarks, over_budget_minutes
from vigie.steps.ports import ExportShelf, ReportStore

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFormat:
    """How the rows of each table become the bytes of a file, and how its name ends."""

    suffix: str
    detections: Callable[[Iterable[DetectionRow], str], bytes]
    visits: Callable[[Iterable[VisitRow], str], bytes]
    minutes: Callable[[Iterable[MinuteRow], str], bytes]


@dataclass(frozen=True, slots=True)
class Exported:
    """A file that was written, and how many rows it has; or, without a file, a table that has `expired`."""

    table: str
    camera_id: str
    day: date
    where: str = ""
    rows: int = 0

    @property
    def expired(self) -> bool:
        """Tell whether there was nothing left to write."""
        return not self.where


def export_days(
    camera_ids: Iterable[str],
    days: Sequence[date],
    *,
    site: Site,
    reports: ReportStore,
    shelf: ExportShelf,
    form: TableFormat,
    now: datetime,
    marks: BudgetMarks | None = None,
) -> Iterator[Exported]:
    """Export local days of cameras, and yield each file when it is written.

    Raises:
        CloudError: AWS refused a call; what was written until then is whole, and writing it again is no harm.

    """
    for camera_id in camera_ids:
        for day in days:
            yield from _CameraExport(camera_id, day, site, reports, shelf, form, now, marks).write()


@dataclass(frozen=True, slots=True)
class _CameraExport:
    camera_id: str
    day: date
    site: Site
    reports: ReportStore
    shelf: ExportShelf
    form: TableFormat
    now: datetime
    marks: BudgetMarks | None = None

    def write(self) -> Iterator[Exported]:
        begin, end = day_bounds(self.day, self.site.tz)
        if begin <= self.now - timedelta(days=self.site.retention.minutes_days):
            yield from (
                Exported(table, self.camera_id, self.day) for table in ("detections", "visits", "minutes")
            )
            return
        # Minutes first: each frame that they count then has its report, unless that has expired.
        minutes = self.reports.minutes(self.camera_id, begin, end)
        reports = self.reports.reports(self.camera_id, begin, end) if minutes else ()
        camera = camera_day(
            self.site.camera(self.camera_id),
            begin,
            end,
            minutes=minutes,
            reports=reports,
            earlier=self.reports.minute_before(self.camera_id, minute_of(begin)) if reports else None,
            quarantined=0,
            following=self.site.following(self.camera_id),
            over_budget=over_budget_minutes(self.marks, self.camera_id, begin, end),
        )
        if len(reports) < sum(minute.frames for minute in minutes):
            yield Exported("detections", self.camera_id, self.day)
        elif camera.detections:
            content = self.form.detections(detection_rows(camera), self.camera_id)
            yield self._put("detections", content, len(camera.detections))
        if visits := list(visit_rows(camera, self._next_day(camera), shared=self._shared(camera))):
            yield self._put("visits", self.form.visits(visits, self.camera_id), len(visits))
        rows = list(minute_rows(camera, self.site.tz, now=self.now, intervals=intervals_of(reports)))
        if rows:
            yield self._put("minutes", self.form.minutes(rows, self.camera_id), len(rows))

    def _shared(self, camera: CameraDay) -> dict[str, str]:
        """Return with which visit of the place each of the camera's visits began, if it is in a place."""
        place = self.site.place_of(self.camera_id)
        if place is None or not camera.minutes:
            return {}
        visits = [
            visit
            for camera_id in place.cameras
            for visit in visits_of(self.reports.minutes(camera_id, camera.begins_at, camera.ends_at))
        ]
        return {visit.visit_id: one.first.visit_id for one in shared_visits(visits) for visit in one.visits}

    def _next_day(self, camera: CameraDay) -> Sequence[Minute]:
        """Return the minutes of the next 24 hours if visits go on into them."""
        if not camera.minutes or not camera.minutes[-1].open:
            return ()
        return self.reports.minutes(self.camera_id, camera.ends_at, camera.ends_at + _DAY)

    def _put(self, table: str, content: bytes, rows: int) -> Exported:
        path = f"{table}/camera={self.camera_id}/day={self.day}/part-0.{self.form.suffix}"
        return Exported(table, self.camera_id, self.day, self.shelf.put(path, content), rows)
