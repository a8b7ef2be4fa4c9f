"""Pauses: how long after which failure, how often a store is asked, and what holds when it cannot be."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from tests.builders import NOON, at
from tests.pause_fakes import FakePauseStore
from vigie.domain.pauses import FIRST_PAUSE, LONGEST_PAUSE, Pause, next_pause
from vigie.errors import AccessDenied, CloudError, NotFound, Unavailable
from vigie.steps.pausing import COMPARISON, ENGINE, LOOK_EVERY, Pauses


@dataclass
class Instances:
    """Instances of a function over one store and one clock."""

    store: FakePauseStore = field(default_factory=FakePauseStore)
    seconds: float = 0

    def one(self) -> Pauses:
        return Pauses(self.store, self.clock)

    def clock(self) -> datetime:
        return at(self.seconds)


@pytest.mark.parametrize(
    ("why", "last_ended", "last_s", "may_pass", "expected_s"),
    [
        ("what passes by itself is tried again soon", None, 0, True, 30),
        ("then after twice as long", -1, 30, True, 60),
        ("a quarter of an hour at most", -1, 600, True, 900),
        ("a pause long past counts no more", -901, 600, True, 30),
        ("what a person must mend takes its time", None, 0, False, 900),
    ],
)
def test_how_long_a_pause_is(
    why: str, last_ended: float | None, last_s: float, may_pass: bool, expected_s: float
) -> None:
    length = timedelta(seconds=last_s)
    last = None if last_ended is None else Pause(until=at(last_ended), length=length, reason="")
    pause = next_pause(last, now=NOON, may_pass=may_pass, reason="throttled")
    assert (pause.length.total_seconds(), pause.until) == (expected_s, at(expected_s)), why
    assert pause.holds(NOON)
    assert not pause.holds(at(expected_s))


@pytest.mark.parametrize(
    ("error", "length"),
    [
        (Unavailable("no answer"), FIRST_PAUSE),
        (AccessDenied("no right"), LONGEST_PAUSE),
        (NotFound("no collection"), LONGEST_PAUSE),
        (CloudError("a refusal that nobody knows"), LONGEST_PAUSE),
    ],
)
def test_other_instances_keep_a_pause_too_and_other_uses_go_on(error: CloudError, length: timedelta) -> None:
    all_of_them = Instances()
    first, second = all_of_them.one(), all_of_them.one()
    assert first.under_way(ENGINE) is None
    first.after(ENGINE, error)
    for each in (first, second):
        pause = each.under_way(ENGINE)
        assert pause is not None
        assert (pause.length, pause.reason) == (length, str(error))
        assert each.under_way(COMPARISON) is None
    all_of_them.seconds = length.total_seconds()
    assert first.under_way(ENGINE) is None


def test_the_store_is_asked_once_a_minute_and_a_pause_that_is_lifted_ends() -> None:
    all_of_them = Instances()
    one = all_of_them.one()
    one.after(ENGINE, AccessDenied("no right"))
    for _ in range(100):
        assert one.under_way(ENGINE)
    assert all_of_them.store.looked == 0
    all_of_them.store.lift(ENGINE)
    all_of_them.seconds = LOOK_EVERY.total_seconds()
    assert one.under_way(ENGINE) is None
    assert all_of_them.store.looked == 1


def test_a_table_that_is_out_of_order_does_not_end_a_pause(caplog: pytest.LogCaptureFixture) -> None:
    class Refusing(FakePauseStore):
        def keep(self, use: str, pause: Pause) -> None:
            raise Unavailable("throttled table")

    one = Instances(Refusing()).one()
    one.after(ENGINE, Unavailable("no answer"))
    assert one.under_way(ENGINE)
    assert "do not hear of the pause" in caplog.text


def test_an_outage_of_a_day_costs_few_calls() -> None:
    """Ten instances that call whenever they may, each second of a day."""
    all_of_them = Instances()
    instances = [all_of_them.one() for _ in range(10)]
    calls = 0
    for second in range(86_400):
        all_of_them.seconds = second
        one = instances[second % 10]
        if one.under_way(ENGINE) is None:
            calls += 1
            one.after(ENGINE, Unavailable("throttled"))
    assert calls <= 86_400 / LONGEST_PAUSE.total_seconds() * 1.2
