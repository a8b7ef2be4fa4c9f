"""Energy: how long a lamp group had each level on a day, what that took, and what it saved.

From what is stored of its cameras, and so the same however often it is reckoned: the visits say when somebody
was there, the minutes with frames when the cameras reported, the sun or the clock when it was dark. What the
lamps really did may differ by seconds, and where they could not be reached by more.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from itertools import pairwise

from vigie.domain.instants import day_bounds, minute_of
from vigie.domain.lamps import LEASE_STEP, LampGroup
from vigie.domain.lighting import Phase, held_until, present_until, watched_until
from vigie.domain.series import MINUTE, Minute
from vigie.domain.sun import Position
from vigie.domain.visits import VisitLimits

Span = tuple[datetime, datetime]

_WATTSECONDS_IN_KWH = 3_600_000.0


@dataclass(frozen=True, slots=True)
class PhaseSpan:
    """A stretch of a day in which a group had one level, and why."""

    begins_at: datetime
    ends_at: datetime
    phase: Phase
    percent: int

    @property
    def seconds(self) -> float:
        """How long it lasted."""
        return _seconds(self.begins_at, self.ends_at)


@dataclass(frozen=True, slots=True)
class GroupEnergy:
    """What a lamp group used on a local day, in kWh, of a day under way until now.

    `full_kwh` is what full light, the active level, takes in the same dark hours. `timer_kwh` is what a plain
    timer takes that gives full light in its hours and is off else; None when the group is compared with none.
    """

    group: LampGroup
    day: date
    spans: tuple[PhaseSpan, ...]
    used_kwh: float
    full_kwh: float
    timer_kwh: float | None

    @property
    def saved_kwh(self) -> float:
        """What is saved against full light."""
        return self.full_kwh - self.used_kwh

    def seconds(self, phase: Phase) -> float:
        """Return how long the group was in a phase."""
        return sum(span.seconds for span in self.spans if span.phase is phase)

    @property
    def totals(self) -> "EnergyTotals":
        """What is kept of the day when its minutes are gone."""
        return EnergyTotals(
            group_id=self.group.group_id,
            day=self.day,
            active_s=self.seconds(Phase.ACTIVE),
            idle_s=self.seconds(Phase.IDLE),
            safe_s=self.seconds(Phase.SAFE),
            off_s=self.seconds(Phase.DAY),
            used_kwh=self.used_kwh,
            full_kwh=self.full_kwh,
            timer_kwh=self.timer_kwh,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyTotals:
    """What a lamp group used on a local day, as it was reckoned then, by its levels and watts of then.

    Seconds are those of each phase; see `GroupEnergy` for the kWh.
    """

    group_id: str
    day: date
    active_s: float
    idle_s: float
    safe_s: float
    off_s: float
    used_kwh: float
    full_kwh: float
    timer_kwh: float | None

    @property
    def saved_kwh(self) -> float:
        """What is saved against full light."""
        return self.full_kwh - self.used_kwh

    @property
    def reckoned_s(self) -> float:
        """How much of the day was reckoned: all of it, once it is over."""
        return self.active_s + self.idle_s + self.safe_s + self.off_s


def group_energy(
    group: LampGroup,
    minutes: Mapping[str, Sequence[Minute]],
    *,
    day: date,
    tz: tzinfo,
    position: Position | None,
    limits: VisitLimits,
    until: datetime,
    since: datetime | None = None,
) -> GroupEnergy:
    """Reckon a group's local day, from `since` to `until` where those lie in it.

    `minutes` are those of each camera that covers it, of the day and from `needed_since` on before it.

    Raises:
        ValueError: no watts are known of the group.

    """
    begin, end = day_bounds(day, tz)
    begin, end = max(begin, since or begin), min(end, until)
    spans = phase_spans(group, minutes, begin=begin, end=end, tz=tz, position=position, limits=limits)
    used = sum(span.seconds * group.power(span.percent) for span in spans)
    full = sum(
        span.seconds * group.power(group.active if span.phase is not Phase.DAY else 0) for span in spans
    )
    timer = None
    if group.timer:
        timer = sum(
            _seconds(first, last) * group.power(group.active if _is_on(group, first, tz) else 0)
            for first, last in pairwise(_minutes(begin, end))
        )
    return GroupEnergy(
        group,
        day,
        spans,
        used / _WATTSECONDS_IN_KWH,
        full / _WATTSECONDS_IN_KWH,
        None if timer is None else timer / _WATTSECONDS_IN_KWH,
    )


def group_energies(
    groups: Iterable[LampGroup],
    minutes: Mapping[str, Sequence[Minute]],
    *,
    day: date,
    tz: tzinfo,
    position: Position | None,
    limits: VisitLimits,
    until: datetime,
) -> list[GroupEnergy]:
    """Reckon the day of every group whose watts are known; none when nothing of the day has come.

    `minutes` are those of `group_energy`: what begins before midnight goes on to light after it.
    """
    if day_bounds(day, tz)[0] >= until:
        return []
    return [
        group_energy(group, minutes, day=day, tz=tz, position=position, limits=limits, until=until)
        for group in groups
        if group.watts
    ]


def needed_since(groups: Iterable[LampGroup], begin: datetime) -> datetime:
    """Return since when minutes matter for what groups use from `begin` on: the leases of others are over."""
    longest = timedelta(seconds=max((group.hold_s for group in groups), default=0.0))
    return minute_of(begin - longest - LEASE_STEP - MINUTE)


def energy_line(energy: GroupEnergy) -> str:
    """Say in one sentence what a group used on its day."""
    parts = [_against(energy.saved_kwh, "full light")]
    if energy.timer_kwh is not None:
        parts.append(_against(energy.timer_kwh - energy.used_kwh, "its timer"))
    return f"{energy.group.title} used {energy.used_kwh:.1f} kWh, {' and '.join(parts)}."


def _against(saved_kwh: float, what: str) -> str:
    return f"{abs(saved_kwh):.1f} kWh {'more' if saved_kwh < -0.05 else 'less'} than {what}"


def phase_spans(
    group: LampGroup,
    minutes: Mapping[str, Sequence[Minute]],
    *,
    begin: datetime,
    end: datetime,
    tz: tzinfo,
    position: Position | None,
    limits: VisitLimits,
) -> tuple[PhaseSpan, ...]:
    """Return a group's levels between two instants, in order, without gaps; a minute is lit or not as one."""
    active = _merged(_active(group, minutes, limits))
    watched = [_merged(_watched(group, minutes.get(camera, ()))) for camera in group.cameras]
    lit_at = {first: group.is_lit(first, tz, position) for first in _minutes(begin, end)}
    edges = {edge for spans in (active, *watched) for span in spans for edge in span if begin < edge < end}
    found: list[PhaseSpan] = []
    for first, last in pairwise(sorted({*lit_at, *edges, end})):
        if not lit_at[max(minute_of(first), begin)]:
            phase, percent = Phase.DAY, 0
        elif _holds(active, first):
            phase, percent = Phase.ACTIVE, group.active
        elif all(_holds(spans, first) for spans in watched):
            phase, percent = Phase.IDLE, group.idle
        else:
            phase, percent = Phase.SAFE, group.safe
        if found and found[-1].phase is phase:
            first = found.pop().begins_at  # noqa: PLW2901 - the stretch goes on
        found.append(PhaseSpan(first, last, phase, percent))
    return tuple(found)


def _active(group: LampGroup, minutes: Mapping[str, Sequence[Minute]], limits: VisitLimits) -> Iterable[Span]:
    """Yield for each minute of each visit until when it kept the group active."""
    for camera_id in group.cameras:
        for minute in minutes.get(camera_id, ()):
            for visit in minute.visits:
                there = present_until(visit, limits)
                if there >= minute.begins_at and group.counts(camera_id, visit.label, visit.zones):
                    yield max(visit.started_at, minute.begins_at), held_until(group, there)


def _watched(group: LampGroup, minutes: Iterable[Minute]) -> Iterable[Span]:
    for minute in minutes:
        yield minute.begins_at, watched_until(group, minute.folded_until)


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((begin, end))
    return merged


def _holds(spans: Sequence[Span], instant: datetime) -> bool:
    at = bisect_right(spans, instant, key=lambda span: span[0]) - 1
    return at >= 0 and instant < spans[at][1]


def _minutes(begin: datetime, end: datetime) -> list[datetime]:
    """Return the beginnings of the minutes from one instant to another, and the two themselves."""
    first = minute_of(begin) + MINUTE
    whole = [first + n * MINUTE for n in range(max(0, -((first - end) // MINUTE)))]
    return [begin, *(instant for instant in whole if instant < end), end] if begin < end else []


def _is_on(group: LampGroup, instant: datetime, tz: tzinfo) -> bool:
    return any(hours.hold(instant, tz) for hours in group.timer)


def _seconds(begin: datetime, end: datetime) -> float:
    return (end - begin).total_seconds()
