"""What the lights must know of the world; other ports are in `ports`."""

from typing import Protocol

from vigie.domain.lighting import Desired


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
