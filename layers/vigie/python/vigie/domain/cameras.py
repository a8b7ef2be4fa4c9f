"""Cameras and their zones."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Literal

Point = tuple[float, float]
Polygon = tuple[Point, ...]

# The frame by which Vigie proves to itself that alerts reach people comes from no real camera.
CANARY = "vigie-canary"

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_NAME_LENGTH = 64
_LEAST_FPS = 1 / 86_400
_MOST_FPS = 30


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


def check_polygon(what: str, polygon: Polygon) -> None:
    """Refuse a polygon that has no inside, or lies outside the picture.

    Raises:
        ValueError: the sentence begins with `what`.

    """
    if len(polygon) < 3:
        raise ValueError(f"{what} needs at least 3 corners")
    if not all(0 <= c <= 1 for point in polygon for c in point):
        raise ValueError(f"{what}: corners are fractions of the picture, 0 to 1")


def check_fps(fps: float) -> None:
    """Refuse a rate that no camera is sampled at.

    Raises:
        ValueError: it is less than one picture a day, or more than 30 a second.

    """
    if not 0 < fps <= _MOST_FPS:
        raise ValueError(f"fps must be over 0 and at most {_MOST_FPS}, not {fps:g}")
    if fps < _LEAST_FPS:
        raise ValueError(f"fps must be at least {_LEAST_FPS:.3g}, which is a picture a day, not {fps:g}")


def check_own_camera(camera_id: str) -> str:
    """Return the id when it may name a camera of a person's own.

    Raises:
        ValueError: it breaks the pattern, or is kept for Vigie's own proof.

    """
    if camera_id == CANARY:
        raise ValueError(f"camera_id {CANARY!r} is kept for Vigie's proof that alerts arrive; choose another")
    return check_camera_id(camera_id)


@dataclass(frozen=True, slots=True)
class Zone:
    """A named polygon in a camera's picture; its corners are fractions of the width and height."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    name: str
    polygon: tuple[Point, ...]

    def __post_init__(self) -> None:
        if not 0 < len(self.name) <= _NAME_LENGTH:
            raise ValueError(f"a zone's name has 1 to {_NAME_LENGTH} characters")
        check_polygon(f"zone {self.name!r}", self.polygon)

    def contains(self, point: Point) -> bool:
        """Tell whether the point lies inside, by the crossing rule (Shimrat, CACM 1962, algorithm 112)."""
        x, y = point
        inside = False
        for (ax, ay), (bx, by) in zip(self.polygon, self.polygon[1:] + self.polygon[:1], strict=True):
            if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
                inside = not inside
        return inside


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The motion gate of a camera: which of its pictures the edge sends.

    A picture is sent while something moves or stands that was not there before, and for `after_s` seconds
    more; what stands still for `absorb_s` becomes background. One picture is sent in each `heartbeat_s` of
    the clock, whatever it shows: 60 gives every minute one, and a minute without any reads as no camera.
    `sensitivity` says how large a thing must be to count: `low` 1 %, `normal` 0.3 %, `high` 0.1 % of the
    picture, and how much it must differ. Motion inside an `ignore` polygon counts for nothing.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    enabled: bool = True
    sensitivity: Literal["low", "normal", "high"] = "normal"
    heartbeat_s: float = 60.0
    after_s: float = 5.0
    absorb_s: float = 300.0
    ignore: tuple[Polygon, ...] = ()

    def __post_init__(self) -> None:
        for name, least, most in (("heartbeat_s", 1, 60), ("after_s", 0, 600), ("absorb_s", 10, 86_400)):
            if not least <= getattr(self, name) <= most:
                raise ValueError(f"{name} is {least} to {most} seconds")
        for polygon in self.ignore:
            check_polygon("a polygon of ignore", polygon)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """A part of the picture that never leaves the edge: painted black, or blurred past recognition."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    polygon: Polygon
    mode: Literal["paint", "blur"] = "paint"

    def __post_init__(self) -> None:
        check_polygon("a mask", self.polygon)


class Engine(StrEnum):
    """What looks at a camera's frames: our own detector, or Amazon Rekognition, paid by the frame."""

    YOLO = "yolo"
    REKOGNITION = "rekognition"


@dataclass(frozen=True, slots=True)
class Camera:
    """A source of pictures as the cloud knows it; where it is and how to reach it stays at the edge.

    What the edge does with the camera may be said here: `fps` and `gate` go before those of its own file,
    and `masks` come on top of those, so that no document in the cloud can uncover what the edge hides.

    With `faces` the face of each person who comes into view is kept, for a day: nobody's is unless asked for.
    `engine` is what looks at its frames.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    camera_id: str
    name: str = ""
    zones: tuple[Zone, ...] = ()
    faces: bool = False
    fps: float | None = None
    gate: Gate | None = None
    masks: tuple[Mask, ...] = ()
    engine: Engine = Engine.YOLO

    def __post_init__(self) -> None:
        check_camera_id(self.camera_id)
        if self.fps is not None:
            check_fps(self.fps)
        names = [zone.name for zone in self.zones]
        if len(set(names)) != len(names):
            raise ValueError(f"camera {self.camera_id!r} has two zones of one name")

    @property
    def title(self) -> str:
        """The name for people: the given one, or the id."""
        return self.name or self.camera_id
