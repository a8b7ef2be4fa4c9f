"""What every `ReportStore` does, the fake as the table."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import NOON, at, report, seen, visit
from tests.contract.conftest import TABLE
from tests.fakes import FakeReportStore
from vigie.aws import clients
from vigie.aws.report_store import DynamoReportStore
from vigie.domain.following import Following
from vigie.domain.series import MINUTE, NEIGHBOURHOOD, Minute, fold_minute
from vigie.domain.usage import Usage
from vigie.errors import Conflict
from vigie.steps.ports import ReportStore

DAY = timedelta(days=1)


@pytest.fixture
def store(twin: str) -> ReportStore:
    return FakeReportStore() if twin == "fake" else DynamoReportStore(clients.dynamodb(), TABLE)


def a_minute(minutes: float = 0, *, frames: int = 1) -> Minute:
    """A minute that begins so many minutes after noon, with a person and a bus in view."""
    reports = [
        report(minutes * 60 + second, seen(zones=("door",)), seen("bus", x=0.2)) for second in range(frames)
    ]
    minute = fold_minute(None, reports, Following())
    assert minute is not None
    return minute


def test_a_report_comes_back_as_it_was_stored(store: ReportStore) -> None:
    full = report(1.5, seen(zones=("door", "step")), seen("bus", x=0.25, confidence=0.3), interval_s=0.5)
    full = replace(full, usage=Usage(353_800, 1, 2, 3, 4, 5))
    bare = replace(report(2.0), sampled_at=None)
    for each in (full, bare):
        assert store.report(each.key) is None
        assert store.add_report(each) == each
        assert store.report(each.key) == each


def test_a_minute_with_usage_comes_back_and_is_replaced_as_it_was(store: ReportStore) -> None:
    reports = [replace(report(second), usage=Usage(7, gets=second)) for second in range(3)]
    before, after = (fold_minute(None, reports[:number], Following()) for number in (2, 3))
    assert before is not None
    assert after is not None
    store.put_minute(before, replaces=None)
    assert store.minute("hall", NOON) == before
    with pytest.raises(Conflict):
        store.put_minute(after, replaces=replace(before, usage=Usage(14)))
    store.put_minute(after, replaces=before)
    assert store.minute("hall", NOON) == after


def test_the_first_report_of_a_frame_stays(store: ReportStore) -> None:
    first, second = report(0, seen()), report(0)
    store.add_report(first)
    assert store.add_report(second) == first
    assert store.report(first.key) == first


def test_reports_of_a_span_are_one_cameras_in_order_across_midnight(store: ReportStore) -> None:
    seconds = (43_199.999, 43_200, 0, 43_260, 0.5)
    for second in seconds:
        store.add_report(report(second))
    store.add_report(report(1, camera="hall-2"))
    found = store.reports("hall", NOON, at(43_260))
    assert [each.key.captured_at for each in found] == [at(0), at(0.5), at(43_199.999), at(43_200)]
    assert store.reports("nobody", NOON, at(1)) == ()


def test_more_reports_than_fit_one_page_all_come(store: ReportStore) -> None:
    # A page of DynamoDB holds 1 MB: these reports are a few times as much.
    crowd = tuple(seen(x=0.1, zones=("z" * 60,) * 20) for _ in range(60))
    for second in range(30):
        store.add_report(report(second, *crowd))
    assert len(store.reports("hall", NOON, at(60))) == 30


def test_a_minute_comes_back_as_it_was_stored(store: ReportStore) -> None:
    minute = a_minute(frames=3)
    store.put_minute(minute, replaces=None)
    assert store.minute("hall", NOON) == minute
    assert store.minute("hall", NOON + MINUTE) is None


def test_a_minute_replaces_only_what_was_read(store: ReportStore) -> None:
    one, two, three = (a_minute(frames=frames) for frames in (1, 2, 3))
    store.put_minute(one, replaces=None)
    for stale in (None, three):
        with pytest.raises(Conflict):
            store.put_minute(two, replaces=stale)
    store.put_minute(two, replaces=one)
    with pytest.raises(Conflict):
        store.put_minute(three, replaces=one)
    # The same numbers with other visits open are another state too.
    moved = replace(two, open=(visit(-90),))
    with pytest.raises(Conflict):
        store.put_minute(three, replaces=moved)
    assert store.minute("hall", NOON) == two


@pytest.mark.parametrize(
    ("stored", "before", "after", "why"),
    [
        ((), None, (), "nothing there"),
        ((0,), None, (), "a minute is not its own neighbour"),
        ((-2, -1, 1, 2), -1, (1, 2), "the nearest before, all that follow"),
        ((-1440, 1440), -1440, (1440,), "within the neighbourhood"),
        ((-1441, 1441), -1441, (1441,), "just within"),
        ((-1442, 1442), None, (), "too far to matter"),
    ],
)
def test_neighbours(
    store: ReportStore, stored: tuple[int, ...], before: int | None, after: tuple[int, ...], why: str
) -> None:
    assert NEIGHBOURHOOD == 1441 * MINUTE, "the rows above are made for that"
    for minutes in stored:
        store.put_minute(a_minute(minutes), replaces=None)
    store.put_minute(replace(a_minute(-1), camera_id="other"), replaces=None)
    earlier = store.minute_before("hall", NOON)
    assert (earlier and earlier.begins_at) == (None if before is None else NOON + before * MINUTE), why
    following = [minute.begins_at for minute in store.minutes_after("hall", NOON)]
    assert following == [NOON + minutes * MINUTE for minutes in after], why


def test_neighbours_reach_over_midnight(store: ReportStore) -> None:
    midnight = 12 * 60
    for minutes in (midnight - 3, midnight + 2):
        store.put_minute(a_minute(minutes), replaces=None)
    before = store.minute_before("hall", NOON + midnight * MINUTE)
    (after,) = store.minutes_after("hall", NOON + (midnight - 1) * MINUTE)
    assert before is not None
    assert before.begins_at == NOON + (midnight - 3) * MINUTE
    assert after.begins_at == NOON + (midnight + 2) * MINUTE


def test_minutes_of_a_span_are_one_cameras_in_order(store: ReportStore) -> None:
    for minutes in (2, 0, 1, 12 * 60 + 5):
        store.put_minute(a_minute(minutes), replaces=None)
    found = store.minutes("hall", NOON, NOON + DAY)
    assert [minute.begins_at for minute in found] == [NOON + m * MINUTE for m in (0, 1, 2, 725)]
    assert [m.begins_at for m in store.minutes("hall", NOON, NOON + 2 * MINUTE)] == [NOON, NOON + MINUTE]
