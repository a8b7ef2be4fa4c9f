"""What every `AlertStore` does, the fake as the table."""

import pytest

from tests.builders import NOON, at, visit
from tests.contract.conftest import TABLE
from tests.fake_alerts import FakeAlertStore
from vigie.aws import clients
from vigie.aws.alert_store import DynamoAlertStore
from vigie.domain.alerting import Alert, AlertRecord, AlertState
from vigie.errors import Conflict
from vigie.steps.ports import AlertStore

DAY_S = 86_400


@pytest.fixture
def store(twin: str) -> AlertStore:
    return FakeAlertStore() if twin == "fake" else DynamoAlertStore(clients.dynamodb(), TABLE)


def an_alert(seconds: float = 0, *, rule: str = "people", camera: str = "hall", number: int = 1) -> Alert:
    """An alert about a visit that began so many seconds after noon and was asked for then."""
    return Alert(rule, visit(seconds, camera=camera, zones=("door",)), at(seconds), number)


def claimed(store: AlertStore, alert: Alert, *, now_s: float = 1) -> AlertRecord:
    store.ask(alert)
    store.record(alert, AlertState.CLAIMED, replaces=None, now=at(now_s), revision=store.revision())
    return AlertRecord(alert, AlertState.CLAIMED, at(now_s))


def test_what_rules_ask_for_is_noted_once_and_taken_back_once(store: AlertStore) -> None:
    later, first, crowd = an_alert(5), an_alert(0), an_alert(5, rule="crowd", number=3)
    for alert in (later, first, crowd, first):
        store.ask(alert)
    assert store.asked(NOON, at(60)) == (first, crowd, later)
    assert store.asked(NOON, at(5)) == (first,), "the end is not in it"
    for _ in range(2):
        store.unask(first)
    assert store.asked(NOON, at(60)) == (crowd, later)


def test_a_span_reaches_over_days_and_all_cameras(store: AlertStore) -> None:
    alerts = [an_alert(seconds, camera=camera) for seconds, camera in ((0, "hall"), (DAY_S, "shop"))]
    alerts.append(an_alert(2 * DAY_S + 1))
    for alert in alerts:
        store.ask(alert)
        claimed(store, alert)
    assert store.asked(NOON, at(2 * DAY_S)) == tuple(alerts[:2])
    assert [record.alert for record in store.alerts(at(1), at(3 * DAY_S))] == alerts[1:]


def test_a_span_that_ends_at_midnight_has_all_of_the_day_before(store: AlertStore) -> None:
    last, first = an_alert(DAY_S / 2 - 0.001), an_alert(DAY_S / 2)
    for alert in (last, first):
        claimed(store, alert)
    assert store.asked(NOON, at(DAY_S / 2)) == (last,)
    assert [record.alert for record in store.alerts(NOON, at(DAY_S / 2))] == [last]
    assert store.asked(at(DAY_S / 2), at(DAY_S)) == (first,)


def test_what_was_noted_says_more_when_noted_again(store: AlertStore) -> None:
    store.ask(an_alert(number=3))
    store.ask(an_alert(number=4))
    assert store.asked(NOON, at(1)) == (an_alert(number=4),)


def test_a_change_needs_the_newest_revision(store: AlertStore) -> None:
    assert store.revision() == 0
    store.ask(an_alert(0))
    store.ask(an_alert(9))
    revision = store.record(an_alert(0), AlertState.CLAIMED, replaces=None, now=at(1), revision=0)
    assert revision == store.revision() == 1
    with pytest.raises(Conflict):
        store.record(an_alert(9), AlertState.CLAIMED, replaces=None, now=at(1), revision=0)
    assert [record.alert for record in store.alerts(NOON, at(60))] == [an_alert(0)]
    assert store.revision() == 1


def test_an_alert_is_claimed_by_one_and_closed(store: AlertStore) -> None:
    record = claimed(store, an_alert())
    with pytest.raises(Conflict):
        claimed(store, an_alert())
    revision = store.revision()
    store.record(an_alert(), AlertState.CLAIMED, replaces=record, now=at(20), revision=revision)
    with pytest.raises(Conflict):
        store.record(an_alert(), AlertState.CLAIMED, replaces=record, now=at(21), revision=store.revision())
    store.close(an_alert(), now=at(22))
    assert store.alerts(NOON, at(60)) == (AlertRecord(an_alert(), AlertState.SENT, at(22)),)


def test_an_alert_that_a_budget_withheld_is_closed_as_such(store: AlertStore) -> None:
    claimed(store, an_alert())
    store.close(an_alert(), now=at(2), state=AlertState.WITHHELD)
    store.close(an_alert(), now=at(3))
    assert store.alerts(NOON, at(60)) == (AlertRecord(an_alert(), AlertState.WITHHELD, at(2)),)


def test_an_alert_takes_the_place_of_one_that_should_not_be(store: AlertStore) -> None:
    claimed(store, an_alert(5))
    store.close(an_alert(5), now=at(7))
    (orphan,) = store.alerts(NOON, at(60))
    store.ask(an_alert(2))
    store.adopt(orphan, an_alert(2), revision=store.revision())
    assert store.alerts(NOON, at(60)) == (AlertRecord(an_alert(2), AlertState.SENT, at(7)),)
    with pytest.raises(Conflict):
        store.adopt(orphan, an_alert(3), revision=store.revision())
    assert [record.alert for record in store.alerts(NOON, at(60))] == [an_alert(2)]


def test_what_has_changed_is_neither_inherited_nor_forgotten(store: AlertStore) -> None:
    orphan = claimed(store, an_alert(5))
    store.close(an_alert(5), now=at(7))
    with pytest.raises(Conflict):
        store.adopt(orphan, an_alert(2), revision=store.revision())
    with pytest.raises(Conflict):
        store.forget(orphan, revision=store.revision())
    assert [record.alert for record in store.alerts(NOON, at(60))] == [an_alert(5)]


def test_an_alert_is_forgotten_and_its_sender_cannot_bring_it_back(store: AlertStore) -> None:
    orphan = claimed(store, an_alert(5))
    store.forget(orphan, revision=store.revision())
    store.close(an_alert(5), now=at(30))
    assert store.alerts(NOON, at(60)) == ()


def test_what_nobody_asks_for_any_more_is_neither_claimed_nor_inherited(store: AlertStore) -> None:
    orphan = claimed(store, an_alert(5))
    store.ask(an_alert(2))
    store.unask(an_alert(2))
    with pytest.raises(Conflict):
        store.record(an_alert(2), AlertState.CLAIMED, replaces=None, now=at(1), revision=store.revision())
    with pytest.raises(Conflict):
        store.adopt(orphan, an_alert(2), revision=store.revision())
    assert store.alerts(NOON, at(60)) == (orphan,)
