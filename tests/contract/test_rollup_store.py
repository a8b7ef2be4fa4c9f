"""What every `RollupStore` and `StaleDays` does, the fake as the table."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Protocol

import pytest

from tests.builders import NOON, at
from tests.contract.conftest import TABLE
from tests.fakes import FakeRollupStore
from vigie.aws import clients
from vigie.aws.rollup_store import DynamoRollupStore
from vigie.domain.instants import to_iso
from vigie.domain.rollups import DayTotals, HourTotals
from vigie.domain.usage import NO_USAGE, Usage
from vigie.steps.ports import RollupStore, StaleDays

DAY = date(2026, 1, 31)


class Store(RollupStore, StaleDays, Protocol):
    """Both ports at once."""


@pytest.fixture
def store(twin: str) -> Store:
    return FakeRollupStore() if twin == "fake" else DynamoRollupStore(clients.dynamodb(), TABLE)


def totals(days: int = 0, *, camera: str = "hall", frames: int = 60) -> DayTotals:
    hours = (
        HourTotals(NOON, 60, 1, frames, 2, 3, 4, 5),
        HourTotals(NOON + timedelta(hours=1), 30),
    )
    return DayTotals(
        camera,
        DAY + timedelta(days=days),
        hours,
        quarantined=6,
        listed=7,
        usage=Usage(21_228_000_000, 1, 60, 60, 150, 180),
        over_budget=9,
    )


def test_totals_come_back_as_stored_the_last_word_on_each(store: Store) -> None:
    first, more = totals(), totals(frames=61)
    assert store.totals("hall", DAY, DAY) == ()
    for put in (first, more, more):
        store.put_totals(put)
        assert store.totals("hall", DAY, DAY) == (put,)
    again = replace(more, listed=61)
    store.put_totals(again)
    assert store.totals("hall", DAY, DAY) == (again,)


@pytest.mark.parametrize("twin", ["moto"], indirect=True)
def test_totals_of_an_older_version_have_used_nothing(store: Store) -> None:
    store.put_totals(totals())
    clients.dynamodb().update_item(
        TableName=TABLE,
        Key={"pk": {"S": "hall#days"}, "sk": {"S": DAY.isoformat()}},
        UpdateExpression="REMOVE used, #over",
        ExpressionAttributeNames={"#over": "over"},
    )
    assert store.totals("hall", DAY, DAY) == (replace(totals(), usage=NO_USAGE, over_budget=0),)


def test_totals_of_fewer_frames_are_older_and_change_nothing(store: Store) -> None:
    store.put_totals(totals(frames=61))
    store.put_totals(totals(frames=60))
    assert store.totals("hall", DAY, DAY) == (totals(frames=61),)


def test_totals_of_a_span_come_in_order_and_of_one_camera(store: Store) -> None:
    for days in (1, -1, 0, 2):
        store.put_totals(totals(days))
    store.put_totals(totals(camera="hall-2"))
    found = store.totals("hall", DAY - timedelta(days=1), DAY + timedelta(days=1))
    assert found == (totals(-1), totals(0), totals(1))


def test_a_mark_is_there_once_until_it_is_cleared(store: Store) -> None:
    assert store.marked() == ()
    for seconds in (7200, 1, 2):
        store.mark("stale", at(seconds))
    store.mark("hall", at(0))
    found = store.marked()
    assert [(stale.camera_id, to_iso(stale.begins_at)) for stale in found] == [
        ("hall", "2026-01-31T12:00:00.000Z"),
        ("stale", "2026-01-31T12:00:00.000Z"),
        ("stale", "2026-01-31T14:00:00.000Z"),
    ]
    for _ in range(2):
        store.clear(found[1])
        assert store.marked() == (found[0], found[2])


def test_a_mark_that_was_made_anew_survives_its_clearing(store: Store) -> None:
    store.mark("hall", NOON)
    (read,) = store.marked()
    store.mark("hall", at(1))
    store.clear(read)
    (left,) = store.marked()
    assert (left.camera_id, left.begins_at) == ("hall", NOON)
    # Nor may one that another run has cleared and a late frame made anew be taken for the one read first.
    store.clear(left)
    store.mark("hall", at(2))
    store.clear(left)
    assert len(store.marked()) == 1
