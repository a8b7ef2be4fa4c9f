"""The synthetic tracks, whose truth must be true; and our visits on them (at length: bench_visits.py)."""

from collections import Counter

import pytest

from tests.builders import seen
from tests.tracks import Seen, found_visits, reports, scene, three_cameras, true_visits
from vigie.domain.detections import Detection
from vigie.domain.visits import VisitLimits

LIMITS = VisitLimits()


@pytest.mark.parametrize(
    ("why", "moments", "expected"),
    [
        ("nobody", {}, 0),
        ("seen again after just three seconds", {0: 0.9, 3: 0.9}, 1),
        ("seen again later", {0: 0.9, 4: 0.9}, 2),
        ("weak goes on", {0: 0.9, 3: 0.3, 6: 0.9}, 1),
        ("weak does not begin", {0: 0.3, 1: 0.3}, 0),
        ("weak does not begin again", {0: 0.9, 4: 0.3}, 1),
    ],
)
def test_the_truth_of_one_person(why: str, moments: dict[int, float], expected: int) -> None:
    frames = [Seen(second, (seen(confidence=confidence),), (7,)) for second, confidence in moments.items()]
    assert true_visits(frames, LIMITS, interval_s=1) == expected


def test_a_scene_shows_the_same_people_at_every_rate_and_each_once_a_frame() -> None:
    slow, fast = scene(3, 4).sample(0.5), scene(3, 4).sample(5)
    assert slow == scene(3, 4).sample(0.5)
    nearby = {frame.second: frame for frame in fast}
    both = 0
    for frame in slow:
        assert max(Counter(frame.who).values(), default=1) == 1
        there = dict(zip(nearby[frame.second].who, nearby[frame.second].detections, strict=True))
        for who, detection in zip(frame.who, frame.detections, strict=True):
            both += who in there
            assert who not in there or _are_near(detection, there[who])
    assert both > 50


def _are_near(a: Detection, b: Detection) -> bool:
    return abs(a.box.x1 - b.box.x1) < 0.05 and abs(a.box.y2 - b.box.y2) < 0.1


def test_two_thousand_frames_of_three_cameras() -> None:
    found = three_cameras(1)
    assert len(found) == len({report.key for report in found}) == 2000
    assert Counter(report.key.camera_id for report in found) == {"door": 667, "hall": 667, "street": 666}
    assert {len(report.detections) for report in found} == {0, 1, 2, 3}


def test_visits_are_counted_within_two_percent_at_one_frame_a_second() -> None:
    true = found = 0
    for people in (1, 2, 3, 4, 5):
        for seed in range(6):
            frames = scene(seed, people).sample(1)
            true += true_visits(frames, LIMITS, interval_s=1)
            found += found_visits(reports(frames, "hall", interval_s=1), LIMITS)
    assert true > 500
    assert abs(found - true) <= 0.02 * true
