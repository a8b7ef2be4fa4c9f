"""Which visits make a rule ask for an alert, and when: a table of rules over a table of frames."""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

import pytest

from tests.builders import at, report, seen
from vigie.domain.alerting import asked_in
from vigie.domain.detections import Detection
from vigie.domain.following import Following
from vigie.domain.hours import Hours
from vigie.domain.rules import AlertRule, CameraRules
from vigie.domain.series import fold_minute
from vigie.domain.visits import VisitLimits

Scenes = Mapping[float, Sequence[Detection]]
PARIS = ZoneInfo("Europe/Paris")


def asked(scenes: Scenes, rule: AlertRule) -> list[tuple[float, str, int]]:
    """When the rule asks (seconds after noon), about what, and how many there were."""
    following = Following(VisitLimits(), CameraRules((rule,), PARIS))
    minute = fold_minute(None, [report(second, *found) for second, found in scenes.items()], following)
    alerts = asked_in([minute] if minute else [], at(-3600), at(3600))
    return [((a.asked_at - at(0)).total_seconds(), a.visit.label, a.number) for a in alerts]


def standing(*seconds: float, x: float = 0.5, zones: tuple[str, ...] = ()) -> Scenes:
    return {second: [seen(x=x, zones=zones)] for second in seconds}


def crowd(number: int) -> list[Detection]:
    return [seen(x=0.1 + 0.2 * place) for place in range(number)]


IN, OUT = seen(zones=("door",)), seen()

ROWS: list[tuple[str, AlertRule, Scenes, list[tuple[float, str, int]]]] = [
    ("a beginning", AlertRule(rule_id="r"), standing(1, 2, 3), [(1, "person", 1)]),
    ("people, unless said otherwise", AlertRule(rule_id="r"), {0: [seen("car")]}, []),
    ("one of the labels", AlertRule(rule_id="r", labels=("car", "bus")), {0: [seen("bus")]}, [(0, "bus", 1)]),
    ("any label", AlertRule(rule_id="r", labels=()), {0: [seen("dog")]}, [(0, "dog", 1)]),
    (
        "one who walks into a zone, once",
        AlertRule(rule_id="r", zones=("door",)),
        {0: [OUT], 1: [IN], 2: [OUT], 3: [IN]},
        [(1, "person", 1)],
    ),
    ("another zone", AlertRule(rule_id="r", zones=("gate",)), {0: [IN], 1: [IN]}, []),
    ("too short a stay", AlertRule(rule_id="r", min_stay_s=5), standing(0, 2, 4), []),
    ("long enough", AlertRule(rule_id="r", min_stay_s=5), standing(0, 2, 4, 6, 8), [(6, "person", 1)]),
    (
        "a stay is one of that zone",
        AlertRule(rule_id="r", zones=("door",), min_stay_s=4),
        {0: [OUT], 2: [OUT], 4: [IN], 6: [IN], 8: [IN]},
        [(8, "person", 1)],
    ),
    (
        "a step out of the zone does not end the stay",
        AlertRule(rule_id="r", zones=("door",), min_stay_s=4),
        {0: [IN], 2: [OUT], 3: [IN], 4: [IN]},
        [(4, "person", 1)],
    ),
    (
        "a walk elsewhere does",
        AlertRule(rule_id="r", zones=("door",), min_stay_s=4),
        {0: [IN], 2: [OUT], 4: [OUT], 6: [IN], 8: [IN]},
        [],
    ),
    ("too few", AlertRule(rule_id="r", min_number=3), {0: crowd(2), 1: crowd(2)}, []),
    (
        "enough",
        AlertRule(rule_id="r", min_number=3),
        {0: crowd(2), 1: crowd(3), 2: crowd(4)},
        [(1, "person", 3)],
    ),
    (
        "one who misses a frame makes no new crowd",
        AlertRule(rule_id="r", min_number=2),
        {0: crowd(2), 1: crowd(1), 2: crowd(2), 30: crowd(2)},
        [(0, "person", 2), (30, "person", 2)],
    ),
    (
        "two who came one after the other were never two",
        AlertRule(rule_id="r", min_number=2),
        {0: [seen(x=0.1)], 1: [seen(x=0.9)]},
        [],
    ),
    (
        "a crowd that stays",
        AlertRule(rule_id="r", min_number=2, min_stay_s=4),
        {0: crowd(1), 2: crowd(2), 4: crowd(2), 6: crowd(2)},
        [(6, "person", 2)],
    ),
    (
        "before the hours, and still there when they begin",
        AlertRule(rule_id="r", hours=(Hours(begin="13:00"),)),
        standing(-2, -1, 0, 1),
        [(0, "person", 1)],
    ),
    ("after the hours", AlertRule(rule_id="r", hours=(Hours(end="13:00"),)), standing(0, 1), []),
    ("another day", AlertRule(rule_id="r", hours=(Hours(days=("sun",)),)), standing(0, 1), []),
    (
        "one of two spans",
        AlertRule(rule_id="r", hours=(Hours(end="01:00"), Hours(days=("sat",)))),
        standing(0),
        [(0, "person", 1)],
    ),
]


@pytest.mark.parametrize(("why", "rule", "scenes", "expected"), ROWS, ids=[row[0] for row in ROWS])
def test_asking(why: str, rule: AlertRule, scenes: Scenes, expected: list[tuple[float, str, int]]) -> None:
    assert asked(scenes, rule) == expected


def test_a_rule_about_another_camera_is_not_asked() -> None:
    assert AlertRule(rule_id="r", cameras=("yard",)).looks_at("yard")
    assert not AlertRule(rule_id="r", cameras=("yard",)).looks_at("hall")
