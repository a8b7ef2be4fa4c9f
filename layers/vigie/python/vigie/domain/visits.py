"""Visits: continuous presences of one person or vehicle before one camera, and when they end."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from vigie.domain.association import Track, Velocity, velocity_after
from vigie.domain.detections import Box, Detection, kind_of
from vigie.domain.frames import FrameKey
from vigie.domain.instants import seconds_between, to_stamp

# At low rates two successive frames must be able to meet, whatever absence_s says.
_INTERVALS = 1.5
LONGEST_MEMORY_S = 86_400.0
# Boxes of one parked car overlap by more than this from frame to frame; one that rolls on loses it at once.
_SAME_PLACE = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitLimits:
    """When a presence begins, goes on and ends.

    A detection of at least `begin_confidence` that no open visit can own begins one; one of at least
    `keep_confidence` can continue one; `absence_s` seconds of capture time without any end it.

    What has kept its place for `still_after_s`, such as a parked car or a statue, is present: when something
    hides it, or the detector misses it, it is the same one again at that place for `still_memory_s`.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    absence_s: float = 3.0
    begin_confidence: float = 0.5
    keep_confidence: float = 0.25
    still_after_s: float = 120.0
    still_memory_s: float = 900.0

    def __post_init__(self) -> None:
        if not 0 < self.absence_s <= LONGEST_MEMORY_S:
            raise ValueError(f"absence_s must be more than 0 and at most {LONGEST_MEMORY_S:.0f} seconds")
        if not 0 < self.keep_confidence <= self.begin_confidence <= 1:
            raise ValueError("0 < keep_confidence <= begin_confidence <= 1 must hold")
        if not 0 < self.still_after_s <= LONGEST_MEMORY_S:
            raise ValueError(f"still_after_s must be more than 0 and at most {LONGEST_MEMORY_S:.0f} seconds")
        if not 0 <= self.still_memory_s <= LONGEST_MEMORY_S:
            raise ValueError(f"still_memory_s is 0 to {LONGEST_MEMORY_S:.0f} seconds")

    def memory_s(self, interval_s: float | None, *, still_s: float = 0.0) -> float:
        """Seconds for which a visit outlives a detection, at a pace of sampling, when still for so long."""
        memory_s = max(self.absence_s, min(_INTERVALS * (interval_s or 0.0), LONGEST_MEMORY_S))
        return max(memory_s, self.still_memory_s) if still_s >= self.still_after_s else memory_s


@dataclass(frozen=True, slots=True)
class Standing:
    """How a visit stands with one rule: since when and until when it was where the rule looks.

    `asked_at` is the frame in which the visit made the rule ask for an alert, `number` how many were there
    then. `crowd_at` is the last frame in which it was one of as many as a rule on crowds wants.
    """

    rule_id: str
    since: datetime
    until: datetime
    asked_at: datetime | None = None
    number: int = 0
    crowd_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """One continuous presence, as far as the frames until now tell.

    `first` is the detection with which it began, `ordinal` its place among those of its frame, from 1: so an
    id never passes to another visit when a late frame shows that somebody was there before. `box` is the
    last place, `velocity` where it was going (widths and heights a second; None while seen once),
    `best_frame` the frame of the highest `confidence`, `zones` every zone entered, sorted. A frame after
    `open_until` cannot continue it. It has been at `anchor` since `still_since`.
    """

    camera_id: str
    first: Detection
    started_at: datetime
    ordinal: int
    last_seen_at: datetime
    box: Box
    confidence: float
    best_frame: FrameKey
    open_until: datetime
    anchor: Box
    still_since: datetime
    zones: tuple[str, ...] = ()
    velocity: Velocity | None = None
    standings: tuple[Standing, ...] = ()

    @property
    def visit_id(self) -> str:
        """`<camera_id>-<stamp>-<label>-<ordinal>`: the same whoever computes it, and whenever."""
        return f"{self.camera_id}-{to_stamp(self.started_at)}-{self.label}-{self.ordinal}"

    @property
    def order(self) -> tuple[datetime, int]:
        """Visits of one camera in the order of their beginnings; no two have the same."""
        return self.started_at, self.ordinal

    @property
    def label(self) -> str:
        """What came, as its first frame calls it."""
        return self.first.label

    @property
    def beginning(self) -> "Visit":
        """The visit as its first frame shows it: the same whenever one asks, whatever came later."""
        return begin_visit(self.first, FrameKey(self.camera_id, self.started_at), self.ordinal)

    def track_at(self, instant: datetime) -> Track:
        """Return what the association needs to know of the visit at that capture time."""
        absent_s = seconds_between(self.last_seen_at, instant)
        return Track(kind_of(self.label), self.box, absent_s, self.velocity)

    def is_open_at(self, instant: datetime) -> bool:
        """Tell whether the visit was open then, as one knew it then: what came later never changes this."""
        return self.started_at <= instant <= self.open_until

    def standing(self, rule_id: str) -> Standing | None:
        """Return how the visit stands with a rule, if it ever was where that looks."""
        return next((standing for standing in self.standings if standing.rule_id == rule_id), None)

    def stands(self, standing: Standing) -> "Visit":
        """Return the visit with its new standing with a rule."""
        others = (other for other in self.standings if other.rule_id != standing.rule_id)
        return replace(self, standings=tuple(sorted((*others, standing), key=lambda s: s.rule_id)))

    def seen_again(
        self, detection: Detection, key: FrameKey, limits: VisitLimits, interval_s: float | None
    ) -> "Visit":
        """Return the visit after one more detection."""
        instant = key.captured_at
        stayed = detection.box.overlap(self.anchor) >= _SAME_PLACE
        still_since = self.still_since if stayed else instant
        memory_s = limits.memory_s(interval_s, still_s=seconds_between(still_since, instant))
        better = detection.confidence > self.confidence
        return replace(
            self,
            last_seen_at=instant,
            box=detection.box,
            confidence=max(detection.confidence, self.confidence),
            best_frame=key if better else self.best_frame,
            open_until=instant + timedelta(seconds=memory_s),
            anchor=self.anchor if stayed else detection.box,
            still_since=still_since,
            zones=tuple(sorted({*self.zones, *detection.zones})),
            velocity=velocity_after(self.track_at(instant), detection.box),
        )


def begin_visit(detection: Detection, key: FrameKey, ordinal: int, *, memory_s: float = 0.0) -> Visit:
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
        open_until=key.captured_at + timedelta(seconds=memory_s),
        anchor=detection.box,
        still_since=key.captured_at,
        zones=tuple(sorted(detection.zones)),
    )
