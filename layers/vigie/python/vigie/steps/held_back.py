"""An edge held frames back, for the day's cap does not cover them: the cloud marks their minutes, and tells.

Heartbeats come again, late, and of agents that died long ago. A mark is made once and for good, and a minute
that has frames is covered whatever its mark: so order and repetition change nothing.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from vigie.domain.cameras import CANARY
from vigie.domain.caps import Spending, spending_day
from vigie.domain.darkness import HeartbeatSeen
from vigie.domain.heartbeats import HeldSpan
from vigie.domain.instants import minute_of
from vigie.domain.rollups import is_settled
from vigie.domain.series import MINUTE
from vigie.domain.sites import Site
from vigie.steps.budget_ports import BudgetMarks, Purse
from vigie.steps.ports import StaleDays

# What an agent may say of the past.
_LONGEST = timedelta(days=2)
# Of one camera at a look, and of all: after hours without the cloud the next looks go on.
_MOST, _MOST_AT_A_LOOK = 120, 1000


def mark_held_back(
    beats: Iterable[HeartbeatSeen],
    *,
    site: Site,
    purse: Purse,
    marks: BudgetMarks,
    stale: StaleDays | None,
    now: datetime,
) -> None:
    """Mark the minutes that agents say they held back, and the accounts of those of today.

    A minute of a day that has been drawn for good marks it to be drawn again.

    Raises:
        CloudError: AWS refused a call; the next look makes it good.

    """
    frames, today, left = Spending.FRAMES, spending_day(now, site.tz), _MOST_AT_A_LOOK
    for seen in beats:
        # By the agent's clock, as the times of its frames are.
        until = minute_of(seen.heartbeat.at)
        for life in seen.heartbeat.cameras:
            minutes = _minutes(life.held_in, until - _LONGEST, until)
            if not minutes or life.camera_id == CANARY:
                continue
            new = marks.not_held(life.camera_id, minutes)[: min(_MOST, left)]
            left -= len(new)
            # The marks last: what fails before them is done again.
            if new and spending_day(new[-1], site.tz) == today:
                cap = site.caps.of(frames)
                purse.hold(frames, camera_id=life.camera_id, day=today, cap=cap)
            if stale is not None:
                late = {minute.replace(minute=0) for minute in new if is_settled(minute, now, site.tz)}
                for hour in sorted(late):
                    stale.mark(life.camera_id, hour)
            for minute in new:
                marks.mark(frames, camera_id=life.camera_id, captured_at=minute, held=True)


def _minutes(spans: Sequence[HeldSpan], begin: datetime, end: datetime) -> list[datetime]:
    """Return the minutes of the spans that begin within begin <= t < end, each once, in order."""
    found = set()
    for span in spans:
        minute = max(span.begins_at, begin).astimezone(UTC)
        while minute < min(span.ends_at, end):
            found.add(minute)
            minute += MINUTE
    return sorted(found)
