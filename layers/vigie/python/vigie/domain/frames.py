"""The frame key: object name, identity and order of a frame, in one."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self, TypeVar

from vigie.domain.cameras import check_camera_id
from vigie.domain.instants import from_iso, from_stamp, to_iso, to_stamp, whole_milliseconds
from vigie.errors import FrameKeyError

T = TypeVar("T")

FRAMES_PREFIX = "frames/"
QUARANTINE_PREFIX = "quarantine/"
# What is larger is refused unread: no camera's picture comes near it.
MAX_JPEG_BYTES = 20_000_000

_INTERVAL, _SAMPLED = "interval-s", "sampled-at"
_KEY = re.compile(r"frames/([^/]+)/\d{4}/\d\d/\d\d/\d\d/(\d{8}T\d{9}Z)\.jpg")


@dataclass(frozen=True, order=True, slots=True)
class FrameKey:
    """Which camera, and when; orders by camera, then by capture time.

    Raises:
        ValueError: the camera id breaks its pattern, or the time has no zone.

    """

    camera_id: str
    captured_at: datetime

    def __post_init__(self) -> None:
        check_camera_id(self.camera_id)
        object.__setattr__(self, "captured_at", whole_milliseconds(self.captured_at))

    def __str__(self) -> str:
        stamp = to_stamp(self.captured_at)
        return f"{FRAMES_PREFIX}{self.camera_id}/{self.captured_at:%Y/%m/%d/%H}/{stamp}.jpg"

    @classmethod
    def parse(cls, object_key: str) -> Self:
        """Read an object key.

        Raises:
            FrameKeyError: it is not exactly what `str()` of a frame key gives.

        """
        match = _KEY.fullmatch(object_key)
        try:
            key = cls(match[1], from_stamp(match[2])) if match else None
        except ValueError:
            key = None
        if key is None or str(key) != object_key:
            raise FrameKeyError(
                f"{object_key!r} is no frame key: "
                "frames/<camera_id>/<YYYY>/<MM>/<DD>/<HH>/<YYYYMMDDTHHMMSSmmmZ>.jpg is expected"
            )
        return key


@dataclass(frozen=True, slots=True)
class Frame:
    """One sampled JPEG, with what the edge said about it beside the picture.

    `interval_s` is the pace at which the edge sampled when it took the frame, in seconds, so that rules
    on time need no knowledge of the camera's settings; None when the edge did not say. `sampled_at` is the
    edge's own clock, for timings alone: for a file it differs from the capture time.
    """

    key: FrameKey
    jpeg: bytes
    interval_s: float | None = None
    sampled_at: datetime | None = None

    def metadata(self) -> dict[str, str]:
        """Return what the object's metadata says beside the picture."""
        said = {}
        if self.interval_s is not None:
            said[_INTERVAL] = f"{self.interval_s:.6g}"
        if self.sampled_at is not None:
            said[_SAMPLED] = to_iso(self.sampled_at)
        return said

    @classmethod
    def from_object(cls, key: FrameKey, jpeg: bytes, metadata: Mapping[str, str]) -> Self:
        """Read an object; metadata that makes no sense counts as not given, for a picture is worth more."""
        return cls(
            key,
            jpeg,
            interval_s=_read(_positive, metadata.get(_INTERVAL)),
            sampled_at=_read(from_iso, metadata.get(_SAMPLED)),
        )


def day_prefix(camera_id: str, day: date) -> str:
    """Return what the keys of a camera's UTC day begin with."""
    return f"{FRAMES_PREFIX}{camera_id}/{day:%Y/%m/%d}/"


def camera_of(object_key: str) -> str:
    """Return which camera an object is of by its key, unchecked; "" for a key that names none."""
    return object_key.split("/", 2)[1] if object_key.count("/") > 1 else ""


def quarantine_key(object_key: str) -> str:
    """Return where the object goes when it is no readable frame."""
    return QUARANTINE_PREFIX + object_key.removeprefix(FRAMES_PREFIX)


def _read(kind: Callable[[str], T], text: str | None) -> T | None:
    try:
        return None if text is None else kind(text)
    except ValueError:
        return None


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < math.inf:
        raise ValueError(f"{text!r} is no positive number")
    return number
