"""What the steps need of who counts spending; other ports are in `ports`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from vigie.domain.caps import Account, Spending
from vigie.domain.notices import Notice
from vigie.domain.usage import Usage


class Purse(Protocol):
    """Counts what is bought, before it is bought: never one over the cap, however many take at once.

    Whoever takes and then cannot buy has spent all the same, and an answer that was lost on its way may
    count once more when the call is made again: the purse may say less is left than is, never more.
    """

    def take(self, kind: Spending, *, camera_id: str, day: date, cap: int, number: int = 1) -> bool:
        """Take `number` of the day's, all or none; false when that is more than the cap leaves.

        `camera_id` is on whose account it goes, "" when no camera caused it. Whoever is refused closes the
        account for people to see.

        Raises:
            CloudError: nobody knows whether anything was taken; nothing may be bought.

        """

    def take_some(self, kind: Spending, *, camera_id: str, day: date, cap: int, most: int) -> int:
        """Take `most`, or what the cap leaves when that is less; 0 closes the account.

        Raises:
            CloudError: nobody knows whether anything was taken; nothing may be bought.

        """

    def give_back(self, kind: Spending, *, camera_id: str, day: date, number: int) -> None:
        """Undo one `take` of which surely nothing was bought, once, however often the call is repeated.

        Whoever knows the account as closed may go on to be refused.

        Raises:
            CloudError: nobody knows whether it was given back; it may not be tried again.

        """

    def hold(self, kind: Spending, *, camera_id: str, day: date, cap: int) -> None:
        """Note that an edge holds back what that cap does not cover; noting it again changes nothing.

        Raises:
            CloudError: AWS refused the call.

        """

    def has_refused(self, kind: Spending, *, camera_id: str, day: date, cap: int) -> bool:
        """Tell without a call whether one more is sure to be refused, as one was before."""

    def accounts(self, day: date) -> tuple[Account, ...]:
        """Return what was taken on a day, by kind and camera, in order."""


@dataclass(frozen=True, slots=True, order=True)
class OverBudget:
    """In the minute of capture time that begins then, something that costs was not bought.

    Frames that an edge `held` back never came; else they came, and that was the end of them.
    """

    begins_at: datetime
    kind: Spending
    held: bool = False


class BudgetMarks(Protocol):
    """Remembers in which minutes of a camera something was not bought."""

    def mark(self, kind: Spending, *, camera_id: str, captured_at: datetime, held: bool = False) -> None:
        """Mark the minute of that capture time; marking it twice is marking it once."""

    def not_held(self, camera_id: str, minutes: Sequence[datetime]) -> tuple[datetime, ...]:
        """Return those minutes not marked as such whose frames an edge held back, in order.

        `minutes` are their beginnings, in order. Whoever asks again for what was marked when it was asked
        for before pays nothing.
        """

    def marked(self, camera_id: str, begin: datetime, end: datetime) -> tuple[OverBudget, ...]:
        """Return the marks of the minutes that begin within begin <= t < end, in order."""


class Meter(Protocol):
    """Counts what this instance of a function consumes while it works for a camera.

    A report can carry only what was consumed before it was stored. The rest (its minute, its pictures, what
    was told of it) waits for the next report of its camera: so a camera's reports together carry all but what
    followed the last one.
    """

    def waiting(self, camera_id: str) -> Usage:
        """Return what was consumed for a camera and no report carries yet."""

    def carried(self, camera_id: str, usage: Usage) -> None:
        """Say that a stored report carries so much of it."""


class Recipients(Protocol):
    """Knows who follows the alerts topic."""

    def reached(self, notice: Notice) -> Mapping[Spending, int]:
        """Return how many SMS and e-mails the notice would be.

        Raises:
            CloudError: nobody knows who follows the topic.

        """

    def anybody(self, notice: Notice) -> bool:
        """Tell whether the notice reaches anybody at all, people or machines.

        Raises:
            CloudError: nobody knows who follows the topic.

        """


def over_budget_minutes(
    marks: BudgetMarks | None, camera_id: str, begin: datetime, end: datetime
) -> frozenset[datetime]:
    """Return the beginnings of a camera's minutes that had frames which the day's caps did not cover.

    They were held back at the edge, or not looked at, or by our own engine in the place of the one that the
    camera asks for.
    """
    found = marks.marked(camera_id, begin, end) if marks else ()
    return frozenset(mark.begins_at for mark in found if mark.kind in (Spending.FRAMES, Spending.REKOGNITION))
