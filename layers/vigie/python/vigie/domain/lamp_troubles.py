"""Which lamp groups have failed, and why: from what the agents that drive them say each minute."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from vigie.domain.darkness import SHORTEST_DARK_S, HeartbeatSeen
from vigie.domain.health import Trouble
from vigie.domain.heartbeats import LampLife
from vigie.domain.instants import seconds_between


@dataclass(frozen=True, slots=True)
class LampsSeen:
    """A group's lamps as one agent sees them, in the heartbeat that it sent last."""

    seen: HeartbeatSeen
    life: LampLife


def lamps_seen(beats: Iterable[HeartbeatSeen]) -> dict[str, list[LampsSeen]]:
    """Return what is known of each lamp group, of the agent first that spoke last: several may drive one."""
    known: dict[str, list[LampsSeen]] = {}
    for seen in sorted(beats, key=lambda seen: seen.arrived_at, reverse=True):
        for life in seen.heartbeat.lamps:
            known.setdefault(life.group_id, []).append(LampsSeen(seen, life))
    return known


def lamps_trouble(
    known: Sequence[LampsSeen], *, failing_since: datetime | None, now: datetime, after_s: float, tz: tzinfo
) -> Trouble | None:
    """Return since when and why a group's lamps fail, of which an agent has spoken; None when they do not.

    Every agent that drives them has been silent for `after_s` seconds, or one that has not says what is
    wrong: then that has been so since `failing_since`, None for since now. An agent that is silent while
    another speaks no longer drives the group.
    """
    speaking = [each for each in known if seconds_between(each.seen.arrived_at, now) < after_s]
    if not speaking:
        last = known[0].seen
        return Trouble(
            last.arrived_at,
            f"the agent {last.heartbeat.agent_id} that drives them is silent since "
            f"{last.arrived_at.astimezone(tz):%H:%M}: it has no power or no network, or was stopped",
        )
    words = next((text for each in speaking if (text := _wrong(each))), None)
    return Trouble(failing_since or now, words) if words else None


def failing_after_s(dark_after_s: float) -> float:
    """Return after how many seconds lamps are told to have failed, as cameras are to be dark."""
    return max(dark_after_s, SHORTEST_DARK_S)


def _wrong(each: LampsSeen) -> str | None:
    heartbeat = each.seen.heartbeat
    if each.life.error is not None:
        return f"the agent {heartbeat.agent_id} says that they do not follow: {each.life.error}"
    if heartbeat.lamps_error is not None:
        return f"the agent {heartbeat.agent_id} does not hear what is asked of them: {heartbeat.lamps_error}"
    return None
