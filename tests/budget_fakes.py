"""The purse and its marks in memory, under the contract test of their real twin."""

import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime

from vigie.domain.caps import Account, Spending
from vigie.domain.instants import minute_of
from vigie.domain.notices import Notice
from vigie.domain.policies import filter_lets_through
from vigie.steps.budget_ports import OverBudget

_Key = tuple[date, Spending, str | None]


@dataclass
class FakePurse:
    """`Purse` and `BudgetMarks` in memory; a take is one step for all threads, as the table's write is."""

    _parts: dict[_Key, Counter[str]] = field(default_factory=dict)
    _refused: dict[_Key, int] = field(default_factory=dict)
    _marks: set[tuple[str, OverBudget]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, kind: Spending, *, camera_id: str, day: date, cap: int, number: int = 1) -> bool:
        with self._lock:
            return self._take(kind, camera_id, day, cap, number, least=number) == number

    def take_some(self, kind: Spending, *, camera_id: str, day: date, cap: int, most: int) -> int:
        with self._lock:
            return self._take(kind, camera_id, day, cap, most, least=1)

    def accounts(self, day: date) -> tuple[Account, ...]:
        found = {key for key in (*self._parts, *self._refused) if key[0] == day}
        return tuple(
            Account(
                kind=key[1],
                camera_id=key[2],
                taken=sum(self._parts.get(key, Counter()).values()),
                refused_at=self._refused.get(key),
                by_camera=dict(self._parts.get(key, Counter())),
            )
            for key in sorted(found, key=lambda key: (key[1].value, key[2] or ""))
        )

    def mark(self, kind: Spending, *, camera_id: str, captured_at: datetime) -> None:
        self._marks.add((camera_id, OverBudget(minute_of(captured_at), kind)))

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
        self._parts[key] = parts + Counter({camera_id: number})
        return number


@dataclass
class FakeRecipients:
    """`Recipients` in memory: what each subscription is charged as, and the filter policy it has."""

    subscriptions: list[tuple[Spending, dict[str, list[object]]]] = field(default_factory=list)

    def reached(self, notice: Notice) -> Counter[Spending]:
        given = {"kind": notice.kind.value, **notice.attributes}
        attributes = {
            name: value if isinstance(value, tuple) else (str(value),) for name, value in given.items()
        }
        return Counter(kind for kind, policy in self.subscriptions if filter_lets_through(policy, attributes))
