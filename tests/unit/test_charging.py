"""Functions that follow the reports are charged by camera and day, in few writes, and held up by none."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from tests.budget_fakes import FakeUsageBook
from tests.builders import NOON, at
from vigie.aws.meter import UsageMeter
from vigie.domain.usage import Usage
from vigie.errors import Unavailable
from vigie.steps.charging import WRITE_EVERY, Charging

DAY = NOON.date()


@dataclass
class World:
    """An instance of a function of 512 MB, whose messages last a second each."""

    book: FakeUsageBook = field(default_factory=FakeUsageBook)
    seconds: float = 0

    def __post_init__(self) -> None:
        meter = UsageMeter(512, each=Usage(messages=1), steady=lambda: self.seconds)
        self.charging = Charging(meter=meter, book=self.book, clock=self.clock)

    def clock(self) -> datetime:
        return at(self.seconds)

    def take(self, camera_id: str = "hall") -> None:
        with self.charging.message(camera_id, UTC):
            self.seconds += 1


def messages(count: int) -> Usage:
    return Usage(megabyte_ms=count * 512_000, messages=count)


def test_messages_are_written_by_camera_at_most_every_few_minutes() -> None:
    it = World()
    for camera_id in ("hall", "yard", "hall", "hall"):
        it.take(camera_id)
    assert it.book.used(DAY, DAY) == {("hall", DAY): messages(1), ("yard", DAY): messages(1)}
    it.seconds += WRITE_EVERY.total_seconds()
    it.take()
    assert it.book.used(DAY, DAY) == {("hall", DAY): messages(4), ("yard", DAY): messages(1)}


def test_a_message_that_fails_has_cost_all_the_same() -> None:
    it = World()
    with pytest.raises(Unavailable), it.charging.message("hall", UTC):
        raise Unavailable("throttled")
    assert it.book.used(DAY, DAY) == {("hall", DAY): Usage(messages=1)}


def test_a_book_out_of_order_holds_nothing_up_and_gets_it_later(caplog: pytest.LogCaptureFixture) -> None:
    it = World(FakeUsageBook(faults=[Unavailable("throttled table")]))
    it.take()
    assert it.book.used(DAY, DAY) == {}
    assert "waits to be written: throttled table" in caplog.text
    it.seconds += WRITE_EVERY.total_seconds()
    it.take()
    assert it.book.used(DAY, DAY) == {("hall", DAY): messages(2)}
