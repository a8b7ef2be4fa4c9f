"""Minutes whose predecessor changes are folded anew, also when whoever changed it died before he could."""

from datetime import timedelta

import pytest

from tests.builders import NOON, at, report, seen
from tests.fakes import FakeReportStore
from vigie.domain.following import Following
from vigie.domain.reports import FrameReport
from vigie.domain.series import MINUTE, Minute
from vigie.errors import Unavailable
from vigie.steps.minutes import keep_minutes

FOLLOWING = Following()
# One who walks slowly through five minutes; without the frame at 58 s the walk falls into two visits.
WALK = [report(second, seen(x=0.1 + second / 400), interval_s=2.0) for second in range(0, 300, 2)]
LATE = [
    report(58, seen(x=0.1 + 58 / 400), interval_s=2.0),
    report(56, seen(x=0.1 + 56 / 400), interval_s=2.0),
]


class Mortal(FakeReportStore):
    """Dies after so many minutes written."""

    writes_left = 10**9

    def put_minute(self, minute: Minute, *, replaces: Minute | None) -> None:
        super().put_minute(minute, replaces=replaces)
        self.writes_left -= 1
        if not self.writes_left:
            raise Unavailable("the function was killed")


def keep(store: FakeReportStore, frame: FrameReport) -> None:
    store.add_report(frame)
    keep_minutes(frame, store=store, following=FOLLOWING)


def minutes(store: FakeReportStore) -> tuple[Minute, ...]:
    return store.minutes("hall", NOON, at(3600))


@pytest.mark.parametrize("deaths_after", [1, 2, 3])
def test_a_death_half_way_through_a_late_frame_is_made_good(deaths_after: int) -> None:
    orderly, mortal = FakeReportStore(), Mortal()
    for frame in WALK:
        keep(orderly, frame)
    missing = {frame.key for frame in LATE}
    for frame in WALK:
        if frame.key not in missing:
            keep(mortal, frame)
    assert minutes(mortal) != minutes(orderly)
    mortal.writes_left = deaths_after
    for frame in LATE:
        try:
            keep(mortal, frame)
        except Unavailable:
            keep(mortal, frame)
    assert minutes(mortal) == minutes(orderly)
    assert [m.follows for m in minutes(orderly)][1:] == [m.state for m in minutes(orderly)][:-1]


def test_a_late_frame_that_changes_nothing_for_the_next_minute_reads_no_reports_of_it() -> None:
    store = FakeReportStore()
    for frame in WALK:
        keep(store, frame)
    asked: list[object] = []
    read = store.reports
    store.reports = lambda camera_id, begin, end: asked.append(begin) or read(camera_id, begin, end)  # type: ignore[method-assign,func-returns-value]
    keep(store, report(31, interval_s=2.0))
    assert asked == [NOON]


def test_a_parked_car_is_remembered_over_a_pause_of_the_camera() -> None:
    store = FakeReportStore()
    for second in (*range(0, 180, 10), 800):
        keep(store, report(second, seen("car"), interval_s=10.0))
    found = minutes(store)
    assert [m.begins_at for m in found] == [NOON + timedelta(minutes=m) for m in (0, 1, 2, 13)]
    assert {visit.started_at for m in found for visit in m.visits} == {NOON}
    assert found[-1].begins_at - found[-2].begins_at > MINUTE


def test_a_frame_that_comes_after_the_reports_of_its_minute_are_gone_takes_nothing_away() -> None:
    store = FakeReportStore()
    for frame in WALK[:30]:
        keep(store, frame)
    (before,) = minutes(store)
    kept = dict(store._reports)
    store._reports.clear()
    keep(store, report(31, interval_s=2.0))
    assert minutes(store) == (before,)
    store._reports.update(kept)
    keep(store, report(33, interval_s=2.0))
    assert minutes(store)[0].frames == 32
