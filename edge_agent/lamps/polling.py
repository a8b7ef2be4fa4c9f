"""Shadows by asking again and again: for local mode, and where an agent has no certificate.

On AWS every look costs, so there an agent with an identity follows by MQTT (`mqtt_shadows.py`), and one
without looks less often.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from edge_agent.backoff import Backoff
from vigie.aws.lights import IotLampShadows
from vigie.documents import PRICE_LIST, read_toml
from vigie.domain.lighting import Desired
from vigie.domain.prices import Prices
from vigie.errors import CloudError

log = logging.getLogger(__name__)

# On one machine, and where each look is paid for.
_EVERY_S, _EVERY_PAID_S = 0.2, 1.0
_MONTH_S = 30 * 86_400.0
_AWS = (".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".api.aws")


def look_every_s(endpoint: str) -> float:
    """Return the seconds from one look to the next, by the URL that is asked: AWS itself takes money."""
    return _EVERY_PAID_S if (urlsplit(endpoint).hostname or "").endswith(_AWS) else _EVERY_S


def words_on_money(endpoint: str, groups: int) -> str | None:
    """Return what is to be said of what the looks cost in a month; None where they cost nothing."""
    every_s = look_every_s(endpoint)
    if every_s == _EVERY_S:
        return None
    usd = read_toml(Prices, PRICE_LIST).iot_shadow_operation.of(groups * _MONTH_S / every_s)
    return (
        f"without identity AWS IoT is asked for the lamps' shadows every {every_s:g} s, which costs about "
        f"${usd:.2f} a month; with one (python -m edge_agent enroll --lamps) it says by itself what is new"
    )


@dataclass(slots=True)
class _Followed:
    """One group: what keeps it from being followed, and when it is to be looked at again."""

    backoff: Backoff
    due: float = 0.0
    trouble: str | None = None


class PollingShadows:
    """Follows shadows of lamp groups, and reports into them; `run` is the body of a thread.

    `show` gets the sentence that says why the shadows are out of reach, and None when they are not.
    """

    def __init__(
        self,
        shadows: IotLampShadows,
        *,
        groups: Sequence[str],
        hear: Callable[[str, Desired], None],
        show: Callable[[str | None], None],
        stop: threading.Event,
        every_s: float = _EVERY_S,
    ) -> None:
        self._shadows = shadows
        self._hear = hear
        self._show = show
        self._stop = stop
        self._every_s = every_s
        self._lock = threading.Lock()
        self._unsaid: dict[str, dict[str, Any]] = {}
        self._groups = {
            group_id: _Followed(Backoff(every_s, 30.0, random.random, floor=0.5)) for group_id in groups
        }
        self._trouble: str | None = None

    def report(self, group_id: str, reported: dict[str, Any]) -> None:
        """See `Mouth.report`."""
        with self._lock:
            self._unsaid[group_id] = reported

    def run(self) -> None:
        """Look and speak until the agent stops; a group where that fails is left alone ever longer."""
        while not self._stop.is_set():
            for group_id, followed in self._groups.items():
                if time.monotonic() >= followed.due and not self._stop.is_set():
                    self._follow(group_id, followed)
            self._say("; ".join(each.trouble for each in self._groups.values() if each.trouble) or None)
            self._stop.wait(self._every_s)
        for group_id in self._groups:  # the lamps' last word
            with suppress(CloudError):
                self._speak(group_id)

    def _follow(self, group_id: str, followed: _Followed) -> None:
        """Look at one group, and speak for it; what goes wrong with it is its own."""
        try:
            desired, _ = self._shadows.desired(group_id)
            if desired:
                self._hear(group_id, desired)
            self._speak(group_id)
        except CloudError as error:
            followed.trouble = str(error)
        except Exception as error:  # the outermost loop of this thread: without it no lamp would follow
            log.exception("following the shadows failed", extra={"group": group_id})
            followed.trouble = f"a fault of the agent's own: {type(error).__name__}: {error}"
        else:
            followed.trouble = None
            followed.backoff.reset()
        followed.due = time.monotonic() + (followed.backoff.next_s() if followed.trouble else 0.0)

    def _speak(self, group_id: str) -> None:
        with self._lock:
            reported = self._unsaid.get(group_id)
        if reported is None:
            return
        self._shadows.report(group_id, reported)
        with self._lock:
            if self._unsaid.get(group_id) is reported:
                del self._unsaid[group_id]

    def _say(self, sentence: str | None) -> None:
        if sentence != self._trouble:
            self._trouble = sentence
            self._show(sentence)
            if sentence:
                log.warning("the lamps' shadows are out of reach", extra={"error": sentence})
            else:
                log.info("the lamps' shadows are in reach again")
