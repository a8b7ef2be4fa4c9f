"""A service that is paid for refuses, or does not answer: it is left alone for a while, by every instance.

The purse is charged before a call, so that a service that refuses each one would use up the day for nothing;
and whoever waits for one that is silent waits each time. What was charged is not given back: a refund that
is made twice, since its answer was lost, would sell one call over the cap.
"""

import logging
from datetime import datetime, timedelta
from typing import Protocol

from vigie.domain.pauses import Pause, next_pause
from vigie.errors import CloudError, Unavailable
from vigie.steps.ports import Clock

# What is paused apart, since other roles call, and other things may be missing.
ENGINE, COMPARISON = "rekognition#engine", "rekognition#comparison"
# So often an instance looks for the pauses of others, and whether its own was lifted.
LOOK_EVERY = timedelta(minutes=1)

_log = logging.getLogger(__name__)


class PauseStore(Protocol):
    """Holds the last pause of each use, for all instances; reads see every earlier write."""

    def pause(self, use: str) -> Pause | None:
        """Return the last pause of a use, over or not."""

    def keep(self, use: str, pause: Pause) -> None:
        """Store a pause over the last one."""

    def lift(self, use: str) -> None:
        """End a pause; without one nothing changes."""


def faces_of(collection: str) -> str:
    """Return the use that searching a collection of faces is."""
    return f"rekognition#faces#{collection}"


class Pauses:
    """The pauses as one instance knows them: a read a minute for each use, a write for each failure."""

    def __init__(self, store: PauseStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[str, tuple[datetime, Pause | None]] = {}

    def under_way(self, use: str) -> Pause | None:
        """Return the pause that holds now, if one does.

        Raises:
            CloudError: the table refused; nobody knows.

        """
        now = self._clock()
        looked_at, pause = self._known.get(use, (None, None))
        # After a pause's end one instance tries, and the others should find the next one that this begins.
        has_ended = pause is not None and looked_at is not None and looked_at < pause.until <= now
        if looked_at is None or has_ended or now - looked_at >= LOOK_EVERY:
            pause = self._store.pause(use)
            self._known[use] = (now, pause)
        return pause if pause is not None and pause.holds(now) else None

    def after(self, use: str, error: CloudError) -> None:
        """Begin the pause that a failed call asks for; what can only be kept here is kept here."""
        now = self._clock()
        _, last = self._known.get(use, (now, None))
        pause = next_pause(last, now=now, may_pass=isinstance(error, Unavailable), reason=str(error))
        self._known[use] = (now, pause)
        _log.error("%s is left alone for %d s: %s", use, pause.length.total_seconds(), error)
        try:
            self._store.keep(use, pause)
        except CloudError as refused:
            _log.warning("other instances do not hear of the pause of %s: %s", use, refused)
