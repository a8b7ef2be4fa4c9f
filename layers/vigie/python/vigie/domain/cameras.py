"""Cameras and their zones."""

import re
from dataclasses import dataclass
from typing import Any, ClassVar

Point = tuple[float, float]

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_NAME_LENGTH = 64


def is_camera_id(text: str) -> bool:
    """Tell whether the text may name a camera."""
    return bool(_ID.fullmatch(text))


def check_name(what: str, name: str) -> str:
    """Return a name that stands in keys; `what` it names is said when it cannot.

    Raises:
        ValueError: it breaks the pattern `[a-z0-9][a-z0-9-]{0,31}`.

    """
    if not _ID.fullmatch(name):
        raise ValueError(f"{what} {name!r} must be 1 to 32 of a-z, 0-9 and '-', and not begin with '-'")
    return name


def check_camera_id(camera_id: str) -> str:
    """Return the id when it may name a camera.

    Raises:
        ValueError: it breaks the pattern `[a-z0-9][a-z0-9-]{0,31}`.

    """
    return check_name("camera_id", camera_id)


@dataclass(frozen=True, slots=True)
class Zone:
    """A named polygon in a camera's picture; its corners are fractions of the width and height."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    name: str
    polygon: tuple[Point, ...]

    def __post_init__(self) -> None:
        if not 0 < len(self.name) <= _NAME_LENGTH:
            raise ValueError(f"a zone's name has 1 to {_NAME_LENGTH} characters")
        if len(self.polygon) < 3:
            raise ValueError(f"zone {self.name!r} needs at least 3 corners")
        if not all(0 <= c <= 1 for point in self.polygon for c in point):
            raise ValueError(f"zone {self.name!r}: corners are fractions of the picture, 0 to 1")

    def contains(self, point: Point) -> bool:
        """Tell whether the point lies inside, by the crossing rule (Shimrat, CACM 1962, algorithm 112)."""
        x, y = point
        inside = False
        for (ax, ay), (bx, by) in zip(self.polygon, self.polygon[1:] + self.polygon[:1], strict=True):
            if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
                inside = not inside
        return inside


@dataclass(frozen=True, slots=True)
class Camera:
    """A source of pictures as the cloud knows it; where it is and how to reach it stays at the edge.

    With `faces` the face of each person who comes into view is kept, for a day: nobody's is unless asked for.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    camera_id: str
    name: str = ""
    zones: tuple[Zone, ...] = ()
    faces: bool = False

    def __post_init__(self) -> None:
        check_camera_id(self.camera_id)
        names = [zone.name for zone in self.zones]
        if len(set(names)) != len(names):
            raise ValueError(f"camera {self.camera_id!r} has two zones of one name")

    @property
    def title(self) -> str:
        """The name for people: the given one, or the id."""
        return self.name or self.camera_id
