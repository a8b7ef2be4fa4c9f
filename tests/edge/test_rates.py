import math

import pytest

from edge_agent.backoff import Backoff
from edge_agent.rates import Brakes, ByteLimit, Turns


class Steady:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("size", [1_000, 30_000, 700_000])
def test_bytes_a_second(size: int) -> None:
    steady = Steady()
    limit = ByteLimit(100_000, steady)
    sent = 0
    while steady.now < 160:
        steady.now += limit.claim(size)
        sent += size
    assert sent == pytest.approx(61 * 100_000, abs=2 * size)  # a minute's, and the bucket's one second
    assert ByteLimit(math.inf, steady).claim(10**9) == 0


def played(
    turns: Turns, steady: Steady, *, seconds: float, fresh_fps: float, uplink_fps: float
) -> tuple[int, int]:
    """Upload frames one after the other, from an endless backlog and what comes fresh."""
    begin, end = steady.now, steady.now + seconds
    fresh = backlog = 0
    while steady.now < end:
        waits = int((steady.now - begin) * fresh_fps) > fresh
        turn = turns.choose(fresh=waits, backlog=True)
        if turn is None:
            steady.now += 0.005
            continue
        fresh, backlog = fresh + turn, backlog + (not turn)
        steady.now += 1 / uplink_fps
    return fresh, backlog


def test_the_backlog_follows_at_its_rate_and_fresh_frames_do_not_wait() -> None:
    steady = Steady()
    fresh, backlog = played(Turns(5, steady), steady, seconds=60, fresh_fps=8, uplink_fps=50)
    assert fresh == pytest.approx(480, abs=2)
    assert backlog == pytest.approx(300, abs=8)


def test_a_thin_uplink_starves_neither() -> None:
    steady = Steady()
    fresh, backlog = played(Turns(5, steady), steady, seconds=60, fresh_fps=8, uplink_fps=6)
    assert fresh / backlog == pytest.approx(4, rel=0.05)


def test_when_nothing_more_comes_the_backlog_has_no_limit() -> None:
    turns = Turns(0.001, Steady())
    assert [turns.choose(fresh=False, backlog=True, limited=False) for _ in range(5)] == [False] * 5
    assert turns.choose(fresh=False, backlog=True) is None
    assert turns.choose(fresh=False, backlog=False) is None


def brakes(steady: Steady) -> Brakes:
    return Brakes(Backoff(1, 60, lambda: 1.0), slow_s=30, steady=steady)


def test_faults_that_come_together_count_once_and_a_success_ends_them() -> None:
    steady = Steady()
    all_brakes = brakes(steady)
    for _ in range(4):
        all_brakes.fault(99.0, slow_down=False, retry_after_s=None)
    assert all_brakes.hold_s() == 1
    steady.now += 1
    all_brakes.fault(steady.now, slow_down=False, retry_after_s=None)
    assert all_brakes.hold_s() == 2
    steady.now += 2
    all_brakes.well()
    all_brakes.fault(steady.now, slow_down=False, retry_after_s=None)
    assert all_brakes.hold_s() == 1
    all_brakes.refused()
    assert all_brakes.hold_s() == 30


def test_slow_down_spaces_uploads_and_success_brings_them_together() -> None:
    steady = Steady()
    all_brakes = brakes(steady)
    for _ in range(6):
        steady.now += 100
        all_brakes.fault(steady.now, slow_down=True, retry_after_s=None)
    steady.now += 100
    assert all_brakes.hold_s() == 0
    assert all_brakes.hold_s() == pytest.approx(3.2)
    for _ in range(30):
        all_brakes.well()
    steady.now += 100
    assert [all_brakes.hold_s() for _ in range(3)] == [0, 0, 0]


def test_retry_after_is_obeyed_within_reason() -> None:
    for advice_s, expected in ((17.0, 17), (1e9, 300), (0.2, 1)):
        steady = Steady()
        all_brakes = brakes(steady)
        all_brakes.fault(steady.now, slow_down=True, retry_after_s=advice_s)
        assert all_brakes.hold_s() == pytest.approx(expected)
