"""What every `EnergyStore` does, the fake as the table."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.contract.conftest import TABLE
from tests.fake_lamps import FakeEnergyStore
from vigie.aws import clients
from vigie.aws.energy_store import DynamoEnergyStore
from vigie.domain.energy import EnergyTotals
from vigie.steps.lamp_ports import EnergyStore

DAY = date(2026, 10, 25)
WHOLE = EnergyTotals(
    group_id="yard",
    day=DAY,
    active_s=720.0,
    idle_s=1234.567,
    safe_s=3600.25,
    off_s=90_000 - 720 - 1234.567 - 3600.25,
    used_kwh=1 / 3,
    full_kwh=0.1 + 0.2,
    timer_kwh=1e-07,
)


@pytest.fixture
def store(twin: str) -> EnergyStore:
    return FakeEnergyStore() if twin == "fake" else DynamoEnergyStore(clients.dynamodb(), TABLE)


def test_a_day_comes_back_as_it_was_and_the_last_word_of_as_much_counts(store: EnergyStore) -> None:
    assert store.energies("yard", DAY, DAY) == ()
    for totals in (WHOLE, replace(WHOLE, timer_kwh=None), replace(WHOLE, used_kwh=0.0)):
        store.put_energy(totals)
        assert store.energies("yard", DAY, DAY) == (totals,)


def test_of_a_day_of_which_more_was_reckoned_less_changes_nothing(store: EnergyStore) -> None:
    store.put_energy(replace(WHOLE, off_s=0.0))
    store.put_energy(WHOLE)
    store.put_energy(replace(WHOLE, off_s=0.0))
    assert store.energies("yard", DAY, DAY) == (WHOLE,)


def test_days_of_a_span_come_in_order_and_of_one_group(store: EnergyStore) -> None:
    days = [DAY + timedelta(days=n) for n in (1, -1, 0, 2)]
    for day in days:
        store.put_energy(replace(WHOLE, day=day))
    store.put_energy(replace(WHOLE, group_id="yard-2"))
    found = store.energies("yard", DAY - timedelta(days=1), DAY + timedelta(days=1))
    assert [totals.day for totals in found] == [*sorted(days)[:3]]
    assert {totals.group_id for totals in found} == {"yard"}
