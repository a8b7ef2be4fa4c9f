"""Which of the alerts that are asked for are sent, by tables: cooldowns, snooze, age, places, and heirs."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from tests.builders import NOON, at, visit
from vigie.domain.alerting import (
    Alert,
    AlertPlan,
    AlertPolicy,
    AlertRecord,
    AlertState,
    adds_somebody,
    plan_alerts,
)
from vigie.domain.rules import AlertRule
from vigie.domain.visits import Standing, Visit

SENT, CLAIMED, TOO_OLD = AlertState.SENT, AlertState.CLAIMED, AlertState.TOO_OLD
WITHHELD = AlertState.WITHHELD


def an_alert(seconds: float, rule: str = "a", camera: str = "hall") -> Alert:
    return Alert(rule, visit(seconds, camera=camera), at(seconds))


def a_record(seconds: float, rule: str = "a", state: AlertState = SENT, camera: str = "hall") -> AlertRecord:
    return AlertRecord(an_alert(seconds, rule, camera), state, at(seconds + 1))


def planned(
    asked: Sequence[Alert],
    stored: Sequence[AlertRecord] = (),
    *,
    cooldown_s: float = 60,
    overall_s: float = 0,
    snoozed_until: datetime | None = None,
    begin: datetime = NOON,
    now_s: float = 300,
) -> AlertPlan:
    rules = tuple(AlertRule(rule_id=name, cooldown_s=cooldown_s) for name in ("a", "b"))
    policy = AlertPolicy(
        rules=rules,
        cooldown_s=overall_s,
        snoozed_until=snoozed_until,
        max_alert_age_s=900,
        places=(("hall", "gate"),),
    )
    return plan_alerts(asked, stored, begin=begin, policy=policy, is_news=lambda _: True, now=at(now_s))


def due(plan: AlertPlan) -> list[tuple[str, float]]:
    return [(alert.rule_id, (alert.asked_at - NOON).total_seconds()) for alert, _ in plan.due]


def test_a_cooldown_counts_capture_time_from_the_last_that_was_sent() -> None:
    asked = [an_alert(seconds) for seconds in (0, 59, 60, 119, 120)]
    assert due(planned(asked)) == [("a", 0), ("a", 60), ("a", 120)]
    assert due(planned(asked, cooldown_s=0)) == [("a", seconds) for seconds in (0, 59, 60, 119, 120)]


def test_rules_have_their_own_cooldowns_and_one_over_all() -> None:
    asked = [an_alert(0), an_alert(1, "b"), an_alert(20, "b"), an_alert(70)]
    assert due(planned(asked)) == [("a", 0), ("b", 1), ("a", 70)]
    assert due(planned(asked, overall_s=10)) == [("a", 0), ("b", 20), ("a", 70)]


def test_what_lies_before_charges_too_unless_it_was_not_sent() -> None:
    asked, begin = [an_alert(30)], at(30)
    assert due(planned(asked, [a_record(0)], begin=begin)) == []
    assert due(planned(asked, [a_record(0, state=CLAIMED)], begin=begin)) == []
    assert due(planned(asked, [a_record(0, state=TOO_OLD)], begin=begin)) == [("a", 30)]
    assert due(planned(asked, [a_record(0, state=WITHHELD)], begin=begin)) == [("a", 30)]


def test_what_a_budget_withheld_is_judged_for_good_and_has_no_heir() -> None:
    asked = [an_alert(0), an_alert(30)]
    assert due(planned(asked, [a_record(0, state=WITHHELD)])) == [("a", 30)]
    plan = planned([an_alert(30)], [a_record(0, state=WITHHELD)])
    assert (plan.adoptions, due(plan)) == ((), [("a", 30)]), "nobody was told, so that the next one is"


def test_a_snooze_is_recorded_and_forgets_nothing() -> None:
    asked = [an_alert(0), an_alert(100)]
    plan = planned(asked, [a_record(0)], snoozed_until=at(200))
    assert plan == AlertPlan(silent=((an_alert(100), None, AlertState.SNOOZED),))
    # Once it is over nobody is told of what it held back.
    assert planned(asked, [a_record(0), a_record(100, state=AlertState.SNOOZED)]) == AlertPlan()
    assert due(planned(asked, [a_record(0)], snoozed_until=at(100))) == [("a", 100)]
    assert due(planned([an_alert(100)], snoozed_until=at(99))) == [("a", 100)]


def test_what_is_too_old_is_recorded_and_charges_nothing() -> None:
    plan = planned([an_alert(0), an_alert(50)], now_s=901)
    assert plan.silent == ((an_alert(0), None, TOO_OLD),)
    assert due(plan) == [("a", 50)]
    assert due(planned([an_alert(0)], now_s=900)) == [("a", 0)]


def test_what_is_sent_is_not_due_and_what_is_claimed_comes_with_its_record() -> None:
    assert planned([an_alert(0)], [a_record(0)]) == AlertPlan()
    claim = a_record(0, state=CLAIMED)
    assert planned([an_alert(0)], [claim]).due == ((an_alert(0), claim),)


def test_an_earlier_one_that_comes_late_takes_over_what_people_were_told() -> None:
    later = a_record(30)
    plan = planned([an_alert(0), an_alert(30)], [later])
    assert plan == AlertPlan(adoptions=((later, an_alert(0)),))


def test_the_nearest_inherits_and_the_rest_is_sent() -> None:
    told = a_record(50)
    plan = planned([an_alert(0), an_alert(50), an_alert(65)], [told])
    assert plan.adoptions == ((told, an_alert(0)),)
    assert due(plan) == [("a", 65)]


def test_a_claim_that_has_grown_too_old_is_recorded_and_not_sent() -> None:
    claim = a_record(0, state=CLAIMED)
    plan = planned([an_alert(0)], [claim], now_s=901)
    assert plan == AlertPlan(silent=((an_alert(0), claim, TOO_OLD),))


def test_a_rule_that_was_edited_does_not_unsay_what_was_told() -> None:
    told = [a_record(seconds) for seconds in (0, 10, 20)]
    assert planned([an_alert(seconds) for seconds in (0, 10, 20)], told, cooldown_s=60) == AlertPlan()


def test_what_people_were_told_of_one_camera_or_kind_stands_for_no_other() -> None:
    gone = a_record(10)
    elsewhere = an_alert(12, camera="yard")
    assert planned([elsewhere], [gone]).orphans == (gone,)
    assert due(planned([elsewhere], [gone])) == [("a", 12)]
    car = Alert("a", visit(12, label="car"), at(12))
    assert planned([car], [gone]).orphans == (gone,)
    beside = an_alert(12, camera="gate")
    assert planned([beside], [gone]).adoptions == ((gone, beside),), "hall and gate are one place"


def test_an_alert_whose_visit_is_no_more_goes_over_within_its_rule_only() -> None:
    gone = a_record(10)
    assert planned([an_alert(5, "b")], [gone]).orphans == (gone,)
    assert planned([an_alert(5)], [gone]).adoptions == ((gone, an_alert(5)),)
    never_sent = a_record(10, state=TOO_OLD)
    plan = planned([an_alert(5)], [never_sent])
    assert (plan.orphans, due(plan)) == ((never_sent,), [("a", 5)])


def test_a_rule_that_was_removed_keeps_its_past_and_has_no_future() -> None:
    plan = planned([an_alert(0, "gone"), an_alert(90, "gone")], [a_record(0, "gone")])
    assert plan == AlertPlan()


def shown(
    camera: str, seconds: float, *, asked_s: float | None = None, rule: str = "a", label: str = "person"
) -> Visit:
    """A visit that began then and made the rule ask, at once unless said otherwise."""
    asked_at = at(seconds if asked_s is None else asked_s)
    standing = Standing(rule, asked_at, asked_at, asked_at=asked_at, number=1)
    return replace(visit(seconds, camera=camera, label=label), standings=(standing,))


PLACE_ROWS: list[tuple[str, list[Visit], bool]] = [
    ("the first before any camera", [], True),
    ("another camera shows the same one already", [shown("gate", 5)], False),
    ("another camera will show him later", [shown("gate", 11)], True),
    ("another rule asked about it", [shown("gate", 5, rule="b")], True),
    ("the camera shows two, the other one", [shown("hall", 4), shown("gate", 5)], True),
    ("both show two by now", [shown("hall", 4), shown("gate", 5), shown("gate", 6)], False),
    ("at the same instant the camera first by name counts", [shown("gate", 10)], False),
    ("and not the one after it", [shown("yard", 10)], True),
    ("it was there before, and asked after", [shown("gate", 1, asked_s=12)], True),
    ("the other camera shows a car", [shown("gate", 5, label="car")], True),
]


@pytest.mark.parametrize(("why", "others", "news"), PLACE_ROWS, ids=[row[0] for row in PLACE_ROWS])
def test_one_person_on_several_cameras_of_a_place_is_one_alert(
    why: str, others: list[Visit], news: bool
) -> None:
    assert adds_somebody(an_alert(10), [*others, shown("hall", 10)]) is news, why
