"""Pauses: for how long a service that is paid for is left alone after it has refused or kept silent."""

from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Until then, exclusively, nobody calls; `length` is how long that is, `reason` a sentence."""

    until: datetime
    length: timedelta
    reason: str

    def holds(self, now: datetime) -> bool:
        """Tell whether it is not over."""
        return now < self.until


def next_pause(last: Pause | None, *, now: datetime, may_pass: bool, reason: str) -> Pause:
    """Return the pause that follows a failure now.

    What may pass by itself (throttling, an outage) is tried again after half a minute, then after twice as
    long each time, a quarter of an hour at most; what a person must mend (a right, a collection) after that
    at once. A last pause that ended longer ago than that counts no more.
    """
    length = LONGEST_PAUSE
    if may_pass:
        recent = last is not None and now < last.until + LONGEST_PAUSE
        length = min(2 * last.length, LONGEST_PAUSE) if last is not None and recent else FIRST_PAUSE
    return Pause(until=now + length, length=length, reason=reason)
