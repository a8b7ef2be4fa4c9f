"""The rows of a detection head, [4 + classes, n] (see `heads`), to the boxes worth reporting.

The rules are those of Ultralytics' predictor, so that its published figures hold here: each anchor has the
one class of its highest score; a score must be greater than the confidence; of two boxes of one class that
overlap by more than the IoU threshold the weaker goes; overlaps count before boxes are cut to the picture;
at most 300 boxes stay, over all classes together.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vigie.vision.images import Letterbox, Tensor

MAX_BOXES = 300

_HALF = np.float32(0.5)

Indices = npt.NDArray[np.intp]


class Boxes(NamedTuple):
    """Boxes of one picture, best first: `corners` [k, 4] (x1, y1, x2, y2), `scores` [k], `classes` [k]."""

    corners: Tensor
    scores: Tensor
    classes: Indices


def select_boxes(rows: Tensor, box: Letterbox, *, classes: Indices, confidence: float, iou: float) -> Boxes:
    """Choose the boxes of `classes` (numbers of the model's) from rows [4 + all classes, n].

    Returns them in the picture's own pixels, ordered by score; equal scores keep the order of their anchors.
    """
    # Few anchors pass: looking at the wanted rows alone first spares an argmax over all classes and anchors.
    anchors = np.flatnonzero(rows[4 + classes].max(axis=0) > confidence)
    candidates = rows[:, anchors]
    best = candidates[4:].argmax(axis=0)
    wanted = np.isin(best, classes)
    candidates, best = candidates[:, wanted], best[wanted]
    scores = candidates[4:].max(axis=0, initial=0)
    kept = suppress(candidates[:4], scores, best, iou=iou)
    return Boxes(box.to_picture(_corners(candidates[:4, kept])), scores[kept], best[kept])


def suppress(boxes: Tensor, scores: Tensor, classes: Indices, *, iou: float) -> Indices:
    """Non-maximum suppression within each class of boxes [4, n], centre and size.

    Returns what stays, best first, `MAX_BOXES` at most; equal scores keep their order.
    """
    low, high = boxes[:2] - boxes[2:] * _HALF, boxes[:2] + boxes[2:] * _HALF
    areas = boxes[2] * boxes[3]
    kept: list[np.intp] = []
    rest = np.argsort(-scores, kind="stable")
    # One turn a box that stays, over those that are left: few, in a frame.
    while rest.size and len(kept) < MAX_BOXES:
        best, rest = rest[0], rest[1:]
        kept.append(best)
        sides = np.minimum(high[:, rest], high[:, best, np.newaxis])
        sides -= np.maximum(low[:, rest], low[:, best, np.newaxis])
        shared = np.maximum(sides[0], 0) * np.maximum(sides[1], 0)
        apart = shared <= iou * (areas[rest] + areas[best] - shared)
        rest = rest[apart | (classes[rest] != classes[best])]
    return np.array(kept, np.intp)


def _corners(boxes: Tensor) -> Tensor:
    """Turn [4, n] of centre and size into [n, 4] of corners."""
    centre, half = boxes[:2], boxes[2:] * _HALF
    return np.concatenate((centre - half, centre + half)).T
