"""Functions that follow the reports store none: what they use goes into a book, by camera and day."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta, tzinfo
from typing import Protocol

from vigie.domain.caps import spending_day
from vigie.domain.usage import NO_USAGE, Usage
from vigie.errors import CloudError
from vigie.steps.budget_ports import Meter
from vigie.steps.ports import Clock

# A write for each message would cost as much as the message. What an instance has not written when it ends
# is in no book.
WRITE_EVERY = timedelta(minutes=5)

_log = logging.getLogger(__name__)


class UsageBook(Protocol):
    """Sums up what was used beside the reports, by camera and by day of the site's clock."""

    def add(self, camera_id: str, day: date, usage: Usage) -> None:
        """Add to a camera's day; an answer that was lost on its way may add twice."""

    def used(self, first: date, last: date) -> Mapping[tuple[str, date], Usage]:
        """Return the sums of the days from the first to the last, by camera and day."""


class MessageMeter(Meter, Protocol):
    """A meter that knows when it counts for whom."""

    @contextmanager
    def working_for(self, camera_id: str) -> Iterator[None]:
        """Count on the camera's account until the end of the block."""
        yield


class Charging:
    """Charges messages to the cameras that they are about, in the book at most every `WRITE_EVERY`."""

    def __init__(self, *, meter: MessageMeter, book: UsageBook, clock: Clock) -> None:
        self._meter = meter
        self._book = book
        self._clock = clock
        self._written: dict[str, datetime] = {}

    @contextmanager
    def message(self, camera_id: str, tz: tzinfo) -> Iterator[None]:
        """Count a message, which is charged whether it succeeds or not; a book out of order holds none up."""
        try:
            with self._meter.working_for(camera_id):
                yield
        finally:
            self._write(camera_id, tz)

    def _write(self, camera_id: str, tz: tzinfo) -> None:
        now, usage = self._clock(), self._meter.waiting(camera_id)
        written = self._written.get(camera_id)
        if usage == NO_USAGE or (written is not None and now - written < WRITE_EVERY):
            return
        self._written[camera_id] = now
        try:
            self._book.add(camera_id, spending_day(now, tz), usage)
        except CloudError as error:
            _log.warning("what was used for camera %s waits to be written: %s", camera_id, error)
        else:
            self._meter.carried(camera_id, usage)
