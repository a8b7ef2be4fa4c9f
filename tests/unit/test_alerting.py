"""Alert rules by a table, the age limit, and the words."""

from zoneinfo import ZoneInfo

import pytest

from tests.builders import at, visit
from vigie.domain.alerting import Alert, AlertRule, alerts_for, is_too_old, message_for
from vigie.domain.cameras import Camera
from vigie.domain.visits import Visit

PERSON_AT_DOOR = visit(zones=("door",))
CAR_IN_YARD = visit(camera="yard", label="car")


@pytest.mark.parametrize(
    ("rule", "told_of", "why"),
    [
        (AlertRule(rule_id="r"), [PERSON_AT_DOOR], "people, unless said otherwise"),
        (AlertRule(rule_id="r", labels=()), [PERSON_AT_DOOR, CAR_IN_YARD], "any label"),
        (AlertRule(rule_id="r", labels=("car", "bus")), [CAR_IN_YARD], "one of the labels"),
        (AlertRule(rule_id="r", labels=(), cameras=("yard",)), [CAR_IN_YARD], "one camera"),
        (AlertRule(rule_id="r", zones=("door", "step")), [PERSON_AT_DOOR], "one of the zones"),
        (AlertRule(rule_id="r", zones=("gate",)), [], "none of the zones"),
        (AlertRule(rule_id="r", cameras=("yard",)), [], "camera and label must both fit"),
    ],
)
def test_rules(rule: AlertRule, told_of: list[Visit], why: str) -> None:
    alerts = alerts_for([PERSON_AT_DOOR, CAR_IN_YARD], [rule])
    assert [alert.visit for alert in alerts] == told_of, why


def test_each_rule_gives_its_own_alert_with_an_id_that_stays() -> None:
    rules = [AlertRule(rule_id="all"), AlertRule(rule_id="door", zones=("door",))]
    assert [alert.alert_id for alert in alerts_for([PERSON_AT_DOOR], rules)] == [
        "all/hall-20260131T120000000Z-person-1",
        "door/hall-20260131T120000000Z-person-1",
    ]


@pytest.mark.parametrize(("age_s", "too_old"), [(-30, False), (0, False), (900, False), (900.001, True)])
def test_what_is_long_past_wakes_nobody(age_s: float, too_old: bool) -> None:
    assert is_too_old(Alert("people", visit()), now=at(age_s), max_alert_age_s=900) is too_old


def test_the_words_say_who_where_and_when_in_local_time() -> None:
    message = message_for(
        Alert("people", PERSON_AT_DOOR), camera=Camera("hall", "Entrance hall"), tz=ZoneInfo("Europe/Paris")
    )
    assert message.subject == "Person at Entrance hall, 13:00:00"
    assert message.text == (
        "A person came into view of Entrance hall (door) on Saturday 31 January 2026 at 13:00:00 CET.\n"
        "Confidence 90%, rule 'people', visit hall-20260131T120000000Z-person-1.\n"
    )
