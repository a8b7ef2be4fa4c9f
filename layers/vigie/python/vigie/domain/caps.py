"""Caps: how much of what is paid for each time may be bought on one day."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from enum import StrEnum
from typing import Annotated, Any, ClassVar


class Spending(StrEnum):
    """What is counted before it is bought.

    Frames are counted for each camera, since one that sees leaves moving must not close the others' eyes;
    the rest is counted for the whole site, since that is what the bill is about.
    """

    FRAMES = "frames"
    REKOGNITION = "rekognition"
    SMS = "sms"
    EMAIL = "email"

    @property
    def is_of_a_camera(self) -> bool:
        """Whether each camera has a cap of its own."""
        return self is Spending.FRAMES


class _Strictly:
    """Tells pydantic to take whole numbers alone: it would read true as a cap of 1."""

    @staticmethod
    def __get_pydantic_core_schema__(
        source: object, handler: Callable[[object], dict[str, Any]]
    ) -> dict[str, Any]:
        return {**handler(source), "strict": True}


_Count = Annotated[int, _Strictly]
# Of which caps one in so many is kept for the notices that a budget is used up.
_KEPT_SHARES = {Spending.SMS: 4, Spending.EMAIL: 10}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The most that may be bought on one day of the site's clock; 0 buys nothing, and says so like any other.

    `frames_a_camera` is how many frames of each camera are looked at, `rekognition_calls`, `sms` and `emails`
    are those of the whole site: an alert to three telephones is three SMS. With `paced` edges spread a
    camera's frames over the day when they would not last until midnight; without, they send until the cap.

    The defaults let a day cost at most about $1.60 for each camera, $1 for Rekognition, $2 for SMS and a cent
    for e-mails.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    frames_a_camera: _Count = 100_000
    rekognition_calls: _Count = 1_000
    sms: _Count = 20
    emails: _Count = 500
    paced: bool = True

    def __post_init__(self) -> None:
        for name in ("frames_a_camera", "rekognition_calls", "sms", "emails"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is 0 or more a day")

    def for_alerts(self, kind: Spending) -> int:
        """Return how much of a cap is for all but the notices that a budget is used up.

        A tenth of the e-mails and a quarter of the SMS are kept for these, and one at least where there are
        two: else nobody would hear that no more go out. One such notice is an SMS to each telephone, and of
        20 a tenth would reach two.
        """
        cap = self.of(kind)
        share = _KEPT_SHARES.get(kind)
        return cap if share is None or cap < 2 else cap - max(cap // share, 1)

    def of(self, kind: Spending) -> int:
        """Return the cap on one kind of spending."""
        match kind:
            case Spending.FRAMES:
                return self.frames_a_camera
            case Spending.REKOGNITION:
                return self.rekognition_calls
            case Spending.SMS:
                return self.sms
            case Spending.EMAIL:
                return self.emails


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What was taken of one kind on one day: by one camera of the cap of its own, or by all of the site's.

    `taken` never exceeds the cap that its takers knew. `refused_at` is the cap at which somebody asked for
    more than was left, `held_at` the one for which an edge held back what it did not cover. `by_camera`
    parts what was taken by who caused it; the key "" is the site itself.
    """

    kind: Spending
    camera_id: str | None
    taken: int
    refused_at: int | None = None
    held_at: int | None = None
    by_camera: Mapping[str, int] = field(default_factory=dict)

    def is_closed(self, caps: Caps) -> bool:
        """Tell whether there was nothing left; a cap that was raised since opens the account again."""
        return self.refused_at is not None and caps.for_alerts(self.kind) <= self.refused_at

    def is_held_back(self, caps: Caps) -> bool:
        """Tell whether an edge held something back by a cap that was not raised since."""
        return self.held_at is not None and caps.of(self.kind) <= self.held_at


def spending_day(now: datetime, tz: tzinfo) -> date:
    """Return the day on which is spent what is bought now.

    It is the clock's, not the frame's: a bill is about when one pays, and a day of last week that a spool
    sends today must not find a cap of its own.
    """
    return now.astimezone(tz).date()
