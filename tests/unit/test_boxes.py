"""The choice of boxes from a detection head's output, with three classes."""

import cv2
import numpy as np
import pytest

from vigie.vision.boxes import MAX_BOXES, Boxes, select_boxes, suppress
from vigie.vision.images import Tensor, fit

CAT, DOG, PERSON = 0, 1, 2
ALL = (CAT, DOG, PERSON)

Anchor = tuple[
    float, float, float, float, float, float, float
]  # cx, cy, w, h, then the scores of the classes


def rows(*anchors: Anchor) -> Tensor:
    """Lay anchors out as a head does, [4 + 3, n]."""
    return np.array(anchors, np.float32).reshape(-1, 7).T


def select(
    *anchors: Anchor, classes: tuple[int, ...] = ALL, confidence: float = 0.25, iou: float = 0.5
) -> Boxes:
    box = fit(640, 640, into=(640, 640), stride=32)
    wanted = np.array(classes, np.intp)
    return select_boxes(rows(*anchors), box, classes=wanted, confidence=confidence, iou=iou)


# Boxes 10 wide and high: moved by 10/3 they overlap by 1/2, and by more when moved less.
A, NEAR, HALF, FAR = 100.0, 103.0, 100 + 10 / 3, 200.0


def at(x: float, cat: float = 0.0, dog: float = 0.0, person: float = 0.0) -> Anchor:
    return x, 100, 10, 10, cat, dog, person


@pytest.mark.parametrize(
    ("anchors", "kept"),
    [  # kept: centre, class, score
        pytest.param([], [], id="no anchors at all"),
        pytest.param([at(A, 0.1, 0.2, 0.1)], [], id="nothing confident"),
        pytest.param([at(A, cat=0.25)], [], id="as confident as asked is not more"),
        pytest.param([at(A, 0.3, 0.6, 0.5)], [(A, DOG, 0.6)], id="one class an anchor, the best"),
        pytest.param([at(A, cat=0.6), at(NEAR, cat=0.9)], [(NEAR, CAT, 0.9)], id="the weaker goes"),
        pytest.param([at(A, 0.6), at(NEAR, 0, 0.9)], [(NEAR, DOG, 0.9), (A, CAT, 0.6)], id="classes apart"),
        pytest.param([at(A, 0.6), at(FAR, 0.9)], [(FAR, CAT, 0.9), (A, CAT, 0.6)], id="places apart"),
        pytest.param(
            [at(A, 0.5), at(FAR, 0.5), at(400, 0.5)],
            [(A, CAT, 0.5), (FAR, CAT, 0.5), (400, CAT, 0.5)],
            id="equal scores keep the output's order",
        ),
        pytest.param(
            [at(98, 0.7), at(100, 0.8), at(103, 0.6), at(104, 0.5)],
            [(100, CAT, 0.8), (104, CAT, 0.5)],
            id="what has gone suppresses nothing: 104 overlaps 103, not 100",
        ),
    ],
)
def test_select_boxes(anchors: list[Anchor], kept: list[tuple[float, int, float]]) -> None:
    found = select(*anchors)
    centres = (found.corners[:, 0] + found.corners[:, 2]) / 2
    expected = np.array(kept, np.float32).reshape(-1, 3)
    np.testing.assert_allclose(centres, expected[:, 0], atol=1e-4)
    np.testing.assert_array_equal(found.classes, expected[:, 1])
    np.testing.assert_array_equal(found.scores, expected[:, 2])
    assert found.corners.shape == (len(kept), 4)


@pytest.mark.parametrize(
    ("iou", "count"),
    [pytest.param(0.51, 2, id="overlap below stays"), pytest.param(0.49, 1, id="overlap above goes")],
)
def test_the_overlap_that_goes(iou: float, count: int) -> None:
    assert len(select(at(A, 0.9), at(HALF, 0.8), iou=iou).scores) == count


@pytest.mark.parametrize("count", [1, 30, 800])
def test_suppression_equals_opencvs(count: int) -> None:
    rng = np.random.default_rng(count)
    places = rng.uniform(0, 640, (2, -(-count // 6))).repeat(6, axis=1)[:, :count]  # six of each thing
    places = np.concatenate((places + rng.normal(0, 5, places.shape), rng.uniform(20, 90, places.shape)))
    boxes, scores = places.astype(np.float32), rng.random(count).astype(np.float32)
    classes = rng.integers(0, 3, count)
    corners = np.concatenate((boxes[:2] - boxes[2:] / 2, boxes[2:])).T
    theirs = cv2.dnn.NMSBoxesBatched(corners.tolist(), scores.tolist(), classes.tolist(), 0.0, 0.7)
    ours = suppress(boxes, scores, classes, iou=0.7)
    np.testing.assert_array_equal(ours, np.array(theirs)[:MAX_BOXES])


def test_an_overlap_equal_to_the_threshold_stays() -> None:
    # 8x8 within 8x16: exactly a half, in binary too.
    anchors: list[Anchor] = [(100, 100, 8, 16, 0.9, 0, 0), (100, 96, 8, 8, 0.8, 0, 0)]
    assert len(select(*anchors, iou=0.5).scores) == 2


def test_an_anchor_is_of_its_best_class_though_another_was_asked_for() -> None:
    assert len(select(at(A, cat=0.3, dog=0.9), classes=(CAT,)).scores) == 0


def test_labels_are_filtered_before_suppression_and_before_the_limit() -> None:
    crowd = [at(x, dog=0.9) for x in range(0, 640 * 20, 20)]
    found = select(*crowd, at(A, person=0.3), classes=(PERSON, CAT))
    assert found.classes.tolist() == [PERSON]


def test_only_the_best_are_kept() -> None:
    found = select(*[at(20.0 * n, cat=0.3 + n / 1000) for n in range(MAX_BOXES + 50)])
    assert len(found.scores) == MAX_BOXES
    assert found.scores[0] == np.float32(0.649)
    assert found.scores[-1] == np.float32(0.35)


def test_overlap_counts_before_boxes_are_cut_to_the_picture() -> None:
    # Cut to the picture both would be the same box; before, they overlap by a third.
    anchors: list[Anchor] = [(0, 100, 40, 10, 0.9, 0, 0), (-20, 100, 80, 10, 0.8, 0, 0)]
    found = select(*anchors, iou=0.6)
    np.testing.assert_array_equal(found.corners, [[0, 95, 20, 105], [0, 95, 20, 105]])
