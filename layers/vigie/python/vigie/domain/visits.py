"""Visits: which detections of successive frames are one continuous presence.

The rule is a left fold over a camera's frames in order of capture: `follow` takes the visits that are
open and the next frame's report, and says who owns each detection and which visits began. Association is
by label, by capture time and by place, and never counts frames, so it gives the same visits at 0.2 and at
10 frames a second. Two thresholds keep it steady, as in ByteTrack (Zhang et al., ECCV 2022): a visit
begins with a confident detection only, and goes on with a weak one.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

from vigie.domain.detections import Box, Detection
from vigie.domain.frames import FrameKey
from vigie.domain.instants import seconds_between, to_stamp
from vigie.domain.reports import FrameReport

# Between two frames a thing may move this many of its own diagonals, and as many more each second.
_REACH = 0.75
_REACH_PER_S = 2.0
# At low rates two successive frames must be able to meet, whatever absence_s says.
_INTERVALS = 1.5
LONGEST_MEMORY_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitLimits:
    """When a presence begins, goes on and ends.

    A detection of at least `begin_confidence` that no open visit can own begins one; one of at least
    `keep_confidence` can continue one; `absence_s` seconds of capture time without any end it.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    absence_s: float = 3.0
    begin_confidence: float = 0.5
    keep_confidence: float = 0.25

    def __post_init__(self) -> None:
        if not 0 < self.absence_s <= LONGEST_MEMORY_S:
            raise ValueError(f"absence_s must be more than 0 and at most {LONGEST_MEMORY_S:.0f} seconds")
        if not 0 < self.keep_confidence <= self.begin_confidence <= 1:
            raise ValueError("0 < keep_confidence <= begin_confidence <= 1 must hold")

    def memory_s(self, interval_s: float | None) -> float:
        """Seconds for which a visit outlives its last detection, at that pace of sampling."""
        return max(self.absence_s, min(_INTERVALS * (interval_s or 0.0), LONGEST_MEMORY_S))


@dataclass(frozen=True, slots=True)
class Visit:
    """One continuous presence, as far as the frames until now tell.

    `first` is the detection with which it began, `ordinal` its place among those of its frame, from 1: so an
    id never passes to another visit when a late frame shows that somebody was there before. `box` is the
    last place, `best_frame` the frame of the highest `confidence`, `zones` every zone entered, sorted.
    """

    camera_id: str
    first: Detection
    started_at: datetime
    ordinal: int
    last_seen_at: datetime
    box: Box
    confidence: float
    best_frame: FrameKey
    zones: tuple[str, ...] = ()

    @property
    def visit_id(self) -> str:
        """`<camera_id>-<stamp>-<label>-<ordinal>`: the same whoever computes it, and whenever."""
        return f"{self.camera_id}-{to_stamp(self.started_at)}-{self.label}-{self.ordinal}"

    @property
    def label(self) -> str:
        """What came."""
        return self.first.label

    @property
    def beginning(self) -> "Visit":
        """The visit as its first frame shows it: the same whenever one asks, whatever came later."""
        return begin_visit(self.first, FrameKey(self.camera_id, self.started_at), self.ordinal)

    def seen_again(self, detection: Detection, key: FrameKey) -> "Visit":
        """Return the visit after one more detection."""
        better = detection.confidence > self.confidence
        return replace(
            self,
            last_seen_at=key.captured_at,
            box=detection.box,
            confidence=max(detection.confidence, self.confidence),
            best_frame=key if better else self.best_frame,
            zones=tuple(sorted({*self.zones, *detection.zones})),
        )


@dataclass(frozen=True, slots=True)
class Followed:
    """What one frame did: the visits now open, those that just ended, and each detection's owner.

    `owners` runs parallel to the report's detections; None marks one too weak to begin a visit.
    """

    open: tuple[Visit, ...]
    ended: tuple[Visit, ...]
    owners: tuple[Visit | None, ...]


def follow(open_visits: tuple[Visit, ...], report: FrameReport, limits: VisitLimits) -> Followed:
    """Carry the open visits over one more frame, which must be later than all that they have seen."""
    memory_s = limits.memory_s(report.interval_s)
    alive: list[Visit] = []
    ended: list[Visit] = []
    for visit in open_visits:
        absent_s = seconds_between(visit.last_seen_at, report.key.captured_at)
        (alive if absent_s <= memory_s else ended).append(visit)
    owned = _match(alive, report, limits)
    owners: list[Visit | None] = []
    for index, detection in enumerate(report.detections):
        owner = owned.get(index)
        if owner is not None:
            owners.append(owner.seen_again(detection, report.key))
        elif detection.confidence >= limits.begin_confidence:
            owners.append(begin_visit(detection, report.key, index + 1))
        else:
            owners.append(None)
    seen = {visit.visit_id for visit in owned.values()}
    waiting = (visit for visit in alive if visit.visit_id not in seen)
    still_open = (*waiting, *(owner for owner in owners if owner is not None))
    return Followed(
        open=tuple(sorted(still_open, key=lambda visit: visit.visit_id)),
        ended=tuple(ended),
        owners=tuple(owners),
    )


def begin_visit(detection: Detection, key: FrameKey, ordinal: int) -> Visit:
    """Return the visit that a frame's detection begins."""
    return Visit(
        camera_id=key.camera_id,
        first=detection,
        started_at=key.captured_at,
        ordinal=ordinal,
        last_seen_at=key.captured_at,
        box=detection.box,
        confidence=detection.confidence,
        best_frame=key,
        zones=tuple(sorted(detection.zones)),
    )


def _match(visits: list[Visit], report: FrameReport, limits: VisitLimits) -> dict[int, Visit]:
    """Pair detections with visits, nearest first, confident detections before weak ones.

    The distance of two centres is measured in what the thing could have moved meanwhile, so that 1 is
    the limit at any rate.
    """
    aspect = report.width / report.height
    pairs = []
    for index, detection in enumerate(report.detections):
        if detection.confidence < limits.keep_confidence:
            continue
        weak = detection.confidence < limits.begin_confidence
        for visit in visits:
            if visit.label != detection.label:
                continue
            absent_s = seconds_between(visit.last_seen_at, report.key.captured_at)
            size = max(visit.box.diagonal(aspect), detection.box.diagonal(aspect))
            reach = size * (_REACH + _REACH_PER_S * absent_s)
            distance = visit.box.distance(detection.box, aspect) / reach if reach else 0.0
            if distance <= 1:
                pairs.append((weak, distance, index, visit.visit_id, visit))
    owned: dict[int, Visit] = {}
    taken: set[str] = set()
    for _, _, index, visit_id, visit in sorted(pairs, key=lambda pair: pair[:4]):
        if index not in owned and visit_id not in taken:
            owned[index] = visit
            taken.add(visit_id)
    return owned
