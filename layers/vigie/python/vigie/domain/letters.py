"""The forms that notices have in common: an e-mail's, an SMS's, and that of data for machines."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from vigie.domain.gsm import SMS_SEPTETS, septets, shortened, to_gsm
from vigie.domain.instants import to_iso, whole_milliseconds
from vigie.domain.notices import NoticeKind

SITE_DOCUMENT = "site/config/site.json"

_DATA_VERSION = 1
# A text shortened below this says too little to be worth its room.
_LEAST_SEPTETS = 16


def data_of(kind: NoticeKind, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a machine is told: JSON's own types, and the version of their arrangement."""
    return {"version": _DATA_VERSION, "kind": kind.value, **facts}


def iso(instant: datetime) -> str:
    """Return an instant as data has it, in UTC."""
    return to_iso(whole_milliseconds(instant))


def letter(opening: str, facts: Iterable[tuple[str, str]], *closing: str) -> str:
    """Return an e-mail: what happened, facts one a line, and what can be done, with empty lines between."""
    rows = [f"{name + ':':<12}{text}" for name, text in facts if text]
    return "\n\n".join(filter(None, (opening, "\n".join(rows), *closing))) + "\n"


def told_later(key: str, never: str) -> str:
    """Say how to be told of a trouble later, or never: by a key of `watchfulness`."""
    return (
        f'To be told later, or never, change "{key}" under "watchfulness" in the site document,\n'
        f"{SITE_DOCUMENT}. It counts seconds; {never} stands for never."
    )


def sms_text(before: str, place: str = "", after: str = "", *, more: str = "", link: str = "") -> str:
    """Return an SMS of one part: the place is shortened as needed, `before` and `after` never are.

    `more` follows as far as there is room, a link where it fits whole.
    """
    before, place, after = to_gsm(before), to_gsm(place), to_gsm(after)
    room = SMS_SEPTETS - septets(before) - septets(after)
    wanted = septets(link) + 1
    if link and to_gsm(link) == link and room - wanted >= min(septets(place), _LEAST_SEPTETS):
        return f"{before}{shortened(place, room - wanted)}{after} {link}"
    text = f"{before}{shortened(place, room)}{after}"
    left = SMS_SEPTETS - septets(text) - len(": ")
    if more and left >= _LEAST_SEPTETS:
        text = f"{text}: {shortened(to_gsm(more), left)}"
    return text
