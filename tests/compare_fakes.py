"""The service, the comparisons and the review shelf in memory."""

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from vigie.domain.comparison import FrameComparison
from vigie.domain.detections import Detection
from vigie.domain.frames import FrameKey
from vigie.errors import NotFound
from vigie.steps.compare_ports import Look


@dataclass
class FakeLabelService:
    """`LabelService` that sees what it was told to, or raises what it was given, one a call."""

    sees: tuple[Detection, ...] = ()
    faults: list[Exception] = field(default_factory=list)
    looked: list[FrameKey] = field(default_factory=list)

    def look(self, key: FrameKey, *, least: float) -> Look:
        self.looked.append(key)
        if self.faults:
            raise self.faults.pop(0)
        found = tuple(each for each in self.sees if each.confidence >= least)
        return Look("rekognition 3.0", found, 412.5)


@dataclass
class FakeComparisonStore:
    """`ComparisonStore` in memory; a claim is one step for all threads, as the table's write is.

    `writes` counts those that the table would be asked for.
    """

    writes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _made: dict[FrameKey, FrameComparison] = field(default_factory=dict)
    _claims: dict[FrameKey, datetime] = field(default_factory=dict)

    def comparison(self, key: FrameKey) -> FrameComparison | None:
        return self._made.get(key)

    def claim(self, key: FrameKey, *, now: datetime, lease: timedelta) -> bool:
        with self._lock:
            self.writes += 1
            if key in self._made or (key in self._claims and self._claims[key] > now):
                return False
            self._claims[key] = now + lease
            return True

    def release(self, key: FrameKey) -> None:
        self.writes += 1
        self._claims.pop(key, None)

    def put(self, comparison: FrameComparison) -> None:
        with self._lock:
            self.writes += 1
            self._made.setdefault(comparison.key, comparison)
            self._claims.pop(comparison.key, None)

    def comparisons(self, camera_id: str, begin: datetime, end: datetime) -> tuple[FrameComparison, ...]:
        return tuple(
            self._made[key]
            for key in sorted(self._made)
            if key.camera_id == camera_id and begin <= key.captured_at < end
        )


@dataclass
class FakeReviewShelf:
    """`ReviewShelf` in memory; `frames` are the pictures that are there to be kept."""

    frames: dict[FrameKey, bytes] = field(default_factory=dict)
    kept: dict[FrameKey, bytes] = field(default_factory=dict)

    def keep(self, key: FrameKey) -> None:
        if key not in self.frames:
            raise NotFound(f"{key} is gone")
        self.kept[key] = self.frames[key]

    def picture(self, key: FrameKey) -> bytes:
        if key not in self.kept:
            raise NotFound(f"{key} is not there")
        return self.kept[key]
