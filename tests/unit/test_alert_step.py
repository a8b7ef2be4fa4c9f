"""Alerts are claimed, sent, closed: once, whatever comes again or dies in between."""

from typing import Any

import pytest

from tests.builders import at, visit
from tests.fakes import FakeNotifier, FakeReportStore
from vigie.domain.alerting import AlertRule, AlertState
from vigie.domain.cameras import Camera
from vigie.domain.sites import Site
from vigie.domain.visits import Visit
from vigie.errors import Conflict, Unavailable
from vigie.steps.alert import CLAIM_LEASE_S, send_alerts

SITE = Site(cameras=(Camera("hall", "Entrance hall"),), rules=(AlertRule(rule_id="people"),))


def send(visits: list[Visit], store: FakeReportStore, notifier: Any, *, now_s: float = 2) -> int:
    return send_alerts(visits, site=SITE, alerts=store, notifier=notifier, clock=lambda: at(now_s))


def test_an_alert_is_sent_once() -> None:
    store, notifier = FakeReportStore(), FakeNotifier()
    assert send([visit()], store, notifier) == 1
    assert send([visit()], store, notifier) == 0
    ((alert_id, subject, text),) = notifier.sent
    assert alert_id == "people/hall-20260131T120000000Z-person-1"
    assert subject == "Person at Entrance hall, 12:00:00"
    assert "Entrance hall" in text
    assert [record.state for record in store.alerts("hall", at(0), at(1))] == [AlertState.SENT]


def test_nobody_asked_nobody_is_told() -> None:
    store, notifier = FakeReportStore(), FakeNotifier()
    assert send([visit(label="car")], store, notifier) == 0
    assert notifier.sent == []
    assert store.alerts("hall", at(0), at(1)) == ()


def test_what_is_too_old_is_recorded_not_sent() -> None:
    store, notifier = FakeReportStore(), FakeNotifier()
    assert send([visit()], store, notifier, now_s=901) == 0
    assert notifier.sent == []
    assert [record.state for record in store.alerts("hall", at(0), at(1))] == [AlertState.TOO_OLD]


class Broken:
    def notify(self, *_: object, **__: object) -> None:
        raise Unavailable("sending failed: throttled")


def test_a_failed_sending_is_tried_again_when_its_claim_has_run_out() -> None:
    store, notifier = FakeReportStore(), FakeNotifier()
    with pytest.raises(Unavailable):
        send([visit()], store, Broken())
    with pytest.raises(Conflict):
        send([visit()], store, notifier, now_s=3)
    assert send([visit()], store, notifier, now_s=2 + CLAIM_LEASE_S) == 1
    assert len(notifier.sent) == 1


def test_the_lease_outlasts_the_function_and_ends_before_the_message_is_given_up() -> None:
    from infra.catalog import CATALOG

    function, queue = CATALOG.function_of("alerts"), CATALOG.queues[1]
    assert function.timeout.total_seconds() < CLAIM_LEASE_S
    assert CATALOG.visibility("alerts").total_seconds() * (queue.max_receives - 1) > CLAIM_LEASE_S
