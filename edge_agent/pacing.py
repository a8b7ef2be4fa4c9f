"""How a camera's frames of a day are spread over it, by the cap that the site document sets.

The cloud counts for good, and looks at nothing beyond the cap. An edge that sent on until noon would leave
the afternoon unseen; so it sends no more at any time than has accrued by then: of the cap an hour's share at
once, for what happens now, and the rest evenly from midnight to midnight. What a quiet night leaves is there
by day.

What is held back never comes, so that its minutes would look as if there were no camera. So the agent says in
its heartbeats which minutes these were, and the cloud marks them as over budget.
"""

import threading
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from vigie.domain.caps import Caps
from vigie.domain.heartbeats import HeldSpan
from vigie.domain.instants import day_bounds, minute_of, seconds_between
from vigie.domain.series import MINUTE
from vigie.domain.sites import Site

_RESERVE = 24  # of the cap, a part for what happens at once
# What heartbeats say of it: enough for hours without the cloud, and never much of a document.
_MOST_SPANS = 60
_LONGEST_SPAN = timedelta(days=2)


class DailyPace:
    """One camera's frames of a day, of this run's own count; every method may be called from any thread.

    An agent that starts in the middle of a day does not know what was sent before, and takes all but the
    reserve for spent. Without a site nothing is held back.
    """

    def __init__(self, site: Site | None = None) -> None:
        self._lock = threading.Lock()
        self._site = site
        self._day: date | None = None
        self._spent = 0

    def follow(self, site: Site) -> None:
        """Go by another site document."""
        with self._lock:
            self._site = site

    def take(self, now: datetime) -> bool:
        """Count a frame; false when it has to be held back."""
        with self._lock:
            if self._site is None:
                return True
            caps, tz = self._site.caps, self._site.tz
            day = now.astimezone(tz).date()
            begin, end = day_bounds(day, tz)
            share = seconds_between(begin, now) / seconds_between(begin, end)
            if self._day is None:
                self._spent = _accrued(caps, share) - _reserve(caps) if caps.paced else 0
            elif day != self._day:
                self._spent = 0
            self._day = day
            allowed = _accrued(caps, share) if caps.paced else caps.frames_a_camera
            if self._spent >= allowed:
                return False
            self._spent += 1
            return True


@dataclass(slots=True)
class HeldMinutes:
    """The minutes of one camera in which the cap held back all pictures that were to go.

    One in which any went is none of them, nor one that is not over: so what is said is never taken back.
    """

    spans: tuple[HeldSpan, ...] = ()
    _minute: datetime | None = None
    _held: bool = False
    _sent: bool = False

    def count(self, captured_at: datetime, *, held_back: bool, sent: bool) -> None:
        """Take note of a picture; one that is neither held back nor sent shows that time goes on."""
        minute = minute_of(captured_at)
        if minute != self._minute:
            if self._minute is not None and self._held and not self._sent:
                self._add(self._minute)
            self._minute, self._held, self._sent = minute, False, False
        self._held = self._held or held_back
        self._sent = self._sent or sent

    def _add(self, minute: datetime) -> None:
        if any(span.begins_at <= minute < span.ends_at for span in self.spans):
            return  # by a clock that was set back
        last = self.spans[-1] if self.spans else None
        end = minute + MINUTE
        if last is not None and last.ends_at == minute:
            begin = max(last.begins_at, end - _LONGEST_SPAN)
            self.spans = (*self.spans[:-1], replace(last, begins_at=begin, ends_at=end))
        else:
            self.spans = (*self.spans, HeldSpan(begins_at=minute, ends_at=end))[-_MOST_SPANS:]


def _reserve(caps: Caps) -> int:
    return min(max(caps.frames_a_camera // _RESERVE, 1), caps.frames_a_camera)


def _accrued(caps: Caps, share: float) -> int:
    """Return how many frames may have been sent when that share of the day is over."""
    reserve = _reserve(caps)
    return reserve + int((caps.frames_a_camera - reserve) * share)
