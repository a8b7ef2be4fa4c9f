"""What every purse does: never one over the cap; who took what, and what was refused, is remembered."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from tests.budget_fakes import FakePurse
from tests.builders import NOON, at
from tests.contract.conftest import TABLE
from tests.one_at_a_time import OneAtATime
from vigie.aws import clients
from vigie.aws.purse_store import DynamoPurse
from vigie.domain.caps import Account, Caps, Spending
from vigie.errors import Unavailable
from vigie.steps.budget_ports import OverBudget

TODAY = date(2026, 1, 31)
FRAMES, SMS, REKOGNITION = Spending.FRAMES, Spending.SMS, Spending.REKOGNITION

AnyPurse = FakePurse | DynamoPurse


@pytest.fixture
def purse(twin: str) -> AnyPurse:
    return FakePurse() if twin == "fake" else DynamoPurse(clients.dynamodb(), TABLE)


def test_a_cap_of_the_site_is_shared_by_its_cameras_and_opens_again_the_next_day(purse: AnyPurse) -> None:
    assert purse.accounts(TODAY) == ()
    assert purse.take(SMS, camera_id="hall", day=TODAY, cap=5, number=3)
    assert not purse.take(SMS, camera_id="yard", day=TODAY, cap=5, number=3)
    assert purse.take(SMS, camera_id="", day=TODAY, cap=5, number=2)
    assert not purse.take(SMS, camera_id="hall", day=TODAY, cap=5)
    assert purse.take(SMS, camera_id="hall", day=TODAY + timedelta(days=1), cap=5)
    assert purse.accounts(TODAY) == (
        Account(kind=SMS, camera_id=None, taken=5, refused_at=5, by_camera={"hall": 3, "": 2}),
    )


def test_a_cap_of_each_camera_leaves_the_others_open(purse: AnyPurse) -> None:
    assert purse.take_some(FRAMES, camera_id="hall", day=TODAY, cap=30, most=25) == 25
    assert purse.take_some(FRAMES, camera_id="hall", day=TODAY, cap=30, most=25) == 5
    assert purse.take_some(FRAMES, camera_id="hall", day=TODAY, cap=30, most=25) == 0
    assert purse.take_some(FRAMES, camera_id="yard", day=TODAY, cap=30, most=25) == 25
    hall, yard = purse.accounts(TODAY)
    assert (hall.camera_id, hall.taken, hall.is_closed(Caps(frames_a_camera=30))) == ("hall", 30, True)
    assert (yard.camera_id, yard.taken, yard.is_closed(Caps(frames_a_camera=30))) == ("yard", 25, False)


def test_a_cap_of_nothing_sells_nothing_and_one_that_is_raised_sells_again(purse: AnyPurse) -> None:
    assert not purse.take(REKOGNITION, camera_id="hall", day=TODAY, cap=0)
    assert purse.take_some(FRAMES, camera_id="hall", day=TODAY, cap=0, most=25) == 0
    assert purse.take(REKOGNITION, camera_id="hall", day=TODAY, cap=1)
    assert not purse.take(REKOGNITION, camera_id="hall", day=TODAY, cap=1)
    assert purse.take(REKOGNITION, camera_id="hall", day=TODAY, cap=2)
    (calls,) = (account for account in purse.accounts(TODAY) if account.kind is REKOGNITION)
    assert (calls.taken, calls.is_closed(Caps(rekognition_calls=1))) == (2, True)
    assert not calls.is_closed(Caps(rekognition_calls=2))
    # A cap that was lowered below what is taken already.
    assert not purse.take(REKOGNITION, camera_id="hall", day=TODAY, cap=1)
    assert purse.take_some(REKOGNITION, camera_id="hall", day=TODAY, cap=1, most=4) == 0


def test_eight_takers_at_once_get_the_cap_and_not_one_more(twin: str, purse: AnyPurse) -> None:
    # Each with a purse of its own, as each instance of a function has.
    def takes(number: int) -> int:
        client: Any = OneAtATime(clients.dynamodb()) if twin == "moto" else None
        own = DynamoPurse(client, TABLE) if client else purse
        one_by_one = sum(own.take(SMS, camera_id=f"c{number}", day=TODAY, cap=60) for _ in range(12))
        in_blocks = sum(
            own.take_some(SMS, camera_id=f"c{number}", day=TODAY, cap=60, most=7) for _ in range(3)
        )
        return one_by_one + in_blocks

    with ThreadPoolExecutor(8) as workers:
        assert sum(workers.map(takes, range(8))) == 60
    (account,) = purse.accounts(TODAY)
    assert (account.taken, sum(account.by_camera.values()), account.refused_at) == (60, 60, 60)


def test_a_minute_is_marked_once_for_each_kind(purse: AnyPurse) -> None:
    for kind, seconds in ((FRAMES, 0), (FRAMES, 59), (REKOGNITION, 30), (FRAMES, 60), (FRAMES, 86_400)):
        purse.mark(kind, camera_id="hall", captured_at=at(seconds))
    purse.mark(FRAMES, camera_id="yard", captured_at=at(0))
    assert purse.marked("hall", NOON, at(120)) == (
        OverBudget(NOON, FRAMES),
        OverBudget(NOON, REKOGNITION),
        OverBudget(at(60), FRAMES),
    )
    assert purse.marked("hall", at(60), at(86_400)) == (OverBudget(at(60), FRAMES),)
    assert purse.marked("hall", at(60), at(86_401)) == (
        OverBudget(at(60), FRAMES),
        OverBudget(at(86_400), FRAMES),
    )
    assert purse.marked("hall", NOON, NOON) == ()


@pytest.mark.parametrize("twin", ["moto"], indirect=True)
def test_an_answer_that_was_lost_may_cost_one_and_never_sells_one_over(twin: str) -> None:
    client = clients.dynamodb()
    lost = iter([True])

    def lose_an_answer(**_: object) -> None:
        if next(lost, False):
            raise ReadTimeoutError(endpoint_url="https://dynamodb")

    # The write has been made when its answer is lost; botocore makes the call again.
    client.meta.events.register("needs-retry.dynamodb.UpdateItem", lose_an_answer)
    purse = DynamoPurse(client, TABLE)
    with pytest.raises(Unavailable):
        purse.take(SMS, camera_id="hall", day=TODAY, cap=2)
    assert purse.take(SMS, camera_id="hall", day=TODAY, cap=2)
    assert not purse.take(SMS, camera_id="hall", day=TODAY, cap=2)
    assert purse.accounts(TODAY)[0].taken == 2


@pytest.mark.parametrize("twin", ["moto"], indirect=True)
def test_an_account_that_is_closed_costs_nothing_more(twin: str) -> None:
    client = clients.dynamodb()
    calls: list[str] = []
    client.meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name))
    purse = DynamoPurse(client, TABLE)
    assert purse.take_some(FRAMES, camera_id="hall", day=TODAY, cap=3, most=25) == 3
    assert purse.take_some(FRAMES, camera_id="hall", day=TODAY, cap=3, most=25) == 0
    made = len(calls)
    for _ in range(100):
        assert purse.take_some(FRAMES, camera_id="hall", day=TODAY, cap=3, most=25) == 0
        assert not purse.take(FRAMES, camera_id="hall", day=TODAY, cap=3)
        purse.mark(FRAMES, camera_id="hall", captured_at=NOON)
    assert calls[made:] == ["PutItem"]


def test_who_leaves_some_of_a_cap_to_others_opens_no_account_that_is_closed(purse: AnyPurse) -> None:
    def take(cap: int) -> bool:
        return purse.take(REKOGNITION, camera_id="hall", day=TODAY, cap=cap)

    assert [take(1), take(1), take(2), take(2), take(1)] == [True, False, True, False, False]
    (account,) = purse.accounts(TODAY)
    assert (account.taken, account.refused_at) == (2, 2)
    assert account.is_closed(Caps(rekognition_calls=2))
