"""One lamp: a thread of its own that brings its device to the level that is wanted, until it is there."""

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.backoff import Backoff
from edge_agent.lamps.drivers import Driver, Overtaken
from vigie.errors import LampError

log = logging.getLogger(__name__)

# A lamp that lost its power, or that a person has switched, is told again what it should give.
_AGAIN_S = 60.0
# Of what went wrong: a device may answer anything, and this goes into a shadow, which holds 8 KB.
_MOST_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Told:
    """What a lamp took on last, and what keeps it from what is wanted now; counts since the start.

    Without `percent` it has taken on nothing yet, or is between two levels.
    """

    percent: int | None = None
    switches: int = 0
    error: str | None = None


class Lamp:
    """Drives one device; `run` is the body of its thread, which nothing but its own device holds up.

    `before` is called just before the device changes its level, with the seconds that this takes: once a
    level, however often a device that is out of reach is told it, so that no gate stays blind for it. `show`
    whenever what is `told` has changed, with sentences redacted.
    """

    def __init__(
        self,
        group_id: str,
        driver: Driver,
        *,
        before: Callable[[float], None],
        show: Callable[[], None],
        redact: Callable[[str], str],
        stop: threading.Event,
        again_s: float = _AGAIN_S,
    ) -> None:
        self.group_id = group_id
        self._driver = driver
        self._before = before
        self._show = show
        self._redact = redact
        self._stop = stop
        self._again_s = again_s
        self._backoff = Backoff(0.5, 30.0, random.random, floor=0.5)
        self._changed = threading.Event()
        self._wanted: tuple[int, float] | None = None
        self._announced: int | None = None
        self.told = Told()

    def want(self, percent: int, ramp_s: float) -> None:
        """Say the level that is wanted from now on; from any thread, and returns at once."""
        if self._wanted != (percent, ramp_s):
            self._wanted = percent, ramp_s
            self._changed.set()

    @property
    def is_there(self) -> bool:
        """Whether the device has taken on what is wanted by now."""
        return (
            not self._changed.is_set() and self._wanted is not None and self.told.percent == self._wanted[0]
        )

    def run(self) -> None:
        """Follow what is wanted until the agent stops."""
        try:
            wait_s = self._again_s
            while not self._stop.is_set():
                self._await_change(wait_s)
                if self._stop.is_set() or self._wanted is None:
                    continue
                wait_s = self._bring(*self._wanted)
        finally:
            self._driver.close()

    def _await_change(self, wait_s: float) -> None:
        """Wait so long, or until another level is wanted, or the agent stops."""
        deadline = time.monotonic() + wait_s
        while not self._stop.is_set() and (left_s := deadline - time.monotonic()) > 0:
            if self._changed.wait(min(left_s, 0.25)):
                break
        self._changed.clear()

    def _bring(self, percent: int, ramp_s: float) -> float:
        """Tell the device once; return the seconds until it is to be told again."""
        news = percent != self.told.percent
        if news and percent != self._announced:
            self._before(ramp_s)
        self._announced = percent
        try:
            self._driver.switch(percent, ramp_s, self._overtaken)
        except Overtaken:
            self.told = Told(None, self.told.switches, self.told.error)
            self._show()
            return self._again_s
        except LampError as error:
            self._fail(str(error))
            return self._backoff.next_s()
        except Exception as error:  # the outermost loop of this thread: a driver's fault ends no lamp
            log.exception("lamp failed", extra={"group": self.group_id})
            self._fail(f"the driver itself failed: {type(error).__name__}: {error}")
            return self._backoff.next_s()
        self._backoff.reset()
        if news and self.told.error:
            self._before(ramp_s)  # the window of the first try is over by now, and the light changes now
        if self.told.error:
            log.info("lamp is driven again", extra={"group": self.group_id})
        if news or self.told.error:
            self.told = Told(percent, self.told.switches + news)
            self._show()
        return self._again_s

    def _overtaken(self) -> bool:
        return self._changed.is_set() or self._stop.is_set()

    def _fail(self, reason: str) -> None:
        sentence = _sentence(self._redact(reason))  # cut last: half a password would be none that is known
        if self.told.error != sentence:  # said once, however often it is tried
            log.warning("lamp does not follow", extra={"group": self.group_id, "error": sentence})
            self.told = Told(self.told.percent, self.told.switches, sentence)
            self._show()


def _sentence(text: str) -> str:
    """Return a text as one line of what can be printed, and not too much of it."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line if len(line) <= _MOST_CHARACTERS else f"{line[: _MOST_CHARACTERS - 3]}..."
