"""What the lights must know of the world; other ports are in `ports`."""

from datetime import date, datetime
from typing import Protocol

from vigie.domain.energy import EnergyTotals
from vigie.domain.lighting import Desired
from vigie.domain.series import Minute


class LampShadows(Protocol):
    """Holds what each lamp group is asked for, where those who drive the lamps follow it."""

    def desired(self, group_id: str) -> tuple[Desired | None, int]:
        """Return what is asked for, and its version; None when nothing is, or nothing that we know."""

    def ask(self, group_id: str, desired: Desired, *, replaces: tuple[Desired | None, int]) -> None:
        """Ask for another state than `replaces`, which `desired` returned.

        Raises:
            Conflict: another writer was first; or there was no shadow at all, and now there is an empty one,
                so that of two who are the very first neither overwrites the other.

        """


class DayMinutes(Protocol):
    """The cameras' minutes."""

    def minutes(self, camera_id: str, begin: datetime, end: datetime) -> tuple[Minute, ...]:
        """Return the minutes that begin within begin <= t < end, in order."""


class EnergyStore(Protocol):
    """Holds for good what lamp groups used, day by day."""

    def put_energy(self, totals: EnergyTotals) -> None:
        """Store a group's day, unless more of it has been reckoned already."""

    def energies(self, group_id: str, first: date, last: date) -> tuple[EnergyTotals, ...]:
        """Return what is stored of a group's days from the first to the last, in order."""
