"""Which frames are compared, how detections match, and what many comparisons say together."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from tests.builders import at, box, report, seen
from vigie.documents import read_object
from vigie.domain.agreement import NOTHING, EngineFigures, Tally, sum_up
from vigie.domain.comparison import (
    LABELS_THERE,
    Comparison,
    ComparisonState,
    FrameComparison,
    Match,
    lot_of,
    match,
    obstacle,
    review_key,
)
from vigie.domain.detections import DEFAULT_LABELS, Detection
from vigie.domain.frames import FrameKey
from vigie.domain.hours import Hours
from vigie.errors import ConfigError

PARIS = ZoneInfo("Europe/Paris")
PERSON = seen()


def test_every_label_of_ours_has_a_name_there() -> None:
    assert set(LABELS_THERE.values()) == set(DEFAULT_LABELS)


def test_a_share_of_frames_is_chosen_and_of_a_frame_always_the_same() -> None:
    frames = [report(n / 2, PERSON) for n in range(4000)]
    chosen = [Comparison(share=0.1).chooses(each, PARIS) for each in frames]
    # 400 are expected; three standard deviations are 57.
    assert 343 <= sum(chosen) <= 457
    assert chosen == [Comparison(share=0.1).chooses(each, PARIS) for each in frames]
    # Who raises the share keeps what was chosen before.
    more = [Comparison(share=0.2).chooses(each, PARIS) for each in frames]
    assert all(later for before, later in zip(chosen, more, strict=True) if before)
    assert 0 <= min(lot_of(each.key) for each in frames) < max(lot_of(each.key) for each in frames) < 1


@pytest.mark.parametrize(
    ("why", "comparison", "chosen"),
    [
        ("nothing was asked for", Comparison(), False),
        ("all", Comparison(share=1), True),
        ("the camera", Comparison(share=1, cameras=("hall",)), True),
        ("another camera", Comparison(share=1, cameras=("yard",)), False),
        ("a label that is there", Comparison(share=1, labels=("car", "person")), True),
        ("a label that is not", Comparison(share=1, labels=("car",)), False),
        ("one o'clock in Paris", Comparison(share=1, hours=(Hours(begin="13:00", end="14:00"),)), True),
        ("noon in Paris", Comparison(share=1, hours=(Hours(begin="12:00", end="13:00"),)), False),
        ("a day of nothing", Comparison(share=1, per_day=0), False),
    ],
)
def test_what_is_asked_for_is_chosen(why: str, comparison: Comparison, chosen: bool) -> None:
    assert comparison.chooses(report(0, PERSON), PARIS) is chosen, why


def test_what_rekognition_looked_at_is_not_shown_to_it_again() -> None:
    theirs = replace(report(0, PERSON), model="rekognition 3.0")
    assert not Comparison(share=1).chooses(theirs, PARIS)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"share": 1.5}, "share of the comparison is 0 to 1"),
        ({"min_overlap": 0}, "min_overlap of the comparison is over 0"),
        ({"per_day": -1}, "per_day of the comparison is 0 to"),
        ({"labels": ["cat"]}, "not 'cat'"),
        ({"shares": 1}, "shares is no known key"),
    ],
)
def test_a_comparison_that_cannot_be_is_refused_in_a_sentence(
    document: dict[str, object], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        read_object(Comparison, document, source="site.json")


@pytest.mark.parametrize(
    ("width", "height", "fits"), [(640, 360, True), (80, 80, True), (79, 200, False), (10_001, 90, False)]
)
def test_sizes_that_rekognition_refuses_are_known_before_it_is_paid(
    width: int, height: int, fits: bool
) -> None:
    assert (obstacle(width=width, height=height) == "") is fits


def wide(label: str, x: float, width: float = 0.2) -> Detection:
    return Detection(label, 0.9, box(x, width=width))


def test_each_detection_is_matched_once_the_best_overlap_first() -> None:
    ours = (wide("person", 0.30), wide("person", 0.36))
    theirs = (wide("person", 0.35), wide("person", 0.8))
    first, *rest = match(ours, theirs, min_overlap=0.5)
    assert (first.ours, first.theirs) == (ours[1], theirs[0])
    assert first.overlap == pytest.approx(0.19 / 0.21)
    assert rest == [Match(ours[0], None), Match(None, theirs[1])]


def test_one_label_goes_before_a_better_overlap_and_the_rest_is_confusion() -> None:
    ours = (wide("truck", 0.30),)
    theirs = (wide("bus", 0.30), wide("truck", 0.34))
    assert [(m.ours, m.theirs) for m in match(ours, theirs, min_overlap=0.5)] == [
        (ours[0], theirs[1]),
        (None, theirs[0]),
    ]
    (confused,) = match(ours, theirs[:1], min_overlap=0.5)
    assert (confused.ours, confused.theirs, confused.agrees) == (ours[0], theirs[0], False)
    assert match(ours, theirs[1:], min_overlap=0.9) == (Match(ours[0], None), Match(None, theirs[1]))
    assert match((), (), min_overlap=0.5) == ()


def test_a_second_label_for_one_thing_is_no_miss_of_the_other_engine() -> None:
    car, truck, weaker = wide("car", 0.3), wide("truck", 0.31), replace(wide("truck", 0.3), confidence=0.5)
    both = (weaker, car)
    for ours, theirs in ((car,), both), (both, (car,)), ((truck,), (car, weaker)), (both, both):
        (one,) = match(ours, theirs, min_overlap=0.5)
        assert one.agrees, (ours, theirs)
    assert match((), both, min_overlap=0.5) == (Match(None, car),)
    assert match(both, (), min_overlap=0.5) == (Match(car, None),)
    beside = (car, wide("car", 0.31), wide("person", 0.3), wide("truck", 0.4))
    assert len(match(beside, (), min_overlap=0.5)) == 4, "other things, or one beside the other"


def compared(
    seconds: float, ours: tuple[Detection, ...], theirs: tuple[Detection, ...], camera: str = "hall"
) -> FrameComparison:
    return FrameComparison(
        key=FrameKey(camera, at(seconds)),
        width=640,
        height=360,
        compared_at=at(seconds),
        ours=ours,
        theirs=theirs,
        our_model="yolov8n",
        their_model="rekognition 3.0",
        our_ms=40.0 + seconds / 3600,
        their_ms=400.0,
        micro_usd=1000,
    )


def test_comparisons_sum_up_by_label_camera_and_hour() -> None:
    person, car = wide("person", 0.3), wide("car", 0.7)
    refused = FrameComparison(
        key=FrameKey("hall", at(5)),
        width=9,
        height=9,
        compared_at=at(5),
        state=ComparisonState.NOT_COMPARABLE,
        reason="9x9 pixels",
    )
    everything = (
        compared(0, (person, car), (person,)),
        compared(3600, (car,), (wide("truck", 0.7), person)),
        compared(0, (), (), camera="yard"),
        refused,
    )
    found = sum_up(everything, PARIS, our_usd_a_second=0.00003)
    assert (found.frames, found.not_comparable, found.micro_usd, found.recorded) == (3, 1, 3000, False)
    assert found.labels == {"person": Tally(1, 0, 1), "car": Tally(0, 2, 0), "truck": Tally(0, 0, 1)}
    assert found.cameras == {"hall": Tally(1, 2, 2)}
    assert found.hours == {13: Tally(1, 1, 0), 14: Tally(0, 1, 2)}
    assert found.confusion == {
        ("person", "person"): 1,
        ("car", NOTHING): 1,
        ("car", "truck"): 1,
        (NOTHING, "person"): 1,
    }
    ours, theirs = found.engines
    assert (ours.name, ours.p50_ms) == ("YOLO", 40.0)
    assert ours.usd == pytest.approx(0.00003 * (121 / 3))
    assert theirs == EngineFigures("Rekognition", 400.0, 400.0, 1.0)
    assert found.labels["person"].agreement == 0.5
    assert Tally().agreement is None


def test_nothing_compared_has_no_engines() -> None:
    nothing = sum_up((), PARIS, our_usd_a_second=1)
    assert (nothing.frames, nothing.engines, nothing.labels) == (0, (), {})


def test_recorded_answers_are_known_as_such() -> None:
    recorded = replace(compared(0, (), ()), their_model="rekognition 3.0-recorded")
    assert sum_up((recorded,), PARIS, our_usd_a_second=1).recorded


def test_a_picture_for_review_lies_apart_from_the_frames() -> None:
    assert review_key(FrameKey("hall", at(0))) == "review/hall/2026/01/31/12/20260131T120000000Z.jpg"
