"""Detections: what a detector says of one picture, in fractions of its width and height."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from vigie.domain.cameras import Zone

PERSON = "person"
VEHICLES = ("bicycle", "car", "motorcycle", "bus", "truck")
DEFAULT_LABELS = (PERSON, *VEHICLES)

# What a detector calls now one, now the other: one lorry is a truck in this frame and a bus in the next.
_ALIKE = (("car", "bus", "truck"), ("bicycle", "motorcycle"))
# Two boxes of things alike that overlap so much are one thing under two labels.
_DOUBLE = 0.7


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, corners (x1, y1) top left and (x2, y2) bottom right, as fractions 0..1 of the picture."""

    x1: float
    y1: float
    x2: float
    y2: float

    def __post_init__(self) -> None:
        if not (0 <= self.x1 <= self.x2 <= 1 and 0 <= self.y1 <= self.y2 <= 1):
            raise ValueError(f"a box lies inside the picture with its corners in order: {self}")

    @classmethod
    def from_pixels(cls, x1: float, y1: float, x2: float, y2: float, width: int, height: int) -> Self:
        """Make a box from pixel corners, cut to the picture, to a ten-thousandth of its sides."""
        return cls(
            round(min(max(x1 / width, 0.0), 1.0), 4),
            round(min(max(y1 / height, 0.0), 1.0), 4),
            round(min(max(x2 / width, 0.0), 1.0), 4),
            round(min(max(y2 / height, 0.0), 1.0), 4),
        )

    def in_pixels(self, width: int, height: int) -> tuple[float, float, float, float]:
        """Return x1, y1, x2, y2 in pixels of a picture of that size."""
        return self.x1 * width, self.y1 * height, self.x2 * width, self.y2 * height

    def overlap(self, other: "Box") -> float:
        """Return the area that both cover over the area that either covers (IoU), 0..1."""
        wide = min(self.x2, other.x2) - max(self.x1, other.x1)
        high = min(self.y2, other.y2) - max(self.y1, other.y1)
        if wide <= 0 or high <= 0:
            return 0.0
        return wide * high / (self.area + other.area - wide * high)

    @property
    def area(self) -> float:
        """The share of the picture that the box covers."""
        return (self.x2 - self.x1) * (self.y2 - self.y1)

    @property
    def centre(self) -> tuple[float, float]:
        """The middle, as fractions."""
        return (self.x1 + self.x2) / 2, (self.y1 + self.y2) / 2

    @property
    def foot(self) -> tuple[float, float]:
        """The middle of the lower edge: where a person stands and a wheel rolls."""
        return (self.x1 + self.x2) / 2, self.y2

    def diagonal(self, aspect: float) -> float:
        """Length of the diagonal in picture heights; `aspect` is the picture's width over its height."""
        return math.hypot((self.x2 - self.x1) * aspect, self.y2 - self.y1)

    def distance(self, other: "Box", aspect: float) -> float:
        """Distance of the two centres in picture heights."""
        (ax, ay), (bx, by) = self.centre, other.centre
        return math.hypot((ax - bx) * aspect, ay - by)


@dataclass(frozen=True, slots=True)
class Detection:
    """One thing seen: its label, the detector's confidence 0..1, its box, the names of its zones."""

    label: str
    confidence: float
    box: Box
    zones: tuple[str, ...] = ()

    def placed_in(self, zones: Iterable[Zone]) -> "Detection":
        """Return the same detection with the names of the zones that hold its foot."""
        return replace(self, zones=tuple(zone.name for zone in zones if zone.contains(self.box.foot)))

    def doubles(self, other: "Detection") -> bool:
        """Tell whether it is another label for the thing that the other one, of the same look, shows too."""
        return (
            self.label != other.label
            and kind_of(self.label) == kind_of(other.label)
            and self.box.overlap(other.box) >= _DOUBLE
        )


def kind_of(label: str) -> str:
    """Return the label that stands for all those that detectors confuse with this one."""
    return next((alike[0] for alike in _ALIKE if label in alike), label)
