"""The lamps' shadows in memory, under the contract test of their real twin."""

from dataclasses import dataclass, field

from vigie.domain.lighting import Desired
from vigie.errors import Conflict


@dataclass
class FakeLampShadows:
    """`LampShadows` in memory; `written` counts the writes."""

    written: int = 0
    _shadows: dict[str, tuple[Desired | None, int]] = field(default_factory=dict)

    def desired(self, group_id: str) -> tuple[Desired | None, int]:
        return self._shadows.get(group_id, (None, 0))

    def ask(self, group_id: str, desired: Desired, *, replaces: tuple[Desired | None, int]) -> None:
        _, version = self.desired(group_id)
        if not version:
            self._shadows[group_id] = None, 1
        if not version or replaces[1] != version:
            raise Conflict(f"the shadow of {group_id} is another one by now")
        self._shadows[group_id] = desired, version + 1
        self.written += 1
