"""What every `PauseStore` does, the fake as the table."""

from datetime import timedelta

import pytest

from tests.builders import NOON, at
from tests.contract.conftest import TABLE
from tests.pause_fakes import FakePauseStore
from vigie.aws import clients
from vigie.aws.pause_store import DynamoPauseStore
from vigie.domain.pauses import Pause
from vigie.steps.pausing import COMPARISON, ENGINE, PauseStore


@pytest.fixture
def store(twin: str) -> PauseStore:
    return FakePauseStore() if twin == "fake" else DynamoPauseStore(clients.dynamodb(), TABLE)


def test_the_last_pause_of_each_use_is_there_until_it_is_lifted(store: PauseStore) -> None:
    assert store.pause(ENGINE) is None
    store.lift(ENGINE)
    for seconds in (30, 60):
        length = timedelta(seconds=seconds)
        store.keep(ENGINE, Pause(until=at(seconds), length=length, reason="no right: «look»"))
    other = Pause(until=NOON, length=timedelta(minutes=15), reason="throttled")
    store.keep(COMPARISON, other)
    assert store.pause(ENGINE) == Pause(until=at(60), length=timedelta(seconds=60), reason="no right: «look»")
    store.lift(ENGINE)
    assert store.pause(ENGINE) is None
    assert store.pause(COMPARISON) == other
