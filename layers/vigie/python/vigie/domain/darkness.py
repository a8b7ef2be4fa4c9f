"""Which cameras are dark, and why: from the frames that were reported and what the agents say.

A camera whose motion gate holds frames back sends none for hours and is well, so its agent's word counts
too. An agent's clock may be wrong: how long before its heartbeat a picture was taken is told by that one
clock, when the heartbeat arrived by S3's, and by both the frames' own times are set right.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from vigie.domain.health import Trouble
from vigie.domain.heartbeats import CameraLife, Heartbeat
from vigie.domain.instants import seconds_between

# Three heartbeats: one that is late, or a check that comes between two, makes no camera dark.
SHORTEST_DARK_S = 180.0
_REASON_LENGTH = 200


@dataclass(frozen=True, slots=True)
class HeartbeatSeen:
    """A heartbeat, and when it arrived, by S3's clock."""

    heartbeat: Heartbeat
    arrived_at: datetime

    @property
    def ahead(self) -> timedelta:
        """How far the agent's clock is ahead of S3's; negative when it is behind."""
        return self.heartbeat.at - self.arrived_at


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraFacts:
    """What is known of one camera: `captured_at` of its newest reported frame, by its agent's clock.

    `waiting_since` says since when newer frames than that have lain in the bucket without a report.
    """

    seen: HeartbeatSeen | None = None
    life: CameraLife | None = None
    captured_at: datetime | None = None
    waiting_since: datetime | None = None


def newest_words(beats: Iterable[HeartbeatSeen]) -> dict[str, tuple[HeartbeatSeen, CameraLife]]:
    """Return each camera's newest heartbeat: it may have moved from one agent to another."""
    words: dict[str, tuple[HeartbeatSeen, CameraLife]] = {}
    for seen in sorted(beats, key=lambda seen: seen.arrived_at):
        words |= {life.camera_id: (seen, life) for life in seen.heartbeat.cameras}
    return words


def camera_trouble(
    facts: CameraFacts, *, looked_since: datetime, now: datetime, dark_after_s: float, tz: tzinfo
) -> Trouble | None:
    """Return since when and why a camera is dark; None when it is not, or `dark_after_s` is 0.

    A camera that nobody ever heard of is dark since it was first looked at.
    """
    after_s = max(dark_after_s, SHORTEST_DARK_S)
    if not dark_after_s or (facts.life and facts.life.state == "ended"):
        return None
    reported = _reported(facts, now)
    stuck = _stuck(facts, reported or looked_since, now=now, after_s=after_s)
    if stuck:
        return stuck
    since = _last_seen(facts, now) or looked_since
    if seconds_between(since, now) < after_s:
        return None
    return Trouble(since, _reason(facts, now=now, tz=tz))


def is_quiet(facts: CameraFacts, *, now: datetime, dark_after_s: float) -> bool:
    """Tell whether the camera has had no report for so long that what waits for one is worth a look."""
    reported = _reported(facts, now)
    return reported is None or seconds_between(reported, now) >= max(dark_after_s, SHORTEST_DARK_S)


def is_back(facts: CameraFacts, *, after: datetime, now: datetime) -> bool:
    """Tell whether a camera that was dark has gone on since that look: one stray picture is no return."""
    if facts.life and facts.life.state == "ended":
        return True
    seen = _last_seen(facts, now)
    return seen is not None and seen > after


def _last_seen(facts: CameraFacts, now: datetime) -> datetime | None:
    known = [instant for instant in (_reported(facts, now), _sampled(facts, now)) if instant]
    return max(known, default=None)


def _reported(facts: CameraFacts, now: datetime) -> datetime | None:
    """Return when the newest reported frame was taken, by our clock."""
    if facts.captured_at is None:
        return None
    return min(facts.captured_at - (facts.seen.ahead if facts.seen else timedelta()), now)


def _sampled(facts: CameraFacts, now: datetime) -> datetime | None:
    """Return when the agent took its newest picture, by our clock."""
    if facts.seen is None or facts.life is None or facts.life.last_captured_at is None:
        return None
    before = max(facts.seen.heartbeat.at - facts.life.last_captured_at, timedelta())
    return min(facts.seen.arrived_at - before, now)


def _stuck(facts: CameraFacts, reported: datetime, *, now: datetime, after_s: float) -> Trouble | None:
    """Return the trouble of a camera that is well, while its frames come nowhere."""
    if seconds_between(reported, now) < after_s:
        return None
    if facts.waiting_since and seconds_between(facts.waiting_since, now) >= after_s:
        return Trouble(
            facts.waiting_since,
            "its frames arrive and none is looked at, so the fault is in the cloud: "
            "python -m vigie doctor says where",
        )
    if facts.seen and facts.life and facts.life.spooled and facts.seen.heartbeat.upload_error:
        words = facts.seen.heartbeat.upload_error
        return Trouble(reported, f"its agent takes pictures and cannot upload them: {words}"[:_REASON_LENGTH])
    return None


def _reason(facts: CameraFacts, *, now: datetime, tz: tzinfo) -> str:
    seen, life = facts.seen, facts.life
    if seen is None or life is None:
        if facts.captured_at is None:
            return "nothing was ever heard of it; is an agent running that watches it?"
        return "its frames have stopped, and no agent says why"
    agent = f"its agent {seen.heartbeat.agent_id}"
    if seconds_between(seen.arrived_at, now) >= SHORTEST_DARK_S:
        return (
            f"{agent} is silent since {seen.arrived_at.astimezone(tz):%H:%M}: "
            "it has no power or no network, or was stopped"
        )
    if life.error:
        return f"{agent} says that it is {life.state}: {life.error}"[:_REASON_LENGTH]
    return f"{agent} says that it is {life.state}, and gets no picture"
