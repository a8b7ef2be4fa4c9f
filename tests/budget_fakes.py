"""The purse and its marks in memory, under the contract test of their real twin."""

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from vigie.domain.caps import Account, Spending
from vigie.domain.instants import minute_of
from vigie.domain.notices import Notice
from vigie.domain.policies import filter_lets_through
from vigie.domain.usage import NO_USAGE, Usage
from vigie.steps.budget_ports import OverBudget

_Key = tuple[date, Spending, str | None]


@dataclass
class FakePurse:
    """`Purse` and `BudgetMarks` in memory; a take is one step for all threads, as the table's write is."""

    _parts: dict[_Key, Counter[str]] = field(default_factory=dict)
    _refused: dict[_Key, int] = field(default_factory=dict)
    _held: dict[_Key, int] = field(default_factory=dict)
    _marks: set[tuple[str, OverBudget]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, kind: Spending, *, camera_id: str, day: date, cap: int, number: int = 1) -> bool:
        with self._lock:
            return self._take(kind, camera_id, day, cap, number, least=number) == number

    def take_some(self, kind: Spending, *, camera_id: str, day: date, cap: int, most: int) -> int:
        with self._lock:
            return self._take(kind, camera_id, day, cap, most, least=1)

    def give_back(self, kind: Spending, *, camera_id: str, day: date, number: int) -> None:
        with self._lock:
            self._parts[day, kind, camera_id if kind.is_of_a_camera else None][camera_id] -= number

    def has_refused(self, kind: Spending, *, camera_id: str, day: date, cap: int) -> bool:
        key = (day, kind, camera_id if kind.is_of_a_camera else None)
        is_full = sum(self._parts.get(key, Counter()).values()) >= cap
        return is_full and key in self._refused and self._refused[key] >= cap

    def accounts(self, day: date) -> tuple[Account, ...]:
        found = {key for key in (*self._parts, *self._refused, *self._held) if key[0] == day}
        return tuple(
            Account(
                kind=key[1],
                camera_id=key[2],
                taken=sum(self._parts.get(key, Counter()).values()),
                refused_at=self._refused.get(key),
                held_at=self._held.get(key),
                by_camera=dict(self._parts.get(key, Counter())),
            )
            for key in sorted(found, key=lambda key: (key[1].value, key[2] or ""))
        )

    def hold(self, kind: Spending, *, camera_id: str, day: date, cap: int) -> None:
        key = (day, kind, camera_id if kind.is_of_a_camera else None)
        self._held[key] = max(cap, self._held.get(key, cap))

    def mark(self, kind: Spending, *, camera_id: str, captured_at: datetime, held: bool = False) -> None:
        self._marks.add((camera_id, OverBudget(minute_of(captured_at), kind, held)))

    def not_held(self, camera_id: str, minutes: Sequence[datetime]) -> tuple[datetime, ...]:
        held = {mark.begins_at for camera, mark in self._marks if camera == camera_id and mark.held}
        return tuple(minute for minute in minutes if minute not in held)

    def marked(self, camera_id: str, begin: datetime, end: datetime) -> tuple[OverBudget, ...]:
        found = (mark for camera, mark in self._marks if camera == camera_id)
        return tuple(sorted(mark for mark in found if begin <= mark.begins_at < end))

    def _take(self, kind: Spending, camera_id: str, day: date, cap: int, most: int, *, least: int) -> int:
        key = (day, kind, camera_id if kind.is_of_a_camera else None)
        parts = self._parts.get(key, Counter())
        number = min(most, cap - sum(parts.values()))
        if number < least:
            self._refused[key] = max(cap, self._refused.get(key, cap))
            return 0
        self._parts.setdefault(key, Counter())[camera_id] += number
        return number


@dataclass
class FakeUsageBook:
    """`UsageBook` in memory; `faults` are raised by what is to be added, one a call."""

    faults: list[Exception] = field(default_factory=list)
    _sums: dict[tuple[str, date], Usage] = field(default_factory=dict)

    def add(self, camera_id: str, day: date, usage: Usage) -> None:
        if self.faults:
            raise self.faults.pop(0)
        if usage != NO_USAGE:
            self._sums[camera_id, day] = self._sums.get((camera_id, day), NO_USAGE) + usage

    def used(self, first: date, last: date) -> dict[tuple[str, date], Usage]:
        return {key: usage for key, usage in self._sums.items() if first <= key[1] <= last}


@dataclass
class FakeRecipients:
    """`Recipients` in memory: what each subscription is charged as, and the filter policy it has.

    `machines` are the policies of those that cost nothing.
    """

    subscriptions: list[tuple[Spending, dict[str, list[object]]]] = field(default_factory=list)
    machines: list[dict[str, list[object]]] = field(default_factory=list)

    def reached(self, notice: Notice) -> Counter[Spending]:
        given = _attributes(notice)
        return Counter(kind for kind, policy in self.subscriptions if filter_lets_through(policy, given))

    def anybody(self, notice: Notice) -> bool:
        given = _attributes(notice)
        policies = [*(policy for _, policy in self.subscriptions), *self.machines]
        return any(filter_lets_through(policy, given) for policy in policies)


def _attributes(notice: Notice) -> dict[str, tuple[str, ...]]:
    given = {"kind": notice.kind.value, **notice.attributes}
    return {name: value if isinstance(value, tuple) else (str(value),) for name, value in given.items()}
