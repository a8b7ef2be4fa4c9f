"""The pauses in memory, under the contract test of their real twin."""

from dataclasses import dataclass, field

from vigie.domain.pauses import Pause


@dataclass
class FakePauseStore:
    """`PauseStore` in memory."""

    looked: int = 0
    _pauses: dict[str, Pause] = field(default_factory=dict)

    def pause(self, use: str) -> Pause | None:
        self.looked += 1
        return self._pauses.get(use)

    def keep(self, use: str, pause: Pause) -> None:
        self._pauses[use] = pause

    def lift(self, use: str) -> None:
        self._pauses.pop(use, None)
