"""Alerts are claimed, sent, closed: once, whatever comes again, comes late, or dies in between."""

from dataclasses import replace
from typing import Any

import pytest

from infra.catalog import CATALOG
from tests.builders import at, report, seen
from tests.fake_alerts import FakeAlertStore
from tests.fakes import (
    FakeNotifier,
    FakeReportStore,
)
from vigie.domain.alerting import AlertState
from vigie.domain.cameras import Camera
from vigie.domain.notices import Delivery, Notice
from vigie.domain.reports import FrameReport
from vigie.domain.rules import AlertRule
from vigie.domain.series import VisitsChange
from vigie.domain.sites import Place, Site
from vigie.errors import Conflict, Unavailable
from vigie.steps.alert import CLAIM_LEASE_S, send_alerts
from vigie.steps.minutes import keep_minutes

SITE = Site(cameras=(Camera("hall", "Entrance hall"),), rules=(AlertRule(rule_id="people", cooldown_s=0),))
CAMERAS = (Camera("hall"), Camera("gate"))
ENTRANCE = Site(
    cameras=CAMERAS,
    rules=(AlertRule(rule_id="people", cooldown_s=0),),
    places=(Place(name="entrance", cameras=("hall", "gate")),),
)


class World:
    """A camera's store and the people behind the notifier."""

    def __init__(self, site: Site = SITE) -> None:
        self.site = site
        self.store = FakeReportStore()
        self.alert_store = FakeAlertStore()
        self.people = FakeNotifier()

    def see(self, frame: FrameReport) -> VisitsChange:
        self.store.add_report(frame)
        return keep_minutes(
            frame, store=self.store, following=self.site.following(frame.key.camera_id)
        ).change

    def tell(
        self, change: VisitsChange, *, now_s: float = 5, notifier: Any = None, camera: str = "hall"
    ) -> int:
        return send_alerts(
            camera,
            change,
            site=self.site,
            minutes=self.store,
            alerts=self.alert_store,
            notifier=notifier or self.people,
            clock=lambda: at(now_s),
        )

    def alerts(self) -> list[tuple[str, AlertState]]:
        return [
            (record.alert.visit.visit_id[5:24], record.state)
            for record in self.alert_store.alerts(at(0), at(3600))
        ]


def test_an_alert_is_sent_once() -> None:
    world = World()
    change = world.see(report(0, seen()))
    assert world.tell(change) == 1
    assert world.tell(change) == 0
    (notice,) = world.people.sent
    assert notice.data["alert_id"] == "people/hall-20260131T120000000Z-person-1"
    assert notice.subject == "Person at Entrance hall, 12:00:00"
    assert "Entrance hall" in notice.email
    assert world.alerts() == [("20260131T120000000Z", AlertState.SENT)]


def test_nobody_asked_nobody_is_told() -> None:
    world = World()
    assert world.tell(world.see(report(0, seen("car")))) == 0
    assert world.people.sent == []
    assert world.alerts() == []


def test_what_is_too_old_is_recorded_not_sent() -> None:
    world = World()
    assert world.tell(world.see(report(0, seen())), now_s=901) == 0
    assert world.people.sent == []
    assert world.alerts() == [("20260131T120000000Z", AlertState.TOO_OLD)]


class Broken:
    def notify(self, *_: object, **__: object) -> None:
        raise Unavailable("sending failed: throttled")


def test_a_failed_sending_is_tried_again_when_its_claim_has_run_out() -> None:
    world = World()
    change = world.see(report(0, seen()))
    with pytest.raises(Unavailable):
        world.tell(change, notifier=Broken())
    with pytest.raises(Conflict):
        world.tell(change, now_s=6)
    assert world.tell(change, now_s=5 + CLAIM_LEASE_S) == 1
    assert len(world.people.sent) == 1


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0), (2, 0, 1), (1, 2, 0), (0, 2, 1)])
def test_one_presence_is_told_once_in_whatever_order_its_frames_come(order: tuple[int, ...]) -> None:
    world = World()
    for second in order:
        world.tell(world.see(report(second, seen())))
    assert len(world.people.sent) == 1
    assert world.alerts() == [("20260131T120000000Z", AlertState.SENT)]


def test_two_that_turn_out_to_be_one_leave_one_alert() -> None:
    world = World()
    for second in (0, 5, 2.5):
        world.tell(world.see(report(second, seen())))
    assert len(world.people.sent) == 2, "who could know before the third frame came?"
    assert world.alerts() == [("20260131T120000000Z", AlertState.SENT)]


def test_one_that_turns_out_to_be_two_is_told_of_twice() -> None:
    # At 0 and 2 s in one place; the late frame shows that the first one had walked over there by 1 s.
    world = World()
    for frame in (report(0, seen(x=0.2)), report(2, seen(x=0.2))):
        world.tell(world.see(frame))
    assert len(world.people.sent) == 1
    world.tell(world.see(report(1, seen(x=0.6), seen(x=0.21, confidence=0.95))))
    in_order = World()
    for frame in (report(0, seen(x=0.2)), report(1, seen(x=0.6), seen(x=0.21, confidence=0.95))):
        in_order.tell(in_order.see(frame))
    in_order.tell(in_order.see(report(2, seen(x=0.2))))
    assert world.alerts() == in_order.alerts()
    assert len(world.people.sent) == len(in_order.people.sent) == 2


def test_an_alert_that_is_being_sent_is_not_taken_over() -> None:
    world = World()
    with pytest.raises(Unavailable):
        world.tell(world.see(report(1, seen())), notifier=Broken())
    change = world.see(report(0, seen()))
    with pytest.raises(Conflict, match="is being sent, while it should not be"):
        world.tell(change, now_s=6)
    assert world.tell(change, now_s=5 + CLAIM_LEASE_S) == 1, "its sender had died before it sent anything"
    assert world.alerts() == [("20260131T120000000Z", AlertState.SENT)]


def test_one_person_before_two_cameras_of_a_place_is_told_once_in_either_order() -> None:
    frames = [report(0, seen(), camera="gate"), report(1, seen(), camera="hall")]
    outcomes = []
    for order in (frames, frames[::-1]):
        world = World(ENTRANCE)
        for frame in order:
            world.tell(world.see(frame), camera=frame.key.camera_id)
        assert len(world.people.sent) == 1
        outcomes.append(world.alert_store.alerts(at(0), at(60)))
    ((of_first,), (of_second,)) = outcomes
    assert of_first.alert == of_second.alert
    assert of_first.alert.visit.camera_id == "gate"


def test_the_second_of_two_before_a_place_is_told() -> None:
    world = World(ENTRANCE)
    two = [seen(x=0.2), seen(x=0.8)]
    for frame in (
        report(0, two[0], camera="gate"),
        report(1, two[0], camera="hall"),
        report(2, *two, camera="hall"),
        report(2.5, *two, camera="gate"),
    ):
        world.tell(world.see(frame), camera=frame.key.camera_id)
    assert len(world.people.sent) == 2


def test_two_senders_at_once_cannot_both_charge_one_cooldown() -> None:
    site = replace(SITE, rules=(AlertRule(rule_id="people", cooldown_s=60),))
    world = World(site)
    changes = [world.see(report(second, seen(x=second / 10))) for second in (0, 5)]
    revision = world.alert_store.revision

    def overtaken() -> int:
        found = revision()
        if len(changes) == 2:
            world.tell(changes.pop(), now_s=6)
        return found

    world.alert_store.revision = overtaken  # type: ignore[method-assign]
    world.tell(changes[0], now_s=6)
    assert len(world.people.sent) == 1, "the other sender's claim made this one's plan an old one"
    assert world.alerts() == [("20260131T120000000Z", AlertState.SENT)]


class Budget(FakeNotifier):
    """A notifier with a budget for so many notices."""

    left = 0
    withheld = 0

    def notify(self, notice: Notice) -> Delivery:
        if not self.left:
            self.withheld += 1
            return Delivery.WITHHELD
        self.left -= 1
        return super().notify(notice)


# Somebody else in each of these frames.
QUIET = replace(SITE, rules=(AlertRule(rule_id="people", cooldown_s=600),))


def somebody(second: int) -> FrameReport:
    return report(second, seen(x=0.1 if second % 20 else 0.9))


def test_an_alert_that_a_budget_withholds_is_no_alert_that_was_sent() -> None:
    world, budget = World(QUIET), Budget()
    changes = [world.see(somebody(second)) for second in (0, 10, 20, 30)]
    assert [world.tell(change, notifier=budget) for change in changes[:2]] == [0, 0]
    # However often the events come again, each is tried once.
    assert [world.tell(change, notifier=budget) for change in changes[:2] * 3] == [0] * 6
    assert budget.withheld == 2
    # The cap opens: the next one goes out, though the cooldown of those before would last.
    budget.left = 9
    sent = [world.tell(change, now_s=40, notifier=budget) for change in (*changes, *changes)]
    assert sent == [0, 0, 1, 0, 0, 0, 0, 0]
    assert [state for _, state in world.alerts()] == [AlertState.WITHHELD] * 2 + [AlertState.SENT]
    assert [notice.data["at"] for notice in budget.sent] == ["2026-01-31T12:00:20.000Z"]


def test_what_a_claim_kept_quiet_is_told_when_that_claim_reaches_nobody() -> None:
    world = World(QUIET)
    first, second = (world.see(somebody(second)) for second in (0, 10))

    class Slow(Budget):
        """While its first notice is on its way, another sender looks at the second one."""

        def notify(self, notice: Notice) -> Delivery:
            if not self.withheld:
                assert world.tell(second, now_s=6) == 0, "kept quiet by the claim of the first"
                delivery = super().notify(notice)
                self.left = 1
                return delivery
            return super().notify(notice)

    slow = Slow()
    assert world.tell(first, notifier=slow) == 1
    assert [notice.data["at"] for notice in slow.sent] == ["2026-01-31T12:00:10.000Z"]
    assert [state for _, state in world.alerts()] == [AlertState.WITHHELD, AlertState.SENT]


def test_many_that_are_withheld_at_once_are_each_tried_once() -> None:
    world, budget = World(replace(SITE, rules=(AlertRule(rule_id="people", cooldown_s=9999),))), Budget()
    for second in range(0, 800, 10):
        world.see(somebody(second))
    everything = VisitsChange((), at(0), at(3600), asks=True)
    for _ in range(2):
        assert world.tell(everything, now_s=800, notifier=budget) == 0
        assert budget.withheld == len(world.alerts()) == 80


def test_the_lease_outlasts_the_function_and_ends_before_the_message_is_given_up() -> None:
    function, queue = CATALOG.function_of("alerts"), CATALOG.queues[1]
    assert function.timeout.total_seconds() < CLAIM_LEASE_S
    assert CATALOG.visibility("alerts").total_seconds() * (queue.max_receives - 1) > CLAIM_LEASE_S
