"""Notices: what is told to people and machines, in a form for each way that it travels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum
from typing import Any


class NoticeKind(StrEnum):
    """What a notice is about; subscriptions may filter by it."""

    VISIT = "visit"
    CAMERA_DARK = "camera_dark"
    CAMERA_BACK = "camera_back"
    LAMPS_FAILED = "lamps_failed"
    LAMPS_BACK = "lamps_back"
    DEAD_LETTERS = "dead_letters"
    DEAD_LETTERS_GONE = "dead_letters_gone"
    UNPROVEN = "alerts_unproven"
    PROVEN_AGAIN = "alerts_proven_again"
    OVER_BUDGET = "over_budget"
    DAILY_BILL = "daily_bill"
    CANARY = "canary"


class Delivery(Enum):
    """What became of a notice.

    `sent`: it was handed over for whoever asked for its like, which may be nobody. `withheld`: somebody had,
    and the day's budget left none of them.
    """

    SENT = "sent"
    WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class PictureLink:
    """An address under which a picture can be seen, and when that ends; None when only the picture does."""

    url: str
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message: an e-mail's subject and text, an SMS, and plain data for machines.

    `subject` is one line of at most 100 ASCII characters, `sms` at most 160 septets of GSM 03.38.
    `attributes` are what a subscription may filter by, beside the kind.
    """

    kind: NoticeKind
    subject: str
    email: str
    sms: str
    data: Mapping[str, Any]
    attributes: Mapping[str, str | int | tuple[str, ...]] = field(default_factory=dict)
