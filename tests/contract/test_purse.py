"""What every purse does: never one over the cap; who took what, and what was refused, is remembered."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
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
from vigie.errors import CloudError, Unavailable
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


def test_what_was_not_bought_is_given_back(purse: AnyPurse) -> None:
    assert purse.take(SMS, camera_id="hall", day=TODAY, cap=5, number=3)
    assert purse.take(SMS, camera_id="yard", day=TODAY, cap=5, number=2)
    assert not purse.take(SMS, camera_id="yard", day=TODAY, cap=5)
    purse.give_back(SMS, camera_id="hall", day=TODAY, number=3)
    assert purse.take(SMS, camera_id="yard", day=TODAY, cap=5, number=2)
    assert not purse.take(SMS, camera_id="yard", day=TODAY, cap=5, number=2)
    assert purse.accounts(TODAY) == (
        Account(kind=SMS, camera_id=None, taken=4, refused_at=5, by_camera={"hall": 0, "yard": 4}),
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


def test_what_is_sure_to_be_refused_is_known_without_asking(purse: AnyPurse) -> None:
    def account(cap: int, day: date = TODAY) -> dict[str, Any]:
        return {"camera_id": "hall", "day": day, "cap": cap}

    assert purse.take(REKOGNITION, **account(1))
    assert not purse.has_refused(REKOGNITION, **account(1)), "nobody was refused yet"
    assert not purse.take(REKOGNITION, number=2, **account(2))
    assert not purse.has_refused(REKOGNITION, **account(2)), "one is left"
    assert not purse.take(REKOGNITION, **account(1))
    assert purse.has_refused(REKOGNITION, **account(1))
    assert not purse.has_refused(REKOGNITION, **account(3)), "a cap that was raised"
    assert not purse.has_refused(REKOGNITION, **account(1, TODAY + timedelta(days=1)))
    assert not purse.has_refused(FRAMES, **account(1))


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
def test_what_is_given_back_again_since_an_answer_was_lost_is_given_back_once(twin: str) -> None:
    client = clients.dynamodb()
    made: list[int] = []

    def ask_again(**_: object) -> float | None:
        made.append(1)
        return 0.0 if len(made) == 1 else None  # after so many seconds, as if no answer had come

    events: Any = client.meta.events
    events.register_first("needs-retry.dynamodb.TransactWriteItems", ask_again)
    purse = DynamoPurse(client, TABLE)
    assert purse.take(SMS, camera_id="hall", day=TODAY, cap=20, number=9)
    with suppress(CloudError):
        purse.give_back(SMS, camera_id="hall", day=TODAY, number=3)
    assert len(made) == 2, "botocore made the call again"
    assert purse.accounts(TODAY)[0].taken == 6


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


def test_what_an_edge_holds_back_is_noted_beside_what_is_taken(purse: AnyPurse) -> None:
    tomorrow = TODAY + timedelta(days=1)
    purse.hold(FRAMES, camera_id="hall", day=TODAY, cap=30)
    assert purse.accounts(TODAY) == (Account(kind=FRAMES, camera_id="hall", taken=0, held_at=30),)
    assert purse.take_some(FRAMES, camera_id="hall", day=TODAY, cap=30, most=25) == 25, "it closes nothing"
    for day, cap in ((TODAY, 40), (TODAY, 30), (tomorrow, 10)):
        for _ in range(2):
            purse.hold(FRAMES, camera_id="hall", day=day, cap=cap)
    (hall,) = purse.accounts(TODAY)
    assert (hall.taken, hall.held_at, hall.refused_at) == (25, 40, None)
    assert [account.held_at for account in purse.accounts(tomorrow)] == [10]


def test_minutes_that_are_not_marked_as_held_back_are_known(purse: AnyPurse) -> None:
    # Over midnight, in UTC, and with other marks among them.
    minutes = [at(11 * 3600 + 58 * 60 + 60 * n) for n in range(5)]

    def not_held(camera_id: str = "hall") -> list[int]:
        return [minutes.index(minute) for minute in purse.not_held(camera_id, minutes)]

    for index in (1, 3, 3):
        purse.mark(FRAMES, camera_id="hall", captured_at=minutes[index], held=True)
    purse.mark(FRAMES, camera_id="hall", captured_at=minutes[0])
    assert not_held() == [0, 2, 4]
    purse.mark(FRAMES, camera_id="hall", captured_at=minutes[4], held=True)
    purse.mark(FRAMES, camera_id="hall", captured_at=minutes[4])
    assert not_held() == [0, 2]
    assert not_held("yard") == [0, 1, 2, 3, 4]
    assert purse.not_held("hall", []) == ()
    assert purse.marked("hall", minutes[1], minutes[4] + timedelta(seconds=1)) == (
        OverBudget(minutes[1], FRAMES, held=True),
        OverBudget(minutes[3], FRAMES, held=True),
        OverBudget(minutes[4], FRAMES),
        OverBudget(minutes[4], FRAMES, held=True),
    )


@pytest.mark.parametrize("twin", ["moto"], indirect=True)
def test_minutes_that_were_marked_when_asked_before_cost_nothing(twin: str) -> None:
    client = clients.dynamodb()
    purse, minutes = DynamoPurse(client, TABLE), [at(60 * n) for n in range(10)]
    for minute in minutes:
        purse.mark(FRAMES, camera_id="hall", captured_at=minute, held=True)
    assert purse.not_held("hall", minutes) == ()
    purse.hold(FRAMES, camera_id="hall", day=TODAY, cap=3)
    calls: list[str] = []
    client.meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name))
    assert purse.not_held("hall", minutes) == ()
    purse.hold(FRAMES, camera_id="hall", day=TODAY, cap=3)
    assert calls == []
