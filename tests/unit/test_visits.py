"""The association rule by tables of tracks: who owns what, when a visit begins, goes on and ends."""

import random
from collections.abc import Callable, Sequence

import pytest

from tests.builders import at, report, seen
from vigie.domain.detections import Detection
from vigie.domain.following import Following, follow
from vigie.domain.reports import FrameReport
from vigie.domain.series import Minute, extend_minute, fold_minute, visits_of
from vigie.domain.visits import Visit, VisitLimits

LIMITS = VisitLimits()
FOLLOWING = Following(LIMITS)


def visits(reports: Sequence[FrameReport], following: Following = FOLLOWING) -> tuple[Visit, ...]:
    """All visits of reports within one minute, by the fold that the system uses."""
    minute = fold_minute(None, reports, following)
    return visits_of([minute] if minute else [])


def spans(found: Sequence[Visit]) -> list[tuple[str, float, float]]:
    """Label, first and last second after noon."""
    return [
        (v.label, (v.started_at - at(0)).total_seconds(), (v.last_seen_at - at(0)).total_seconds())
        for v in found
    ]


ROWS: list[tuple[str, dict[float, list[Detection]], list[tuple[str, float, float]]]] = [
    ("nobody", {0: [], 1: []}, []),
    ("one frame is a visit", {0: [], 1: [seen()], 2: []}, [("person", 1, 1)]),
    ("one who stands", {0: [seen()], 1: [seen()], 2: [seen()]}, [("person", 0, 2)]),
    ("one who walks", {0: [seen(x=0.2)], 1: [seen(x=0.4)], 2: [seen(x=0.6)]}, [("person", 0, 2)]),
    ("absent for just 3 s", {0: [seen()], 3: [seen()]}, [("person", 0, 3)]),
    ("absent for longer", {0: [seen()], 3.001: [seen()]}, [("person", 0, 0), ("person", 3.001, 3.001)]),
    ("two at once", {0: [seen(x=0.2), seen(x=0.8)], 1: [seen(x=0.2), seen(x=0.8)]}, [("person", 0, 1)] * 2),
    (
        "two who cross stay two",
        {t: [seen(x=0.2 + 0.1 * t), seen(x=0.8 - 0.1 * t)] for t in range(7)},
        [("person", 0, 6)] * 2,
    ),
    (
        "one leaves, another comes elsewhere",
        {0: [seen(x=0.05)], 0.5: [seen(x=0.05)], 1: [seen(x=0.95)]},
        [("person", 0, 0.5), ("person", 1, 1)],
    ),
    ("too weak to begin", {0: [seen(confidence=0.49)], 1: [seen(confidence=0.49)]}, []),
    ("weak goes on", {0: [seen()], 2: [seen(confidence=0.3)], 4: [seen()]}, [("person", 0, 4)]),
    (
        "too weak to go on",
        {0: [seen()], 2: [seen(confidence=0.2)], 4: [seen()]},
        [("person", 0, 0), ("person", 4, 4)],
    ),
    (
        "the confident one owns, not the weak one that is nearer",
        {0: [seen(x=0.5)], 1: [seen(x=0.6), seen(x=0.51, confidence=0.3)]},
        [("person", 0, 1)],
    ),
    ("labels do not mix", {0: [seen()], 1: [seen("dog")]}, [("person", 0, 0), ("dog", 1, 1)]),
    (
        "a car beside a person",
        {0: [seen(), seen("car")], 1: [seen("car")]},
        [("car", 0, 1), ("person", 0, 0)],
    ),
]


@pytest.mark.parametrize(("why", "frames", "expected"), ROWS, ids=[row[0] for row in ROWS])
def test_visits(
    why: str, frames: dict[float, list[Detection]], expected: list[tuple[str, float, float]]
) -> None:
    assert spans(visits([report(second, *found) for second, found in frames.items()])) == expected


@pytest.mark.parametrize("rate", [0.2, 0.5, 1, 2, 5, 10])
def test_a_walk_through_the_picture_is_one_visit_at_any_rate(rate: float) -> None:
    # 20 s through the picture, 8 s of nobody, 20 s back: what the rate leaves of it is two visits.
    walk = []
    for number in range(int(50 * rate)):
        second = number / rate
        along = second / 20 if second <= 20 else (second - 30) / 20 if second >= 30 else None
        found = [seen(x=0.1 + 0.8 * along)] if along is not None and along <= 1 else []
        walk.append(report(second, *found, interval_s=1 / rate))
    assert len(visits(walk)) == 2


def test_a_parked_car_is_the_same_one_after_an_occlusion_and_for_as_long_as_is_set() -> None:
    # Half an hour in its place, hidden for 14 minutes, there for 5, hidden for 16.
    there = [*range(0, 1800, 10), *range(2640, 2940, 10), 3900]
    found = long_day(there, lambda _: seen("car", x=0.5))
    assert spans(found) == [("car", 0, 2930), ("car", 3900, 3900)]
    assert len(long_day(there, lambda _: seen("car", x=0.5), VisitLimits(still_memory_s=3600))) == 1
    assert len(long_day(there, lambda _: seen("car", x=0.5), VisitLimits(still_memory_s=0))) == 3


def test_a_car_that_comes_to_another_place_is_another_one() -> None:
    found = long_day([*range(0, 300, 10), 600], lambda second: seen("car", x=0.5 if second < 600 else 0.62))
    assert len(found) == 2


def test_one_who_passes_a_parked_car_is_not_taken_for_it() -> None:
    def scene(second: int) -> list[Detection]:
        car = [] if second in {400, 401, 402, 403, 404} else [seen("car", x=0.5)]
        return [*car, seen("car", x=0.1 + 0.1 * (second - 398), y=0.66)] if 398 <= second < 406 else car

    reports = [report(second, *scene(second), interval_s=1.0) for second in range(450)]
    assert len(fold_all(reports)) == 2


def long_day(
    seconds: Sequence[int], sight: Callable[[int], Detection], limits: VisitLimits = LIMITS
) -> tuple[Visit, ...]:
    """The visits of a thing that is seen at these seconds of an hour and a quarter, a frame each 10 s."""
    reports = [
        report(second, *([sight(second)] if second in seconds else []), interval_s=10.0)
        for second in range(0, 4500, 10)
    ]
    return fold_all(reports, Following(limits))


def fold_all(reports: Sequence[FrameReport], following: Following = FOLLOWING) -> tuple[Visit, ...]:
    """All visits of reports in order, over as many minutes as they take."""
    minutes: list[Minute] = []
    for each in reports:
        minute = extend_minute(minutes[-1] if minutes else None, each, following)
        minutes = [m for m in minutes if m.begins_at != minute.begins_at] + [minute]
    return visits_of(minutes)


def test_a_vehicle_under_two_labels_is_one() -> None:
    flickering = [report(t, seen(("car", "truck", "bus")[t % 3], x=0.2 + 0.02 * t)) for t in range(12)]
    assert spans(visits(flickering)) == [("car", 0, 11)]
    both = [report(t, seen("car"), seen("truck", confidence=0.8)) for t in range(5)]
    assert spans(visits(both)) == [("car", 0, 4)]
    minute = fold_minute(None, both, FOLLOWING)
    assert minute is not None
    assert minute.vehicles == 1


def test_low_rates_widen_the_memory_and_nothing_else_does() -> None:
    assert LIMITS.memory_s(None) == 3
    assert LIMITS.memory_s(0.1) == 3
    assert LIMITS.memory_s(5) == 7.5
    assert LIMITS.memory_s(1e9) == 86_400


def test_owners_run_parallel_to_the_detections() -> None:
    found = follow((), report(0, seen(), seen(confidence=0.3), seen("car")), FOLLOWING)
    assert [owner and owner.label for owner in found.owners] == ["person", None, "car"]


def test_visit_ids_tell_apart_what_began_together() -> None:
    found = visits([report(0.5, seen(x=0.1), seen(x=0.9), seen("car"))])
    assert [visit.visit_id for visit in found] == [
        "hall-20260131T120000500Z-car-3",
        "hall-20260131T120000500Z-person-1",
        "hall-20260131T120000500Z-person-2",
    ]


def test_a_visit_remembers_its_best_frame_and_every_zone() -> None:
    (visit,) = visits(
        [
            report(0, seen(confidence=0.6, zones=("step",))),
            report(1, seen(confidence=0.95, zones=("door",))),
            report(2, seen(confidence=0.7)),
        ]
    )
    assert visit.confidence == 0.95
    assert visit.best_frame.captured_at == at(1)
    assert visit.zones == ("door", "step")


def test_the_order_of_reports_does_not_matter_to_a_minute() -> None:
    reports = [report(second / 2, seen(x=0.1 + second / 100), seen("car", x=0.9)) for second in range(60)]
    orderly = fold_minute(None, reports, FOLLOWING)
    for seed in range(5):
        shuffled = random.Random(seed).sample(reports, len(reports))
        assert fold_minute(None, shuffled, FOLLOWING) == orderly


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"absence_s": 0}, "absence_s must be more than 0"),
        ({"absence_s": 86401}, "at most 86400"),
        ({"keep_confidence": 0.6}, "keep_confidence <= begin_confidence"),
        ({"keep_confidence": 0}, "0 < keep_confidence"),
        ({"begin_confidence": 1.1}, "<= 1 must hold"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(settings: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        VisitLimits(**settings)
