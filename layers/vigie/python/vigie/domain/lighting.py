"""Lighting: what a lamp group's cameras say becomes a lease, and a lease with the clock becomes a level.

A lease is two kinds of instants: until when somebody may be there, and until when the word of each camera
holds. Both only ever move on, to the later of two words, so reports may come late, again and in any order.
They move in steps of half a minute, so that a lease is written twice a minute and not with every frame.

Who is there is what the stored visits say (`following.py`), with their two thresholds: a visit begins with
a confident detection only, and goes on with a weak one. A vehicle that has stood still for as long as makes
it a parked one is nobody.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

from vigie.domain.detections import VEHICLES
from vigie.domain.lamps import LEASE_STEP, LampGroup
from vigie.domain.series import Minute, VisitsChange
from vigie.domain.sun import Position
from vigie.domain.visits import Visit, VisitLimits

# What an edge's clock may be ahead: a wrong one must not light a street for a year.
MOST_AHEAD = timedelta(minutes=1)
# Who stays is told again so often, should the word that prolonged the lease be on a long way.
_TOLD_AGAIN = timedelta(seconds=10)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Phase(StrEnum):
    """Why a lamp group has its level."""

    DAY = "day"
    ACTIVE = "active"
    IDLE = "idle"
    SAFE = "safe"


@dataclass(frozen=True, slots=True)
class Level:
    """What a lamp group is to give, in percent of full light, and why, for people."""

    percent: int
    phase: Phase
    reason: str


@dataclass(frozen=True, slots=True)
class Lease:
    """What a group's cameras have said: somebody until `until`, each camera's word good until `watched`.

    `reason` says who prolonged it last, and makes no difference.
    """

    until: datetime | None = None
    watched: Mapping[str, datetime] = field(default_factory=dict)
    reason: str = field(default="", compare=False)

    def joined(self, other: "Lease") -> "Lease":
        """Return the later of both, of each instant: in any order and as often as one likes."""
        latest = max((each.until for each in (self, other) if each.until), default=None)
        later = self if self.until == latest else other
        cameras = {*self.watched, *other.watched}
        watched = {
            camera: max(each.watched[camera] for each in (self, other) if camera in each.watched)
            for camera in sorted(cameras)
        }
        return Lease(latest, watched, later.reason)

    def covers(self, other: "Lease") -> bool:
        """Tell whether the other one adds nothing to this."""
        return self.joined(other) == self

    def credible(self, group: LampGroup, now: datetime) -> "Lease":
        """Return what of it a camera can have said by now: no foreign word lights a street for years."""
        slack = MOST_AHEAD + LEASE_STEP
        latest = now + timedelta(seconds=group.hold_s) + slack
        latest_word = now + timedelta(seconds=group.silent_after_s) + slack
        until = self.until if self.until and self.until <= latest else None
        watched = {camera: end for camera, end in self.watched.items() if end <= latest_word}
        return Lease(until, watched, self.reason)

    def of(self, group: LampGroup, now: datetime) -> "Lease":
        """Return what of it still matters: cameras that cover the group, an end that is to come."""
        until = self.until if self.until and self.until > now else None
        watched = {camera: end for camera, end in self.watched.items() if camera in group.cameras}
        return Lease(until, watched, self.reason)


@dataclass(frozen=True, slots=True)
class Desired:
    """What a lamp group's shadow asks for: the level of the instant when it was written, and the lease.

    Who drives the lamps applies the lease by its own clock, and so needs no other word when it runs out.
    """

    level: int
    lease: Lease


def lease_of(
    group: LampGroup,
    camera_id: str,
    minutes: Iterable[Minute],
    *,
    newest: datetime,
    limits: VisitLimits,
) -> Lease:
    """Return what a camera's stored minutes say for a group; `newest` is when its newest frame was taken."""
    seen: tuple[datetime, str] | None = None
    for minute in minutes:
        for visit in minute.visits:
            there = present_until(visit, limits)
            counts = group.counts(camera_id, visit.label, visit.zones)
            if counts and there >= minute.begins_at and (seen is None or there > seen[0]):
                seen = there, visit.label
    watched = {camera_id: watched_until(group, newest)}
    if seen is None:
        return Lease(None, watched)
    return Lease(held_until(group, seen[0]), watched, f"{seen[1]} before {camera_id}")


def fullest_lease(group: LampGroup, camera_id: str, newest: datetime) -> Lease:
    """Return the most that a camera can say with a frame of that time."""
    return Lease(held_until(group, newest), {camera_id: watched_until(group, newest)})


def present_until(visit: Visit, limits: VisitLimits) -> datetime:
    """Return until when a visit was somebody: a vehicle that stands is nobody once it is a parked one."""
    if visit.label not in VEHICLES:
        return visit.last_seen_at
    return min(visit.last_seen_at, visit.still_since + timedelta(seconds=limits.still_after_s))


def held_until(group: LampGroup, instant: datetime) -> datetime:
    """Return how long a group is active for somebody who was last seen then."""
    return _rounded(instant + timedelta(seconds=group.hold_s))


def watched_until(group: LampGroup, instant: datetime) -> datetime:
    """Return how long the word of a camera holds whose newest frame was taken then."""
    return _rounded(instant + timedelta(seconds=group.silent_after_s))


def tells_lamps(
    groups: Iterable[LampGroup],
    minute: Minute,
    before: Minute | None,
    change: VisitsChange,
    *,
    limits: VisitLimits,
    tz: tzinfo,
    position: Position | None,
) -> bool:
    """Tell whether a frame may change a group's lease; `minute` is its own, `before` that without the frame.

    One that came late does, since what follows it may be other. Of the rest none does by day; at night the
    first of its minute, by which the camera's word is renewed, and one that shows somebody who counts, if the
    minute said less of the lease without it: who came, has just entered a zone, or is a parked vehicle that
    drives off. What it said before was told, be it by a word that is late: so one in ten seconds is told
    again. Without `before` the frame may have been here already, and its own word be lost.
    """
    instant = change.begin
    for group in groups:
        if minute.camera_id not in group.cameras:
            continue
        if change.is_late:
            return True
        # It may be dark still by the true time, when the edge's clock is ahead.
        is_dark = group.is_lit(instant - MOST_AHEAD, tz, position)
        if not (is_dark or group.is_needed(instant, tz, position)):
            continue
        if minute.frames == 1:
            return True
        if _shows_somebody(group, minute, instant, limits) and _adds(group, minute, before, instant, limits):
            return True
    return False


def _shows_somebody(group: LampGroup, minute: Minute, instant: datetime, limits: VisitLimits) -> bool:
    return any(
        visit.last_seen_at == instant == present_until(visit, limits)
        and group.counts(minute.camera_id, visit.label, visit.zones)
        for visit in minute.visits
    )


def _adds(
    group: LampGroup, minute: Minute, before: Minute | None, instant: datetime, limits: VisitLimits
) -> bool:
    if before is None or (instant - _EPOCH) // _TOLD_AGAIN > (before.folded_until - _EPOCH) // _TOLD_AGAIN:
        return True
    had = lease_of(group, minute.camera_id, [before], newest=before.folded_until, limits=limits)
    return not had.covers(lease_of(group, minute.camera_id, [minute], newest=instant, limits=limits))


def level_at(
    group: LampGroup, lease: Lease, now: datetime, *, tz: tzinfo, position: Position | None
) -> Level:
    """Return the level of a group at an instant: what nobody knows is never dark, but by day."""
    if not group.is_lit(now, tz, position):
        return Level(0, Phase.DAY, "it is not lit at this hour")
    if lease.until and now < lease.until:
        return Level(group.active, Phase.ACTIVE, lease.reason or "somebody is there")
    silent = [camera for camera in group.cameras if now >= lease.watched.get(camera, _EPOCH)]
    if silent:
        return Level(group.safe, Phase.SAFE, f"no reports from {', '.join(silent)}")
    return Level(group.idle, Phase.IDLE, "nobody is there")


def desired_now(
    group: LampGroup, lease: Lease, now: datetime, *, tz: tzinfo, position: Position | None
) -> Desired:
    """Return what the shadow of a group should ask for at an instant."""
    level = level_at(group, lease, now, tz=tz, position=position)
    rest = lease.of(group, now)
    return Desired(level.percent, Lease(rest.until, rest.watched, level.reason))


def _rounded(instant: datetime) -> datetime:
    """Return the next whole step, so that a lease is not written anew with every frame."""
    return _EPOCH - (_EPOCH - instant) // LEASE_STEP * LEASE_STEP
