"""Shadows by asking again and again: for local mode, and where an agent has no certificate.

On AWS every look costs, so there an agent with an identity follows by MQTT (`mqtt_shadows.py`).
"""

import logging
import random
import threading
from collections.abc import Callable, Sequence
from typing import Any

from edge_agent.backoff import Backoff
from vigie.aws.lights import IotLampShadows
from vigie.domain.lighting import Desired
from vigie.errors import CloudError

log = logging.getLogger(__name__)

_EVERY_S = 0.2


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
        self._groups = tuple(groups)
        self._hear = hear
        self._show = show
        self._stop = stop
        self._every_s = every_s
        self._lock = threading.Lock()
        self._unsaid: dict[str, dict[str, Any]] = {}
        self._trouble: str | None = None

    def report(self, group_id: str, reported: dict[str, Any]) -> None:
        """See `Mouth.report`."""
        with self._lock:
            self._unsaid[group_id] = reported

    def run(self) -> None:
        """Look and speak until the agent stops; when that fails, ever more rarely."""
        backoff = Backoff(self._every_s, 30.0, random.random, floor=0.5)
        wait_s = 0.0
        while not self._stop.wait(wait_s):
            try:
                for group_id in self._groups:
                    desired, _ = self._shadows.desired(group_id)
                    if desired:
                        self._hear(group_id, desired)
                self._speak()
            except CloudError as error:
                self._say(str(error))
                wait_s = backoff.next_s()
            except Exception as error:  # the outermost loop of this thread: without it no lamp would follow
                log.exception("following the shadows failed")
                self._say(f"a fault of the agent's own: {type(error).__name__}: {error}")
                wait_s = backoff.next_s()
            else:
                self._say(None)
                backoff.reset()
                wait_s = self._every_s

    def _speak(self) -> None:
        with self._lock:
            unsaid = dict(self._unsaid)
        for group_id, reported in unsaid.items():
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
