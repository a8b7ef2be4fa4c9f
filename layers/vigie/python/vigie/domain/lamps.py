"""Lamp groups: the lights that serve one place, as the site document describes them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise
from math import ceil, isfinite
from typing import Any, ClassVar

from vigie.domain.cameras import Camera, check_name
from vigie.domain.hours import Hours
from vigie.domain.instants import minute_of
from vigie.domain.sun import Position, sun_elevation

# A lamp group's thing at AWS IoT is named by this and the group's id, unless a deployment says otherwise.
LAMP_THINGS = "vigie-lights-"
FULL = 100
# By which leases move on, so that one is not written anew with every frame.
LEASE_STEP = timedelta(seconds=30)
_MINUTE = timedelta(minutes=1)
_LONGEST_HOLD_S = 3600.0
# A gate lets one picture a minute through whatever it shows; it needs half a minute more to be reported.
_SHORTEST_SILENCE_S = 90.0
_LONGEST_RAMP_S = 60.0
# A word is renewed by the first frame of a minute alone, and must hold over one that is late.
_RENEWED_S = 60.0
_LATENCY_S = 5.0
_FRAMES_OF_SILENCE = 1.5
_DARKEST_DEG = 18.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Covering:
    """A camera that covers a lamp group: in these zones alone, or in its whole picture when none is named."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    camera: str
    zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LampGroup:
    """Lights that serve one place, and the cameras that cover it. Levels are percent of full light.

    While somebody is there, and for `hold_s` more, the group is `active`; else `idle`, as long as every
    camera has reported within `silent_after_s`; else `safe`. `labels` are what counts as somebody; none: all
    that the site looks for. `hours` say when it is lit; without any it is lit from dusk to dawn, while the
    sun is more than `dusk_deg` below the horizon: 6 is the end of civil twilight.

    A change of level takes `ramp_s`; for so long and `ignore_s` more the motion gates of its cameras take
    what changes for light. `watts` are points (level, watts of the whole group), between which power is
    taken as a straight line; without them no energy is reckoned. `timer` are the hours of the plain timer,
    full on and off, that the group is compared with.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    group_id: str
    covered_by: tuple[Covering, ...]
    name: str = ""
    labels: tuple[str, ...] = ()
    safe: int = 70
    idle: int = 20
    active: int = FULL
    hold_s: float = 120.0
    silent_after_s: float = 120.0
    ramp_s: float = 2.0
    ignore_s: float = 5.0
    hours: tuple[Hours, ...] = ()
    dusk_deg: float = 6.0
    watts: tuple[tuple[float, float], ...] = ()
    timer: tuple[Hours, ...] = ()

    def __post_init__(self) -> None:
        check_name("group_id", self.group_id)
        what = f"lamp group {self.group_id!r}"
        if not self.covered_by:
            raise ValueError(f"{what} needs a camera that covers it")
        twice = [name for name, times in Counter(c.camera for c in self.covered_by).items() if times > 1]
        if twice:
            raise ValueError(f"{what} names camera {twice[0]!r} twice; name its zones in one place")
        if not 0 <= self.idle <= self.safe <= self.active <= FULL:
            raise ValueError(f"{what}: 0 <= idle <= safe <= active <= {FULL} percent must hold")
        if not _SHORTEST_SILENCE_S <= self.silent_after_s <= self.hold_s <= _LONGEST_HOLD_S:
            # A camera that dies while somebody is there must not let the lamp fall below safe in between.
            raise ValueError(
                f"{what}: {_SHORTEST_SILENCE_S:.0f} <= silent_after_s <= hold_s <= {_LONGEST_HOLD_S:.0f} "
                "seconds must hold"
            )
        for name in ("ramp_s", "ignore_s"):
            if not 0 <= getattr(self, name) <= _LONGEST_RAMP_S:
                raise ValueError(f"{what}: {name} is 0 to {_LONGEST_RAMP_S:.0f} seconds")
        if not 0 <= self.dusk_deg <= _DARKEST_DEG:
            raise ValueError(f"{what}: dusk_deg is 0 to {_DARKEST_DEG:.0f} degrees below the horizon")
        if self.watts:
            self._check_watts(what)

    def _check_watts(self, what: str) -> None:
        levels = [level for level, _ in self.watts]
        if not all(0 <= level <= FULL for level in levels) or any(b <= a for a, b in pairwise(levels)):
            raise ValueError(f"{what}: the levels of watts rise from 0 to {FULL}")
        if min(levels) > self.idle or max(levels) < self.active:
            raise ValueError(f"{what}: watts must reach from level {self.idle} or below to {self.active}")
        if not all(isfinite(watts) and watts >= 0 for _, watts in self.watts):
            raise ValueError(f"{what}: watts are 0 or more")

    @property
    def title(self) -> str:
        """The name for people: the given one, or the id."""
        return self.name or self.group_id

    @property
    def cameras(self) -> tuple[str, ...]:
        """The ids of the cameras that cover it."""
        return tuple(covering.camera for covering in self.covered_by)

    def counts(self, camera_id: str, label: str, zones: Iterable[str]) -> bool:
        """Tell whether a thing of that label, which entered those zones of a camera, is somebody here."""
        if self.labels and label not in self.labels:
            return False
        covering = next((each for each in self.covered_by if each.camera == camera_id), None)
        return covering is not None and (not covering.zones or not set(covering.zones).isdisjoint(zones))

    def is_lit(self, instant: datetime, tz: tzinfo, position: Position | None) -> bool:
        """Tell whether the group is lit at all then; without a position it is dark at any time."""
        if self.hours:
            return any(hours.hold(instant, tz) for hours in self.hours)
        return position is None or sun_elevation(instant, position) < -self.dusk_deg

    def is_needed(self, now: datetime, tz: tzinfo, position: Position | None) -> bool:
        """Tell whether what is seen now may matter: the group is lit at some time while its lease lasts."""
        ends_at = now + timedelta(seconds=self.hold_s) + LEASE_STEP
        instant = now
        while instant <= ends_at:
            if self.is_lit(instant, tz, position):
                return True
            instant = minute_of(instant) + _MINUTE
        return False

    def power(self, level: float) -> float:
        """Return the watts of the whole group at a level; dark it takes none, unless `watts` says so.

        Raises:
            ValueError: no watts are known.

        """
        if not self.watts:
            raise ValueError(f"no watts are known of lamp group {self.group_id!r}")
        points = self.watts if self.watts[0][0] == 0 else ((0.0, 0.0), *self.watts)
        for (low, less), (high, more) in pairwise(points):
            if level <= high:
                return less + (more - less) * (level - low) / (high - low)
        return points[-1][1]


def _silence_needed_s(fps: float) -> float:
    """Return how long the word of a camera of that pace must hold, so as not to lapse in between."""
    return max(_FRAMES_OF_SILENCE / fps, _RENEWED_S + 1 / fps + _LATENCY_S)


def check_lamp_groups(
    groups: Sequence[LampGroup],
    *,
    cameras: Sequence[Camera],
    labels: Sequence[str],
    position: Position | None,
) -> None:
    """Refuse groups that ask for what the site does not have: they would stay safe, or dark, for ever.

    Raises:
        ValueError: one sentence that names the group.

    """
    twice = [name for name, times in Counter(group.group_id for group in groups).items() if times > 1]
    if twice:
        raise ValueError(f"group_id {twice[0]!r} is given twice")
    known = {camera.camera_id: [zone.name for zone in camera.zones] for camera in cameras}
    paces = {camera.camera_id: camera.fps for camera in cameras}
    for group in groups:
        what = f"lamp group {group.group_id!r}"
        for covering in group.covered_by:
            if covering.camera not in known:
                there = ", ".join(sorted(known)) or "none"
                raise ValueError(f"{what} is covered by camera {covering.camera!r}; there is {there}")
            fps = paces[covering.camera]
            needed_s = _silence_needed_s(fps) if fps is not None else 0.0
            if fps is not None and needed_s > group.silent_after_s:
                raise ValueError(
                    f"{what}: camera {covering.camera!r} sends a frame every {1 / fps:.0f} s, and its word "
                    f"would lapse in between; silent_after_s must be {ceil(needed_s)} or more"
                )
            unknown = [zone for zone in covering.zones if zone not in known[covering.camera]]
            if unknown:
                there = ", ".join(known[covering.camera]) or "none"
                raise ValueError(
                    f"{what} asks for zone {unknown[0]!r} of camera {covering.camera!r}; there is {there}"
                )
        strange = [label for label in group.labels if label not in labels]
        if strange:
            raise ValueError(f"{what} asks for label {strange[0]!r}; there is {', '.join(labels)}")
        if not group.hours and position is None:
            raise ValueError(
                f"{what} is lit from dusk to dawn, which needs the site's position: "
                '"position": {"latitude": 48.86, "longitude": 2.35}; or give it hours'
            )
