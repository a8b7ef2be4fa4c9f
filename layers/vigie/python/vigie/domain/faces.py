"""Faces: which of those found is a visit's, and how much around it is kept."""

from collections.abc import Iterable
from dataclasses import dataclass

from vigie.domain.detections import Box

# Of the shorter side, in the frame's own pixels: in less nobody is to be told from anybody.
MIN_FACE_PX = 14
# Kept around a face, of its own width and height, on each side: hair, chin and ears.
_MARGIN = 0.4


@dataclass(frozen=True, slots=True)
class Face:
    """A face found in a picture, and how sure the finder is of it."""

    box: Box
    confidence: float


def best_face(faces: Iterable[Face], *, person: Box, width: int, height: int) -> Face | None:
    """Return a person's face in a picture of that size: the largest and surest with its middle in the box.

    None when there is none that is large enough to be of use.
    """

    def size(face: Face) -> tuple[float, float]:
        x1, y1, x2, y2 = face.box.in_pixels(width, height)
        return x2 - x1, y2 - y1

    usable = (face for face in faces if _holds(person, face.box.centre) and min(size(face)) >= MIN_FACE_PX)
    return max(usable, key=lambda face: face.confidence * size(face)[0] * size(face)[1], default=None)


def with_margin(box: Box, margin: float = _MARGIN) -> Box:
    """Return the box with a margin of that part of its sides all around, as far as the picture reaches."""
    across, down = (box.x2 - box.x1) * margin, (box.y2 - box.y1) * margin
    return Box(
        max(box.x1 - across, 0.0),
        max(box.y1 - down, 0.0),
        min(box.x2 + across, 1.0),
        min(box.y2 + down, 1.0),
    )


def _holds(box: Box, point: tuple[float, float]) -> bool:
    return box.x1 <= point[0] <= box.x2 and box.y1 <= point[1] <= box.y2
