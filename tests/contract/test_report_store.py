"""What every `ReportStore` and `AlertStore` does, the fake as the table."""

from dataclasses import replace
from datetime import timedelta
from typing import Protocol

import pytest

from tests.builders import NOON, at, report, seen, visit
from tests.contract.conftest import TABLE
from tests.fakes import FakeReportStore
from vigie.aws import clients
from vigie.aws.report_store import DynamoReportStore
from vigie.domain.alerting import Alert, AlertState
from vigie.domain.series import MINUTE, NEIGHBOURHOOD, Minute, fold_minute
from vigie.domain.visits import VisitLimits
from vigie.errors import Conflict
from vigie.steps.ports import AlertStore, ReportStore

DAY = timedelta(days=1)


class Store(ReportStore, AlertStore, Protocol):
    """Both ports at once."""


@pytest.fixture
def store(twin: str) -> Store:
    return FakeReportStore() if twin == "fake" else DynamoReportStore(clients.dynamodb(), TABLE)


def a_minute(minutes: float = 0, *, frames: int = 1) -> Minute:
    """A minute that begins so many minutes after noon, with a person and a bus in view."""
    reports = [
        report(minutes * 60 + second, seen(zones=("door",)), seen("bus", x=0.2)) for second in range(frames)
    ]
    minute = fold_minute(None, reports, VisitLimits())
    assert minute is not None
    return minute


def test_a_report_comes_back_as_it_was_stored(store: Store) -> None:
    full = report(1.5, seen(zones=("door", "step")), seen("bus", x=0.25, confidence=0.3), interval_s=0.5)
    bare = replace(report(2.0), sampled_at=None)
    for each in (full, bare):
        assert store.report(each.key) is None
        assert store.add_report(each) == each
        assert store.report(each.key) == each


def test_the_first_report_of_a_frame_stays(store: Store) -> None:
    first, second = report(0, seen()), report(0)
    store.add_report(first)
    assert store.add_report(second) == first
    assert store.report(first.key) == first


def test_reports_of_a_span_are_one_cameras_in_order_across_midnight(store: Store) -> None:
    seconds = (43_199.999, 43_200, 0, 43_260, 0.5)
    for second in seconds:
        store.add_report(report(second))
    store.add_report(report(1, camera="hall-2"))
    found = store.reports("hall", NOON, at(43_260))
    assert [each.key.captured_at for each in found] == [at(0), at(0.5), at(43_199.999), at(43_200)]
    assert store.reports("nobody", NOON, at(1)) == ()


def test_more_reports_than_fit_one_page_all_come(store: Store) -> None:
    # A page of DynamoDB holds 1 MB: these reports are a few times as much.
    crowd = tuple(seen(x=0.1, zones=("z" * 60,) * 20) for _ in range(60))
    for second in range(30):
        store.add_report(report(second, *crowd))
    assert len(store.reports("hall", NOON, at(60))) == 30


def test_a_minute_comes_back_as_it_was_stored(store: Store) -> None:
    minute = a_minute(frames=3)
    store.put_minute(minute, replaces=None)
    assert store.minute("hall", NOON) == minute
    assert store.minute("hall", NOON + MINUTE) is None


def test_a_minute_replaces_only_what_was_read(store: Store) -> None:
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
        ((), None, None, "alone"),
        ((0,), None, None, "a minute is not its own neighbour"),
        ((-2, -1, 1, 2), -1, 1, "the nearest on each side"),
        ((-60, 60), -60, 60, "within the neighbourhood"),
        ((-61, 61), -61, 61, "just within"),
        ((-62, 62), None, None, "too far to matter"),
    ],
)
def test_neighbours(
    store: Store, stored: tuple[int, ...], before: int | None, after: int | None, why: str
) -> None:
    assert NEIGHBOURHOOD == 61 * MINUTE, "the rows above are made for that"
    for minutes in stored:
        store.put_minute(a_minute(minutes), replaces=None)
    store.put_minute(replace(a_minute(-1), camera_id="other"), replaces=None)
    found = [store.minute_before("hall", NOON), store.minute_after("hall", NOON)]
    expected = [None if m is None else NOON + m * MINUTE for m in (before, after)]
    assert [minute and minute.begins_at for minute in found] == expected, why


def test_neighbours_reach_over_midnight(store: Store) -> None:
    midnight = 12 * 60
    for minutes in (midnight - 3, midnight + 2):
        store.put_minute(a_minute(minutes), replaces=None)
    before = store.minute_before("hall", NOON + midnight * MINUTE)
    after = store.minute_after("hall", NOON + (midnight - 1) * MINUTE)
    assert before is not None
    assert after is not None
    assert before.begins_at == NOON + (midnight - 3) * MINUTE
    assert after.begins_at == NOON + (midnight + 2) * MINUTE


def test_minutes_of_a_span_are_one_cameras_in_order(store: Store) -> None:
    for minutes in (2, 0, 1, 12 * 60 + 5):
        store.put_minute(a_minute(minutes), replaces=None)
    found = store.minutes("hall", NOON, NOON + DAY)
    assert [minute.begins_at for minute in found] == [NOON + m * MINUTE for m in (0, 1, 2, 725)]
    assert [m.begins_at for m in store.minutes("hall", NOON, NOON + 2 * MINUTE)] == [NOON, NOON + MINUTE]


def test_an_alert_is_claimed_once(store: Store) -> None:
    alert = Alert("people", visit())
    assert store.claim(alert, now=at(1), lease_s=60)
    with pytest.raises(Conflict):
        store.claim(alert, now=at(2), lease_s=60)
    store.close(alert, AlertState.SENT, now=at(3))
    assert not store.claim(alert, now=at(4), lease_s=60)
    assert not store.claim(alert, now=at(4000), lease_s=60)


def test_a_dead_senders_claim_is_taken_over_once(store: Store) -> None:
    alert = Alert("people", visit())
    assert store.claim(alert, now=at(1), lease_s=60)
    assert store.claim(alert, now=at(62), lease_s=60)
    with pytest.raises(Conflict):
        store.claim(alert, now=at(63), lease_s=60)


def test_an_alert_takes_the_place_of_one_whose_visit_is_no_more(store: Store) -> None:
    orphan, heir = Alert("people", visit(5)), Alert("people", visit(2))
    store.claim(orphan, now=at(6), lease_s=60)
    store.close(orphan, AlertState.SENT, now=at(7))
    (record,) = store.alerts("hall", NOON, at(60))
    store.adopt(record, heir)
    (moved,) = store.alerts("hall", NOON, at(60))
    assert (moved.alert, moved.state, moved.at) == (heir, AlertState.SENT, at(7))
    assert not store.claim(heir, now=at(8), lease_s=60), "people were told"
    with pytest.raises(Conflict):
        store.adopt(record, heir)
    assert store.alerts("hall", NOON, at(60)) == (moved,)


def test_an_alert_cannot_take_the_place_of_one_that_has_changed(store: Store) -> None:
    orphan = Alert("people", visit(5))
    store.claim(orphan, now=at(6), lease_s=60)
    (record,) = store.alerts("hall", NOON, at(60))
    store.close(orphan, AlertState.SENT, now=at(7))
    with pytest.raises(Conflict):
        store.adopt(record, Alert("people", visit(2)))
    assert [stored.alert for stored in store.alerts("hall", NOON, at(60))] == [orphan]


def test_an_orphan_is_forgotten_once(store: Store) -> None:
    orphan = Alert("people", visit(5))
    store.claim(orphan, now=at(6), lease_s=60)
    (record,) = store.alerts("hall", NOON, at(60))
    for _ in range(2):
        store.forget(record)
        assert store.alerts("hall", NOON, at(60)) == ()


def test_alerts_of_a_span_come_in_order_with_their_state(store: Store) -> None:
    sent, old, other = (
        Alert("people", visit(5)),
        Alert("door", visit(0)),
        Alert("people", visit(1, camera="shop")),
    )
    for alert, state in ((sent, AlertState.SENT), (old, AlertState.TOO_OLD), (other, AlertState.SENT)):
        store.claim(alert, now=at(10), lease_s=60)
        store.close(alert, state, now=at(11))
    records = store.alerts("hall", NOON, at(60))
    assert [(record.alert, record.state, record.at) for record in records] == [
        (old, AlertState.TOO_OLD, at(11)),
        (sent, AlertState.SENT, at(11)),
    ]
    assert store.alerts("hall", at(1), at(5)) == ()
