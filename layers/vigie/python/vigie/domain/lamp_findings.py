"""What the doctor makes of a lamp group: does anybody drive its lamps, and do they give what they should?"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from vigie.domain.darkness import SHORTEST_DARK_S, HeartbeatSeen
from vigie.domain.findings import Finding, failure, ok, warning
from vigie.domain.instants import seconds_between
from vigie.domain.lamps import LampGroup
from vigie.domain.lighting import Desired, Lease, Level, level_at
from vigie.domain.sites import Site

# What a word may take from the shadow to the device and back; longer is no delay.
_LONG = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class LampFacts:
    """A group's shadow: what is asked for, written when; the level that its lamps reported, when.

    `error` is what the lamps' agent says of one that does not follow. None is what the shadow does not hold.
    """

    desired: Desired | None = None
    desired_at: datetime | None = None
    level: int | None = None
    error: str | None = None
    reported_at: datetime | None = None


def judge_lamps(
    group: LampGroup, facts: LampFacts, beats: Iterable[HeartbeatSeen], *, site: Site, now: datetime
) -> Finding:
    """Judge a lamp group by its shadow and by the agents' heartbeats: the gravest thing, in one sentence."""
    lamps, enroll = f"the lamps of {group.title}", f"enroll it with --lamps {group.group_id}"
    agents = [
        seen.heartbeat.agent_id
        for seen in beats
        if seconds_between(seen.arrived_at, now) < SHORTEST_DARK_S
        and any(life.group_id == group.group_id for life in seen.heartbeat.lamps)
    ]
    if facts.level is None:
        if agents:
            return failure(
                f"agent {agents[0]} drives {lamps}, and what it reports does not reach their shadow", enroll
            )
        return failure(
            f"no agent has ever reported what {lamps} do",
            f"name the group in [[lamps]] of an agent's cameras.toml, and {enroll}",
        )
    if not agents:
        last = f"{facts.reported_at.astimezone(site.tz):%Y-%m-%d %H:%M}" if facts.reported_at else "unknown"
        return failure(
            f"no agent drives {lamps}; the last report, {facts.level} %, is of {last}",
            "see to its agent's power and network, and that [[lamps]] of its cameras.toml names the group",
        )
    if facts.error is not None:
        return failure(
            f"{lamps} do not follow: {facts.error}",
            "see to the device: its power, its network, its address in [[lamps]]",
        )
    due = _due(group, facts, site, now)
    what = f"{lamps} give {facts.level} %"
    if facts.level == due.percent:
        return ok(f"{what}: {due.reason}")
    what = f"{what}, and {due.percent} % are due: {due.reason}"
    if (facts.desired_at or now) > now - _LONG or _due(group, facts, site, now - _LONG) != due:
        return warning(f"{what}; that is so only now", "look again in two minutes")
    return failure(
        f"{what}, for minutes now",
        f"see what `python -m edge_agent status` says, and its clock; if it hears no shadow, {enroll}",
    )


def _due(group: LampGroup, facts: LampFacts, site: Site, now: datetime) -> Level:
    """Return the level that follows from the shadow and the clock, as the edge works it out."""
    lease = facts.desired.lease.credible(group, now) if facts.desired else Lease()
    return level_at(group, lease, now, tz=site.tz, position=site.position)
