"""Frames in blocks: few writes, and never one over the cap."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

from tests.budget_fakes import FakePurse
from vigie.steps.allowance import FrameAllowance

TODAY, TOMORROW = date(2026, 1, 31), date(2026, 2, 1)


def _takes(
    allowance: FrameAllowance, number: int, *, cap: int, day: date = TODAY, camera: str = "hall"
) -> int:
    return sum(allowance.take(camera, day=day, cap=cap) for _ in range(number))


def test_the_cap_is_reached_and_not_passed_and_the_next_day_begins_anew() -> None:
    allowance = FrameAllowance(FakePurse())
    assert _takes(allowance, 1_040, cap=1_013) == 1_013
    assert _takes(allowance, 10, cap=1_013, camera="yard") == 10
    assert _takes(allowance, 10, cap=1_013, day=TOMORROW) == 10
    assert _takes(allowance, 3, cap=0, camera="step") == 0


def test_what_is_left_of_yesterday_buys_nothing_today() -> None:
    purse = FakePurse()
    allowance = FrameAllowance(purse)
    assert _takes(allowance, 1, cap=10_000) == 1
    assert _takes(allowance, 26, cap=10_000, day=TOMORROW) == 26
    assert [account.taken for account in purse.accounts(TOMORROW)] == [50]


def test_eight_instances_together_stay_within_the_cap_and_waste_a_block_each_at_most() -> None:
    purse, cap = FakePurse(), 5_000
    with ThreadPoolExecutor(8) as workers:
        instances = [FrameAllowance(purse) for _ in range(8)]
        looked = list(workers.map(lambda instance: _takes(instance, 2_000, cap=cap), instances))
    assert sum(looked) == cap
    # One that comes late and leaves early holds the rest of its block.
    assert _takes(FrameAllowance(purse), 1, cap=6_000) == 1
    assert purse.accounts(TODAY)[0].taken == cap + 25
