"""The chart step: days whose clocks change, what is read and when, roll-ups and stale days."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.camera_days import PARIS, hatched, line, x_labels
from tests.fakes import FakeFrameStore, FakeReportStore, FakeRollupStore, FakeShelf
from tests.simulated_days import reports_of, stored
from vigie.charts.daily import render_day
from vigie.charts.figures import activity_histogram, camera_curve
from vigie.domain.cameras import CANARY, Camera
from vigie.domain.frames import Frame, FrameKey
from vigie.domain.instants import day_bounds
from vigie.domain.reports import FrameReport
from vigie.domain.rollups import is_settled
from vigie.domain.series import MINUTE
from vigie.domain.sites import Retention, Site
from vigie.steps.chart import DrawnDay, chart_days, stale_days
from vigie.steps.ports import SiteFile, StaleHour

SITE = Site(time_zone="Europe/Paris", cameras=(Camera("hall", "Entrance hall"),))
AUTUMN, SPRING = date(2026, 10, 25), date(2026, 3, 29)
HOUR = timedelta(hours=1)


@dataclass
class CountingStore(FakeReportStore):
    """A report store that counts the reports that it hands out."""

    read: int = 0

    def reports(self, camera_id: str, begin: datetime, end: datetime) -> tuple[FrameReport, ...]:
        found = super().reports(camera_id, begin, end)
        self.read += len(found)
        return found


@dataclass
class Drawing:
    """The step over stores in memory; keeps what it was given to render."""

    reports: FakeReportStore
    now: datetime
    site: Site = SITE
    frames: FakeFrameStore = field(default_factory=FakeFrameStore)
    rollups: FakeRollupStore = field(default_factory=FakeRollupStore)
    shelf: FakeShelf = field(default_factory=FakeShelf)
    drawn: list[DrawnDay] = field(default_factory=list)
    whole: bool = False

    def __call__(self, *days: date, anew: Iterable[date] = ()) -> tuple[str, ...]:
        return chart_days(
            days,
            anew=set(anew),
            site=self.site,
            frames=self.frames,
            reports=self.reports,
            rollups=self.rollups,
            shelf=self.shelf,
            render=self._render,
            clock=lambda: self.now,
        )

    def _render(self, site: Site, drawn: DrawnDay) -> Iterator[SiteFile]:
        self.drawn.append(drawn)
        if self.whole:
            yield from render_day(site, drawn, clock=lambda: self.now)

    def table(self, path: str) -> list[dict[str, str]]:
        content = self.shelf.files[path].content.decode()
        return list(csv.DictReader(io.StringIO(content, newline="")))


# Day, its hours, the camera off from and until (UTC), what the clock on the wall shows meanwhile, the
# labels of the axis at two o'clock.
CLOCK_CHANGES = [
    pytest.param(
        AUTUMN,
        25,
        (datetime(2026, 10, 25, 0, tzinfo=UTC), datetime(2026, 10, 25, 3, tzinfo=UTC)),
        ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T03:00:00+01:00"],
        ["02:00\n+02:00", "02:00\n+01:00"],
        id="autumn, off from 02:00 summer time to 04:00 winter time: three hours",
    ),
    pytest.param(
        SPRING,
        23,
        (datetime(2026, 3, 29, 0, tzinfo=UTC), datetime(2026, 3, 29, 2, tzinfo=UTC)),
        ["2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00"],
        [],
        id="spring, off from 01:00 winter time to 04:00 summer time: two hours",
    ),
]


@pytest.mark.parametrize(("day", "hours", "off", "dark_hours", "two_o_clocks"), CLOCK_CHANGES)
def test_a_day_of_changing_clocks_keeps_its_hours_and_its_hole(
    day: date,
    hours: int,
    off: tuple[datetime, datetime],
    dark_hours: list[str],
    two_o_clocks: list[str],
) -> None:
    drawing = Drawing(stored(reports_of(day, off=off)), now=day_bounds(day, PARIS)[1] + HOUR, whole=True)
    drawing(day)
    begin, end = day_bounds(day, PARIS)
    hole = ((off[0] - begin).total_seconds(), (off[1] - begin).total_seconds())
    dark = (off[1] - off[0]) // MINUTE
    (camera,) = drawing.drawn[0].cameras

    for figure in (camera_curve(camera, PARIS), activity_histogram([camera], PARIS)):
        assert all(hatched(axes) == [hole] for axes in figure.axes)
        last = figure.axes[-1]
        assert last.get_xlim()[1] > hours * 3600 > last.get_xlim()[0]
    figure = camera_curve(camera, PARIS)
    labels = x_labels(figure.axes[-1])
    assert [label for label in labels if label.startswith("02:")] == two_o_clocks
    curve = line(figure.axes[0], "people")
    assert curve[-1][0] == hours * 3600
    assert not any(hole[0] < second < hole[1] for second, _ in curve)

    (totals,) = drawing.rollups.totals("hall", day, day)
    assert (totals.minutes, len(totals.hours)) == (hours * 60, hours)
    assert (totals.covered, totals.frames) == (hours * 60 - dark, (hours * 60 - dark) * 12)
    empty = [hour.begins_at.astimezone(PARIS).isoformat() for hour in totals.hours if not hour.covered]
    assert empty == dark_hours
    # A person every ten minutes, a car every quarter of an hour: so many begin in each hour with frames.
    assert {(hour.visits_of_people, hour.visits_of_vehicles) for hour in totals.hours if hour.covered} == {
        (6, 4)
    }
    assert {(hour.people, hour.vehicles) for hour in totals.hours if not hour.covered} == {(0, 0)}
    assert (totals.ends_at, totals.listed) == (end, totals.frames)

    rows = drawing.table(f"exports/hall/{day}-minutes.csv")
    assert len(rows) == hours * 60
    assert len({row["begins_at"] for row in rows}) == len({row["local_time"] for row in rows}) == hours * 60
    holes = [row for row in rows if row["covered"] == "0"]
    assert [row["local_time"] for row in holes][::60] == dark_hours
    assert len(holes) == dark
    counts = ("frames", "people", "vehicles", "visits_of_people", "visits_of_vehicles", "expected_frames")
    assert {row[name] for row in holes for name in counts} == {""}
    seen_rows = [row for row in rows if row["covered"] == "1"]
    assert {(row["frames"], row["expected_frames"]) for row in seen_rows} == {("12", "12")}
    assert sum(int(row["visits_of_people"]) for row in seen_rows) == totals.visits_of_people


NOVEMBER = date(2026, 11, 22)


def test_reports_are_read_only_when_the_exports_have_fallen_behind() -> None:
    begin, end = day_bounds(NOVEMBER, PARIS)
    all_reports = list(reports_of(NOVEMBER, interval_s=60))
    store = CountingStore()
    drawing = Drawing(store, now=begin)
    listed = []
    for hour in range(1, 25):
        drawing.now = begin + hour * HOUR
        until_now = stored(iter(all_reports[: hour * 60]))
        store._reports, store._minutes = until_now._reports, until_now._minutes
        drawing(NOVEMBER)
        listed.append(drawing.rollups.totals("hall", NOVEMBER, NOVEMBER)[0].listed)
    assert listed[:6] == [60, 120, 180, 240, 300, 300], "after the first hour by a quarter at least"
    assert listed[-1] == 1440, "whole at the end"
    assert store.read <= 5 * 1440 + 1440
    read = store.read
    drawing.now = end + HOUR
    drawing(NOVEMBER)
    assert store.read == read, "nothing new to list"
    assert drawing.drawn[-1].exports == {}
    drawing(NOVEMBER, anew=[NOVEMBER])
    assert store.read == read + 1440
    assert set(drawing.drawn[-1].exports) == {"hall"}


def test_an_hour_shows_its_points_and_a_day_its_minutes() -> None:
    first_hour = [
        r for r in reports_of(NOVEMBER) if r.key.captured_at < day_bounds(NOVEMBER, PARIS)[0] + HOUR
    ]
    for reports, points in ((first_hour, 720), (list(reports_of(NOVEMBER)), 0)):
        drawing = Drawing(stored(iter(reports)), now=datetime(2026, 11, 23, 12, tzinfo=UTC))
        drawing(NOVEMBER)
        (camera,) = drawing.drawn[0].cameras
        assert len(camera.points) == points
        assert camera.detections


def test_exports_outlive_the_reports_and_totals_the_minutes() -> None:
    drawing = Drawing(stored(reports_of(NOVEMBER)), now=datetime(2026, 11, 23, 12, tzinfo=UTC))
    drawing(NOVEMBER)
    before = drawing.rollups.totals("hall", NOVEMBER, NOVEMBER)
    full = drawing.reports
    half = sorted(full._reports)[8000:]
    for reports, minutes in (
        ({key: full._reports[key] for key in half}, full._minutes),
        ({}, full._minutes),
        ({}, {}),
    ):
        drawing.reports = FakeReportStore(reports, minutes)
        drawing(NOVEMBER, anew=[NOVEMBER])
        assert drawing.drawn[-1].exports == {}, "what was listed is more than what is left"
        assert drawing.rollups.totals("hall", NOVEMBER, NOVEMBER) == before
        assert drawing.drawn[-1].totals[-1] == before[0]


def test_a_day_that_may_have_lost_minutes_gets_no_totals() -> None:
    site = replace(SITE, retention=Retention(reports_days=1, minutes_days=2))
    drawing = Drawing(stored(reports_of(NOVEMBER)), now=datetime(2026, 11, 24, 12, tzinfo=UTC), site=site)
    drawing(NOVEMBER)
    assert drawing.rollups.totals("hall", NOVEMBER, NOVEMBER) == ()


def test_history_is_made_good_for_days_that_no_run_has_drawn() -> None:
    yesterday = NOVEMBER - timedelta(days=1)
    reports = (*reports_of(yesterday, interval_s=60), *reports_of(NOVEMBER, interval_s=60))
    drawing = Drawing(stored(iter(reports)), now=datetime(2026, 11, 22, 22, 59, tzinfo=UTC))
    drawing(NOVEMBER)
    totals = drawing.drawn[0].totals
    assert [each.day for each in totals] == [NOVEMBER - timedelta(days=n) for n in range(30, -1, -1)]
    assert [each.covered for each in totals] == [0] * 29 + [1440, 1440]
    assert [each.frames for each in drawing.rollups.totals("hall", yesterday, NOVEMBER)] == [1440, 1440]


def test_the_canary_is_no_camera() -> None:
    at = datetime(2026, 11, 22, 12, tzinfo=UTC)
    canary = FrameKey(CANARY, at)
    frames = FakeFrameStore({str(canary): Frame(canary, b"")})
    drawing = Drawing(FakeReportStore(), now=at, frames=frames)
    drawing(NOVEMBER)
    assert [camera.camera.camera_id for camera in drawing.drawn[0].cameras] == ["hall"]


def test_late_frames_name_the_local_days_that_they_touch() -> None:
    def hour(day: int, hours: int) -> StaleHour:
        return StaleHour("hall", datetime(2026, 11, day, hours, tzinfo=UTC), "1")

    noon, late, night = hour(20, 12), hour(20, 22), hour(20, 23)
    days = stale_days(SITE, [noon, late, night], today=date(2026, 11, 21))
    # 23:00 UTC is the next day in Paris, into which visits of all the day before may go on.
    assert days == {date(2026, 11, 20): [noon, late], date(2026, 11, 21): [noon, late, night]}
    assert list(stale_days(SITE, [hour(21, 12), hour(22, 12)], today=date(2026, 11, 21))) == [
        date(2026, 11, 21)
    ]
    many = stale_days(SITE, [hour(day, 12) for day in range(1, 20)], today=date(2026, 11, 21))
    assert list(many) == [date(2026, 11, day) for day in (1, 2, 3, 4)], "the oldest, run by run"


@pytest.mark.parametrize(
    ("now", "settled", "why"),
    [
        (datetime(2026, 10, 25, 23, 29, tzinfo=UTC), False, "a scheduled run will draw it"),
        (datetime(2026, 10, 25, 23, 30, tzinfo=UTC), True, "the last scheduled run may miss it"),
        (datetime(2026, 10, 24, 12, tzinfo=UTC), False, "a clock that is ahead"),
    ],
)
def test_a_frame_may_come_too_late_for_the_schedule(now: datetime, settled: bool, why: str) -> None:
    assert is_settled(datetime(2026, 10, 25, 12, tzinfo=UTC), now, PARIS) is settled, why
