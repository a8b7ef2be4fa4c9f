"""What time it is, by S3: a Pi has no clock of its own, and starts where it was switched off, or in 1970.

Every answer of S3 says its time (the `Date` header, whole seconds). Against the steady clock that gives, with
half the round trip, what must be added to the steady clock to have S3's time; the median of the last answers
counts. So a local clock that jumps, as when NTP sets it after the start, moves nothing here: how far it is
ahead is always worked out anew.

`mode` says what a clock does to frames that is wrong by more than 2 s:

- `correct`: capture times are S3's. Frames that were spooled before keep their keys.
- `refuse`: no frame is taken unless S3 has confirmed the clock.
- `trust`: nothing; it is only reported.

Without an answer of S3 (an outage at the start), `correct` takes the local clock for right, unless it is
earlier than the last confirmed time of an earlier run: that cannot be, and frames are not taken either.
"""

import contextlib
import logging
import statistics
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Literal

from vigie.domain.instants import MILLISECOND, from_iso, to_iso, whole_milliseconds

log = logging.getLogger(__name__)

ClockMode = Literal["correct", "refuse", "trust"]

_WRONG_S, _RIGHT_S = 2.0, 1.0  # two bounds, so that a clock near one of them does not flap
_ANSWERS, _ENOUGH = 9, 3
_LONGEST_TRIP_S = 2.0  # a slow upload is dated at its end: half of it is how wrong that may be
_DATE_RESOLUTION_S = 1.0
_FIRST_ANSWER_S = 5.0  # for which the first frames wait for S3
_ASK_AGAIN_S = 600.0
_NO_EARLIER = datetime(2026, 1, 1, tzinfo=UTC)  # this program is not older


class Clock:
    """S3's time against the local clock; every method may be called from any thread.

    `no_earlier` is the last confirmed time of an earlier run.
    """

    def __init__(
        self,
        mode: ClockMode,
        *,
        no_earlier: datetime | None = None,
        local: Callable[[], datetime] = lambda: datetime.now(UTC),
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._mode = mode
        self._no_earlier = max(_NO_EARLIER, no_earlier or _NO_EARLIER)
        self._local = local
        self._steady = steady
        self._begun = steady()
        self._lock = threading.Lock()
        self._answers: deque[float] = deque(maxlen=_ANSWERS)
        self._heard_at: float | None = None
        self._wrong = False
        self._held = False

    @property
    def corrects(self) -> bool:
        """Whether a clock that is wrong is corrected."""
        return self._mode == "correct"

    def is_correcting(self) -> bool:
        """Tell whether the local clock is wrong now, and corrected."""
        return self.corrects and self._wrong

    def heard(self, date: str | None, *, asked: float, answered: float) -> None:
        """Take in the `Date` of an answer of S3, and the steady clock before and after the call."""
        instant = read_date(date)
        if instant is None or answered - asked > _LONGEST_TRIP_S:
            return
        middle = instant.timestamp() + _DATE_RESOLUTION_S / 2
        with self._lock:
            self._answers.append(middle - (asked + answered) / 2)
            self._heard_at = answered
        self._judge()

    def wants_answer(self) -> bool:
        """Tell whether S3 should be asked for its time, because no upload did so lately."""
        with self._lock:
            few = len(self._answers) < _ENOUGH
            silent = self._heard_at is None or self._steady() - self._heard_at > _ASK_AGAIN_S
            return few or silent or (self._mode == "refuse" and self._wrong)

    def ahead_s(self) -> float | None:
        """Return how far the local clock is ahead of S3's, in seconds; None before S3 said so three times."""
        offset = self._offset()
        return None if offset is None else self._local().timestamp() - (self._steady() + offset)

    def confirmed(self) -> datetime | None:
        """Return S3's time, None while it is not known."""
        offset = self._offset()
        return None if offset is None else datetime.fromtimestamp(self._steady() + offset, UTC)

    def now(self) -> datetime | None:
        """Return the time that a frame taken now should bear, None when none should be taken."""
        self._judge()
        held = self._why_held()
        if held is not None:
            if not self._is_early() and not self._held:
                self._held = True
                log.error("no frames are taken", extra={"error": held})
            return None
        if self._held:
            self._held = False
            log.info("frames are taken again")
        return self.corrected()

    def corrected(self) -> datetime:
        """Return the local clock's time, or S3's where that is wrong and may be corrected."""
        offset = self._offset()
        if offset is None or not self.is_correcting():
            return self._local()
        return datetime.fromtimestamp(self._steady() + offset, UTC)

    def trouble(self) -> str | None:
        """Return the sentence about a clock that is wrong, None when nothing is known against it."""
        self._judge()
        held = self._why_held()
        if held is not None:
            return None if self._is_early() else held
        ahead = self.ahead_s()
        if not self._wrong or ahead is None:
            return None
        done = "capture times are corrected" if self._mode == "correct" else "capture times are wrong with it"
        return f"{_sentence(ahead)}; {done}"

    def _is_early(self) -> bool:
        return self._offset() is None and self._steady() - self._begun < _FIRST_ANSWER_S

    def _offset(self) -> float | None:
        with self._lock:
            return statistics.median(self._answers) if len(self._answers) >= _ENOUGH else None

    def _judge(self) -> None:
        ahead = self.ahead_s()
        if ahead is None:
            return
        wrong = abs(ahead) > (_RIGHT_S if self._wrong else _WRONG_S)
        with self._lock:
            changed, self._wrong = wrong != self._wrong, wrong
        if changed and wrong:
            log.warning("the clock is wrong", extra={"clock_ahead_s": round(ahead, 1), "clock": self._mode})
        elif changed:
            log.info("the clock is right again", extra={"clock_ahead_s": round(ahead, 1)})

    def _why_held(self) -> str | None:
        if self._mode == "trust":
            return None
        ahead = self.ahead_s()
        if ahead is None:
            if self._mode == "refuse" or self._is_early():
                return "S3 has not confirmed this machine's clock yet, so no frames are taken"
            if self._local() < self._no_earlier:
                return (
                    f"this machine's clock says {to_iso(self._local())}, which was over before the "
                    "agent last ran; no frames are taken until it is set or S3 can be reached"
                )
            return None
        if self._mode == "refuse" and self._wrong:
            return f'{_sentence(ahead)}; with clock = "refuse" no frames are taken until it is right'
        return None


class CaptureTimes:
    """Gives each live picture of a camera its capture time: in order, and never one twice.

    Two pictures of one millisecond, and a clock that is set back by less than a minute, are put in order by
    a millisecond each. A clock that is set back further was wrong before: its new times are taken as they
    are, but for those among the last `_REMEMBERED` that were given away already.
    """

    def __init__(self) -> None:
        self._newest: datetime | None = None
        self._highest: datetime | None = None
        self._given: deque[datetime] = deque(maxlen=_REMEMBERED)

    def next(self, now: datetime) -> datetime:
        """Return the capture time of a picture that came now."""
        instant = whole_milliseconds(now)
        if self._newest is not None and self._newest - _SMALL_STEP <= instant <= self._newest:
            instant = self._newest + MILLISECOND
        while self._highest is not None and instant <= self._highest and instant in self._given:
            instant += MILLISECOND
        self._newest = instant
        self._highest = max(instant, self._highest or instant)
        self._given.append(instant)
        return instant


_REMEMBERED = 10_000  # almost three hours at a frame a second
_SMALL_STEP = timedelta(minutes=1)


class ClockMark:
    """The last confirmed time, in a file beside the spooled frames."""

    def __init__(self, spool: Path) -> None:
        self._path = spool / ".clock"
        self._written: datetime | None = None

    def read(self) -> datetime | None:
        """Return what an earlier run wrote; None when there is nothing that makes sense."""
        try:
            return from_iso(self._path.read_text(encoding="utf-8").strip())
        except (OSError, ValueError):
            return None

    def write(self, confirmed: datetime | None) -> None:
        """Write the time, at most every ten minutes, for the card's sake; one that is lost does no harm."""
        if confirmed is None:
            return
        if self._written is None or abs(confirmed - self._written) >= timedelta(seconds=_ASK_AGAIN_S):
            self._written = confirmed
            part = self._path.with_name(".clock.part")
            with contextlib.suppress(OSError):
                part.write_text(to_iso(confirmed) + "\n", encoding="utf-8")
                part.replace(self._path)


def read_date(date: str | None) -> datetime | None:
    """Read the `Date` header of an answer; None for what makes no sense."""
    try:
        instant = None if date is None else parsedate_to_datetime(date)
    except (ValueError, OverflowError):  # the latter over a year of twenty digits
        return None
    return instant if instant is not None and instant.tzinfo is not None else None


def _sentence(ahead_s: float) -> str:
    direction = "ahead of" if ahead_s > 0 else "behind"
    return f"this machine's clock is {abs(ahead_s):.0f} s {direction} S3's"
