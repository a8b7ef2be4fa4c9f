"""Frames against their cap, and the usage that reports carry: in the steps, the minutes and the table."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.budget_fakes import FakePurse
from tests.builders import NOON, at, report, seen
from tests.fakes import (
    FakeArtist,
    FakeFrameStore,
    FakePictureStore,
    FakePublisher,
    FakeReportFiles,
    FakeReportStore,
    FakeRollupStore,
)
from vigie.aws import items
from vigie.domain.caps import Caps, Spending
from vigie.domain.frames import Frame, FrameKey, camera_of
from vigie.domain.reports import FrameReport, Timings, reports_key
from vigie.domain.series import fold_minute
from vigie.domain.sites import Site
from vigie.domain.usage import NO_USAGE, Usage
from vigie.errors import Unavailable
from vigie.messages import write_report_lines
from vigie.steps.allowance import FrameAllowance, FrameBudget
from vigie.steps.budget_ports import OverBudget
from vigie.steps.detect import Outcome, detect_frame
from vigie.steps.ports import Sighting
from vigie.steps.store import store_reports

SITE = Site(caps=Caps(frames_a_camera=3), time_zone="Europe/Paris")
FRAMES = Spending.FRAMES


@dataclass
class CountingDetector:
    """Sees somebody in every picture."""

    name: str = "counting"
    looks: int = 0

    def detect(self, jpeg: bytes) -> Sighting:
        self.looks += 1
        return Sighting(640, 360, (seen(),), Timings(1, 1, 1, 1))


@dataclass
class StepMeter:
    """`Meter` that has waited a millisecond of a gigabyte more each time it is asked."""

    tab: dict[str, Usage] = field(default_factory=dict)
    counted: Usage = NO_USAGE

    def waiting(self, camera_id: str) -> Usage:
        more = Usage(megabyte_ms=1_024, gets=1)
        self.counted += more
        self.tab[camera_id] = self.tab.get(camera_id, NO_USAGE) + more
        return self.tab[camera_id]

    def carried(self, camera_id: str, usage: Usage) -> None:
        self.tab[camera_id] -= usage


@dataclass
class World:
    """The step's collaborators, and a clock that stands at noon."""

    purse: FakePurse = field(default_factory=FakePurse)
    reports: FakeReportStore = field(default_factory=FakeReportStore)
    frames: FakeFrameStore = field(default_factory=FakeFrameStore)
    publisher: FakePublisher = field(default_factory=FakePublisher)
    stale: FakeRollupStore = field(default_factory=FakeRollupStore)
    detector: CountingDetector = field(default_factory=CountingDetector)
    meter: StepMeter = field(default_factory=StepMeter)
    now: datetime = NOON

    def __post_init__(self) -> None:
        self.budget = FrameBudget(FrameAllowance(self.purse), self.purse)

    def take(self, seconds: float, camera: str = "hall", **instead: Any) -> Outcome:
        key = FrameKey(camera, at(seconds))
        self.frames.frames[str(key)] = Frame(key, b"jpeg")
        given: dict[str, Any] = {
            "site": SITE,
            "detector": self.detector,
            "frames": self.frames,
            "reports": self.reports,
            "artist": FakeArtist(),
            "pictures": FakePictureStore(),
            "stale": self.stale,
            "publisher": self.publisher,
            "clock": lambda: self.now,
            "budget": self.budget,
            "meter": self.meter,
        }
        return detect_frame(str(key), **(given | instead))

    def store(self, *reports: FrameReport) -> int:
        files = FakeReportFiles({reports_key(reports): write_report_lines(reports).encode()})
        return store_reports(
            reports_key(reports),
            site=SITE,
            files=files,
            reports=self.reports,
            stale=self.stale,
            publisher=self.publisher,
            clock=lambda: self.now,
            budget=self.budget,
            meter=self.meter,
        )


def test_a_frame_over_the_cap_is_not_looked_at_and_stays_and_its_minute_says_so() -> None:
    world = World()
    outcomes = [world.take(n * 30) for n in range(5)]
    assert outcomes == [Outcome.REPORTED] * 3 + [Outcome.OVER_BUDGET] * 2
    assert (world.detector.looks, len(world.publisher.published), len(world.frames.frames)) == (3, 3, 5)
    assert world.purse.marked("hall", NOON, at(600)) == (
        OverBudget(at(60), FRAMES),
        OverBudget(at(120), FRAMES),
    )
    # What was looked at is told again when its event comes again; another camera has a cap of its own.
    assert world.take(0) is Outcome.REPORTED
    assert world.take(0, "yard") is Outcome.REPORTED
    assert world.detector.looks == 4


def test_the_cap_opens_at_midnight_of_the_sites_clock_whatever_the_frame_shows() -> None:
    world = World(now=datetime(2026, 2, 3, 22, 59, tzinfo=UTC))
    assert [world.take(n) for n in range(4)][-1] is Outcome.OVER_BUDGET
    assert len(world.stale.marked()) == 1, "the frames' day was drawn for good, and is drawn again"
    world.now += timedelta(minutes=1)
    assert world.take(4) is Outcome.REPORTED
    assert [account.taken for account in world.purse.accounts(date(2026, 2, 4))] == [1]


def test_a_purse_that_cannot_be_asked_lets_nothing_be_looked_at() -> None:
    class Broken(FakePurse):
        def take_some(self, *_: Any, **__: Any) -> int:
            raise Unavailable("throttled")

    world = World(purse=Broken())
    with pytest.raises(Unavailable):
        world.take(0)
    assert world.detector.looks == 0


def test_reports_of_an_edge_count_as_frames_and_those_that_were_stored_are_told_again() -> None:
    world = World()
    walk = [report(n, seen()) for n in range(5)]
    assert world.store(*walk) == 3
    assert len(world.publisher.published) == 3
    assert world.purse.marked("hall", NOON, at(60)) == (OverBudget(NOON, FRAMES),)
    # The same object once more, as after a failure half-way: the cap is closed, what was stored is not lost.
    assert world.store(*walk) == 3
    assert len(world.publisher.published) == 6


def test_the_reports_of_a_camera_carry_all_that_was_counted() -> None:
    world = World()
    stored = report(1)
    world.reports.add_report(stored)
    world.take(0)
    # Its frame has a report already: what its event cost waits for the next one.
    world.take(1)
    world.take(2)
    minute = world.reports.minute("hall", NOON)
    assert minute is not None
    assert minute.usage + world.meter.tab["hall"] == world.meter.counted
    assert minute.usage.megabyte_ms == 2_048


def test_a_minute_sums_up_its_reports_whatever_the_order_and_old_ones_are_zero() -> None:
    reports = [replace(report(n), usage=Usage(n, 1, 2, 3, 4, 5)) for n in range(1, 4)] + [report(0)]
    minute = fold_minute(None, reports, Site().following("hall"))
    assert minute is not None
    assert minute.usage == Usage(6, 3, 6, 9, 12, 15)
    assert items.minute_in(_through_the_table(items.minute_out(minute))) == minute
    first = replace(report(0), usage=Usage(1, 2, 3, 4, 5, 6))
    # As the first version stored it, whose minutes are known by what was stored.
    assert items.report_out(first)["used"] == [1, 2, 3, 4, 5, 6]
    given = replace(report(0), usage=Usage(1, 2, 3, 4, 5, 6, 7, 8))
    assert items.report_in(_through_the_table(items.report_out(given))) == given
    # More counts, of a version to come, are left out.
    item = items.report_out(given)
    assert items.report_in(item | {"used": [*item["used"], 9]}) == given


def test_a_minute_without_usage_is_what_it_was_before_there_was_any() -> None:
    minute = fold_minute(None, [report(0)], Site().following("hall"))
    assert minute is not None
    assert "used" not in items.minute_out(minute)
    assert items.minute_revision(minute) == OLD_REVISION
    assert items.minute_revision(replace(minute, usage=Usage(gets=1))) != OLD_REVISION


# Of that minute by the code before usage was counted: such minutes lie in tables, and are replaced by it.
OLD_REVISION = "49b8965d259da118"


def test_a_key_says_whose_an_object_is() -> None:
    assert camera_of("frames/hall/2026/01/31/12/20260131T120000000Z.jpg") == "hall"
    assert camera_of(reports_key([report(0)])) == "hall"
    assert camera_of("frames/") == camera_of("x") == ""


def _through_the_table(item: dict[str, Any]) -> dict[str, Any]:
    return {
        name: [Decimal(one) if isinstance(one, int) else one for one in value] if name == "used" else value
        for name, value in item.items()
    }
