"""A camera has reported: renew the leases of the lamp groups that it covers, and ask for their levels."""

from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass, replace
from datetime import datetime

from vigie.domain.instants import MILLISECOND, minute_of
from vigie.domain.lamps import LampGroup
from vigie.domain.lighting import MOST_AHEAD, Lease, desired_now, fullest_lease, lease_of
from vigie.domain.series import Minute, VisitsChange
from vigie.domain.sites import Site
from vigie.domain.visits import Visit
from vigie.errors import Conflict, NotFound
from vigie.steps.lamp_ports import LampShadows
from vigie.steps.ports import Clock, MinuteStore

_ATTEMPTS = 25


@dataclass(frozen=True, slots=True)
class LightsSet:
    """The ids of the groups whose shadows were written, and of those without a thing: no edge drives them."""

    written: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def set_lights(
    camera_id: str,
    change: VisitsChange,
    *,
    site: Site,
    minutes: MinuteStore,
    shadows: LampShadows,
    known: MutableMapping[str, Lease],
    clock: Clock,
) -> LightsSet:
    """Bring the shadows in line with what a frame changed of its camera's visits; return what was done.

    What counts is what is stored now, not what the event knew, and a lease only grows: so events may come
    late, twice, and in any order. Nothing is written that changes nothing, while a group is not lit, for
    what is past, or for a frame of an edge whose clock is ahead. `known` remembers by group what is surely
    stored already, which spares most frames every call.

    Frames of a clock that was ahead stay stored, the newest of their camera until their time has come.
    The right ones after them count all the same: of what is stored, that which can have been seen by now.

    Raises:
        Conflict: other writers kept being first; the event should be tried again.
        CloudError: AWS refused a call; the event should be tried again.

    """
    newest, latest = change.end - MILLISECOND, clock() + MOST_AHEAD
    if change.begin > latest:
        return LightsSet()
    at_most = min(newest, latest)
    groups = [group for group in site.lamp_groups if _may_gain(group, camera_id, at_most, site, known, clock)]
    if not groups:
        return LightsSet()
    stored = minutes.minutes(camera_id, minute_of(change.begin), at_most + MILLISECOND)
    if newest > latest:
        taken = (minute.folded_until for minute in stored)
        newest = max((instant for instant in taken if instant <= latest), default=change.begin)
    span = [_seen_by(latest, minute) for minute in stored]
    written, unknown = [], []
    for group in groups:
        said = lease_of(group, camera_id, span, newest=newest, limits=site.visits)
        try:
            if _ask(group, said, site=site, shadows=shadows, known=known, clock=clock):
                written.append(group.group_id)
        except NotFound:
            unknown.append(group.group_id)
    return LightsSet(tuple(written), tuple(unknown))


def _seen_by(latest: datetime, minute: Minute) -> Minute:
    """Return a minute with what was seen of its visits until then."""

    def seen(visits: Iterable[Visit]) -> tuple[Visit, ...]:
        known = (visit for visit in visits if visit.started_at <= latest)
        return tuple(replace(visit, last_seen_at=min(visit.last_seen_at, latest)) for visit in known)

    if minute.folded_until <= latest:
        return minute
    return replace(minute, open=seen(minute.open), ended=seen(minute.ended))


def _may_gain(
    group: LampGroup,
    camera_id: str,
    newest: datetime,
    site: Site,
    known: MutableMapping[str, Lease],
    clock: Clock,
) -> bool:
    """Tell whether the frame may add anything to the group's lease that matters now."""
    if camera_id not in group.cameras or not group.is_needed(clock(), site.tz, site.position):
        return False
    fullest = fullest_lease(group, camera_id, newest).of(group, clock())
    matters = fullest.until is not None or fullest.watched[camera_id] > clock()
    return matters and not _is_known(group, fullest, known, clock)


def _is_known(group: LampGroup, lease: Lease, known: MutableMapping[str, Lease], clock: Clock) -> bool:
    """Tell whether all of a lease is surely stored already."""
    return known.get(group.group_id, Lease()).credible(group, clock()).covers(lease)


def _ask(
    group: LampGroup,
    said: Lease,
    *,
    site: Site,
    shadows: LampShadows,
    known: MutableMapping[str, Lease],
    clock: Clock,
) -> bool:
    """Prolong a group's lease by what was said; tell whether that was a write."""
    if _is_known(group, said.of(group, clock()), known, clock):
        return False
    for _ in range(_ATTEMPTS):
        stored = shadows.desired(group.group_id)
        asked = stored[0]
        now = clock()
        lease = asked.lease.credible(group, now).joined(said) if asked else said
        wanted = desired_now(group, lease, now, tz=site.tz, position=site.position)
        if wanted != asked:
            try:
                shadows.ask(group.group_id, wanted, replaces=stored)
            except Conflict:
                continue
        known[group.group_id] = wanted.lease
        return wanted != asked
    raise Conflict(f"{_ATTEMPTS} times another writer of the lamp group {group.group_id} was first")
