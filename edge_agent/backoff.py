"""Waiting times between attempts: growing, with full jitter, so that many clients do not call in step.

See https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Backoff:
    """The ceiling doubles from `first_s` to `most_s`; each wait is drawn below it, `chance()` being 0..1.

    `floor` is the share of the ceiling that is waited at least: 0 for a server that many clients share,
    more where the wait itself is the cure, as with a camera that must restart.
    """

    first_s: float
    most_s: float
    chance: Callable[[], float]
    floor: float = 0.0
    _attempts: int = 0

    def next_s(self) -> float:
        """Return the seconds to wait before the next attempt."""
        ceiling = min(self.most_s, self.first_s * 2.0 ** min(self._attempts, 32))
        self._attempts += 1
        return ceiling * (self.floor + (1 - self.floor) * self.chance())

    def reset(self) -> None:
        """Begin anew, after a success."""
        self._attempts = 0
