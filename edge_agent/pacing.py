"""How a camera's frames of a day are spread over it, by the cap that the site document sets.

The cloud counts for good, and looks at nothing beyond the cap. An edge that sent on until noon would leave
the afternoon unseen; so it sends no more at any time than has accrued by then: of the cap an hour's share at
once, for what happens now, and the rest evenly from midnight to midnight. What a quiet night leaves is there
by day.
"""

import threading
from datetime import date, datetime

from vigie.domain.caps import Caps
from vigie.domain.instants import day_bounds, seconds_between
from vigie.domain.sites import Site

_RESERVE = 24  # of the cap, a part for what happens at once


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


def _reserve(caps: Caps) -> int:
    return min(max(caps.frames_a_camera // _RESERVE, 1), caps.frames_a_camera)


def _accrued(caps: Caps, share: float) -> int:
    """Return how many frames may have been sent when that share of the day is over."""
    reserve = _reserve(caps)
    return reserve + int((caps.frames_a_camera - reserve) * share)
