"""How fast uploads may go: bytes a second, whose turn it is, and how S3 slows them down.

All of it is arithmetic on a steady clock that is given; nothing here waits.
"""

import math
import threading
from collections.abc import Callable

from edge_agent.backoff import Backoff

_BURST_S = 1.0
_FRESH_IN_A_ROW = 4
_FIRST_GAP_S, _MOST_GAP_S, _NO_GAP_S = 0.1, 10.0, 0.02
_LONGEST_ADVICE_S = 300.0


class ByteLimit:
    """A token bucket that holds a second's worth; a frame larger than that is paid for by those after it."""

    def __init__(self, per_s: float, steady: Callable[[], float]) -> None:
        self._per_s = per_s
        self._steady = steady
        self._lock = threading.Lock()
        self._paid_until = -math.inf

    def claim(self, size: int) -> float:
        """Take `size` bytes; return the seconds to wait before they may leave."""
        if math.isinf(self._per_s):
            return 0.0
        with self._lock:
            now = self._steady()
            begin = max(now - _BURST_S, self._paid_until)
            self._paid_until = begin + size / self._per_s
            return max(0.0, self._paid_until - now)


class Turns:
    """Fresh frames first; the backlog gets `backlog_fps` at most, and a fifth of all turns at least.

    So after an outage what happens now is seen now, neither the uplink nor the cloud is flooded by what
    happened then, and an uplink that hardly carries what is fresh still works off the rest.
    """

    def __init__(self, backlog_fps: float, steady: Callable[[], float]) -> None:
        self._gap_s = 1 / backlog_fps
        self._steady = steady
        self._lock = threading.Lock()
        self._backlog_at = -math.inf
        self._fresh_in_a_row = 0

    def choose(self, *, fresh: bool, backlog: bool, limited: bool = True) -> bool | None:
        """Return True for fresh, False for backlog, None for neither now; the arguments say what waits."""
        with self._lock:
            now = self._steady()
            may = backlog and (not limited or now >= self._backlog_at)
            if fresh and not (may and self._fresh_in_a_row >= _FRESH_IN_A_ROW):
                self._fresh_in_a_row += 1
                return True
            if not may:
                return None
            self._fresh_in_a_row = 0
            # A turn that came late is made up for, an hour of outage is not.
            self._backlog_at = max(self._backlog_at, now - self._gap_s) + self._gap_s
            return False

    def wait_s(self) -> float:
        """Return the seconds until the backlog may have a turn."""
        with self._lock:
            return max(0.0, self._backlog_at - self._steady())


class Brakes:
    """What S3's refusals do to the uploads of all threads together.

    A fault makes all wait, longer each time, with jitter. `SlowDown` spaces the uploads besides, wider each
    time, and every success brings them closer again. `Retry-After` is obeyed, up to five minutes.
    """

    def __init__(self, backoff: Backoff, *, slow_s: float, steady: Callable[[], float]) -> None:
        self._backoff = backoff
        self._slow_s = slow_s
        self._steady = steady
        self._lock = threading.Lock()
        self._paused_until = -math.inf
        self._paused_at = -math.inf
        self._gap_s = 0.0
        self._next_at = -math.inf

    def hold_s(self) -> float:
        """Return the seconds until the next upload may begin; 0 takes the turn."""
        with self._lock:
            now = self._steady()
            begin = max(self._paused_until, self._next_at)
            if begin > now:
                return begin - now
            self._next_at = now + self._gap_s
            return 0.0

    def well(self) -> None:
        """Say that an upload arrived."""
        with self._lock:
            self._backoff.reset()
            self._gap_s = 0.0 if self._gap_s < _NO_GAP_S else self._gap_s * 0.8

    def fault(self, begun: float, *, slow_down: bool, retry_after_s: float | None) -> None:
        """Say that an upload which began then failed, and may succeed later."""
        with self._lock:
            if begun < self._paused_at:
                return  # one of several that failed together: they count once
            if slow_down:
                self._gap_s = min(_MOST_GAP_S, max(_FIRST_GAP_S, 2 * self._gap_s))
            self._pause(max(self._backoff.next_s(), min(retry_after_s or 0.0, _LONGEST_ADVICE_S)))

    def refused(self) -> None:
        """Say that an upload failed in a way that only a person can mend."""
        with self._lock:
            self._pause(self._slow_s)

    def _pause(self, seconds: float) -> None:
        self._paused_at = self._steady()
        self._paused_until = max(self._paused_until, self._paused_at + seconds)
