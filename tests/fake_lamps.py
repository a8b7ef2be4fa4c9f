"""The lamps' shadows in memory, and what they used; under the contract tests of their real twins."""

from dataclasses import dataclass, field
from datetime import date

from vigie.domain.energy import EnergyTotals
from vigie.domain.lighting import Desired
from vigie.errors import Conflict


@dataclass
class FakeLampShadows:
    """`LampShadows` in memory; `written` counts the writes, `read` the looks."""

    written: int = 0
    read: int = 0
    _shadows: dict[str, tuple[Desired | None, int]] = field(default_factory=dict)

    def desired(self, group_id: str) -> tuple[Desired | None, int]:
        self.read += 1
        return self._shadows.get(group_id, (None, 0))

    def ask(self, group_id: str, desired: Desired, *, replaces: tuple[Desired | None, int]) -> None:
        _, version = self.desired(group_id)
        if not version:
            self._shadows[group_id] = None, 1
        if not version or replaces[1] != version:
            raise Conflict(f"the shadow of {group_id} is another one by now")
        self._shadows[group_id] = desired, version + 1
        self.written += 1


@dataclass
class FakeEnergyStore:
    """`EnergyStore` in memory."""

    _days: dict[tuple[str, date], EnergyTotals] = field(default_factory=dict)

    def put_energy(self, totals: EnergyTotals) -> None:
        key = totals.group_id, totals.day
        stored = self._days.get(key)
        if stored is None or round(stored.reckoned_s) <= round(totals.reckoned_s):
            self._days[key] = totals

    def energies(self, group_id: str, first: date, last: date) -> tuple[EnergyTotals, ...]:
        keys = sorted(key for key in self._days if key[0] == group_id and first <= key[1] <= last)
        return tuple(self._days[key] for key in keys)
