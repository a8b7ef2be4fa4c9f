"""The clock against S3's: right, wrong, jumping, as on a Pi without a clock of its own."""

import logging
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from edge_agent.clock import CaptureTimes, Clock, ClockMark, ClockMode

TRUE = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
MS = timedelta(milliseconds=1)


class World:
    """A true time, a steady clock, and a local clock that is `ahead` of the true time."""

    def __init__(self, mode: ClockMode, *, ahead_s: float, no_earlier: datetime | None = None) -> None:
        self.elapsed = 0.0
        self.ahead_s = ahead_s
        self.clock = Clock(mode, no_earlier=no_earlier, local=self.local, steady=lambda: 5000 + self.elapsed)

    def true(self) -> datetime:
        return TRUE + timedelta(seconds=self.elapsed)

    def local(self) -> datetime:
        return self.true() + timedelta(seconds=self.ahead_s)

    def answers(self, count: int = 3, *, trip_s: float = 0.1, lie_s: float = 0.0) -> None:
        for _ in range(count):
            asked = 5000 + self.elapsed
            self.elapsed += trip_s / 2
            date = format_datetime(self.true() + timedelta(seconds=lie_s), usegmt=True)
            self.elapsed += trip_s / 2
            self.clock.heard(date, asked=asked, answered=5000 + self.elapsed)
            self.elapsed += 0.37

    def error_s(self) -> float:
        now = self.clock.now()
        assert now is not None
        return (now - self.true()).total_seconds()


@pytest.mark.parametrize("ahead_s", [0.0, 1.2, -1.2])
def test_a_clock_within_two_seconds_is_left_alone(ahead_s: float) -> None:
    world = World("correct", ahead_s=ahead_s)
    world.answers(9)
    assert world.error_s() == pytest.approx(ahead_s, abs=1e-3)
    assert world.clock.trouble() is None
    assert world.clock.ahead_s() == pytest.approx(ahead_s, abs=0.5)


@pytest.mark.parametrize(
    "ahead_s", [3.0, -3.0, 86_400.0, (datetime(1970, 1, 1, tzinfo=UTC) - TRUE).total_seconds()]
)
def test_a_wrong_clock_is_corrected_or_refused_or_trusted(
    ahead_s: float, caplog: pytest.LogCaptureFixture
) -> None:
    world = World("correct", ahead_s=ahead_s)
    with caplog.at_level(logging.INFO, logger="edge_agent"):
        world.answers(9, trip_s=1.0)
        assert abs(world.error_s()) <= 0.6
    assert [r.message for r in caplog.records] == ["the clock is wrong"]
    assert str(world.clock.trouble()).endswith(" S3's; capture times are corrected")

    world = World("refuse", ahead_s=ahead_s)
    world.answers()
    assert world.clock.now() is None
    assert 'with clock = "refuse" no frames are taken' in str(world.clock.trouble())

    world = World("trust", ahead_s=ahead_s)
    world.answers()
    assert world.error_s() == pytest.approx(ahead_s, abs=1e-3)
    assert "capture times are wrong with it" in str(world.clock.trouble())


def test_one_answer_that_lies_moves_nothing() -> None:
    world = World("correct", ahead_s=0)
    world.answers(4)
    world.answers(1, lie_s=3600)
    world.answers(1, trip_s=60, lie_s=30)  # such a slow one says nothing
    assert world.error_s() == pytest.approx(0, abs=1e-3)


def test_ntp_sets_a_pi_right_after_its_start() -> None:
    """It starts at its last shutdown, three hours ago; S3 is reached; then NTP steps the clock."""
    world = World("correct", ahead_s=-10_800)
    world.answers()
    assert abs(world.error_s()) <= 0.6
    world.ahead_s = 0.0
    world.elapsed += 0.1
    assert abs(world.error_s()) <= 0.6  # without another answer
    assert world.clock.trouble() is None
    world.elapsed += 3600
    assert world.error_s() == pytest.approx(0, abs=1e-3)
    world.ahead_s = 7200.0  # and somebody sets it wrong by hand
    assert abs(world.error_s()) <= 0.6


def test_before_s3_answers() -> None:
    world = World("correct", ahead_s=0)
    assert world.clock.now() is None  # the first seconds wait for S3
    world.elapsed += 5
    assert world.error_s() == 0  # an outage: a clock that may be right is taken for right
    world = World("refuse", ahead_s=0)
    world.elapsed += 100
    assert world.clock.now() is None
    assert "has not confirmed" in str(world.clock.trouble())
    world.answers()
    assert world.error_s() == 0
    assert World("trust", ahead_s=0).error_s() == 0


@pytest.mark.parametrize("no_earlier", [None, TRUE - timedelta(minutes=5)])
def test_a_clock_that_cannot_be_right_takes_no_frames(
    no_earlier: datetime | None, caplog: pytest.LogCaptureFixture
) -> None:
    ahead_s = -3600.0 if no_earlier else (datetime(1970, 1, 1, tzinfo=UTC) - TRUE).total_seconds()
    world = World("correct", ahead_s=ahead_s, no_earlier=no_earlier)
    world.elapsed += 5
    with caplog.at_level(logging.INFO, logger="edge_agent"):
        for _ in range(3):
            world.elapsed += 1
            assert world.clock.now() is None
        assert "which was over before the agent last ran" in str(world.clock.trouble())
        world.ahead_s = 0  # NTP
        assert world.error_s() == 0
    assert [r.message for r in caplog.records] == ["no frames are taken", "frames are taken again"]


def test_s3_is_asked_until_it_answers_and_again_after_a_while() -> None:
    world = World("correct", ahead_s=0)
    assert world.clock.wants_answer()
    world.answers()
    assert not world.clock.wants_answer()
    world.elapsed += 601
    assert world.clock.wants_answer()
    far = ("Fri, 01 Jan 99999999999999999999 00:00:00 GMT", "Fri, 01 Jan 2026 00:00:00 +9999999999")
    for date in (None, "", "yesterday", "Sun, 22 Nov 2026 12:00:00", *far):
        world.clock.heard(date, asked=0, answered=0)
    assert world.error_s() == 0


def test_capture_times_never_repeat() -> None:
    times = CaptureTimes()
    given = [times.next(TRUE + n * MS) for n in (0, 0, -5000, 1, 1000)]
    assert given == [TRUE + n * MS for n in (0, 1, 2, 3, 1000)]
    # The clock was three hours ahead: from now on times are the true ones, even where some were given away.
    hours = timedelta(hours=3)
    assert times.next(TRUE - hours) == TRUE - hours
    assert times.next(TRUE - MS) == TRUE - MS
    assert times.next(TRUE) == TRUE + 4 * MS
    assert times.next(TRUE + 1000 * MS) == TRUE + 1001 * MS


def test_the_mark_outlives_a_run(tmp_path: Path) -> None:
    mark = ClockMark(tmp_path)
    assert mark.read() is None
    mark.write(None)
    mark.write(TRUE)
    mark.write(TRUE + timedelta(minutes=9))
    assert ClockMark(tmp_path).read() == TRUE
    mark.write(TRUE + timedelta(minutes=10))
    assert ClockMark(tmp_path).read() == TRUE + timedelta(minutes=10)
    (tmp_path / ".clock").write_text("soon")
    assert ClockMark(tmp_path).read() is None
    ClockMark(tmp_path / "gone").write(TRUE)  # a disk that refuses harms nothing
