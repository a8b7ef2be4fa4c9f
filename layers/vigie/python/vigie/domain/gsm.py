"""Texts for an SMS of one part: the alphabet of GSM 03.38, which 3GPP TS 23.038, section 6.2.1 defines.

An SMS holds 160 septets of this alphabet. One single character outside it makes the whole message UCS-2,
of which a part holds 70 characters: so what the alphabet lacks is written with what it has. The same is done
for subjects, which SNS takes in ASCII alone.
"""

# ruff: noqa: RUF001 - that characters look alike is what this file is about

import string
import unicodedata
from collections.abc import Callable

SMS_SEPTETS = 160

_ALPHABET = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# These come after an escape, and so take two septets.
_EXTENSION = frozenset("\f^{}\\[~]|€")
_ASCII = frozenset(string.printable)
_ELLIPSIS = "..."

# What Unicode does not take apart, or takes apart worse than a person would.
_SPELLED = {
    **dict.fromkeys("‘’‚‛′´`‹›", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict(zip("ØøŁłĐđÐðĦħŦŧŊŋıĸ°·•×÷⁄¡¿¦", "OoLlDdDdHhTtNniko.*x//!?|", strict=True)),
    "Œ": "OE",
    "œ": "oe",
    "Æ": "AE",
    "æ": "ae",
    "ß": "ss",
    "ẞ": "SS",
    "Þ": "Th",
    "þ": "th",
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY",
    "©": "(c)",
    "®": "(r)",
}


def to_gsm(text: str) -> str:
    """Write a text in the alphabet: what is in it stays, the rest is spelled with it, or becomes '?'."""
    return _written(text, lambda char: char in _ALPHABET or char in _EXTENSION)


def to_ascii(text: str) -> str:
    """Write a text in ASCII, in the same manner."""
    return _written(text, lambda char: char in _ASCII)


def septets(text: str) -> int:
    """Return how many septets a text of the alphabet takes."""
    return sum(_width(char) for char in text)


def shortened(text: str, septets: int) -> str:
    """Return a text of the alphabet in at most so many septets; dots stand for what was cut off."""
    if sum(map(_width, text)) <= septets:
        return text
    room = septets - len(_ELLIPSIS)
    kept = []
    for char in text:
        room -= _width(char)
        if room < 0:
            break
        kept.append(char)
    return ("".join(kept).rstrip() + _ELLIPSIS)[: max(septets, 0)]


def _width(char: str) -> int:
    return 2 if char in _EXTENSION else 1


def _written(text: str, fits: Callable[[str], bool]) -> str:
    # A letter and its accent may come apart; together they may be a character of the alphabet.
    return "".join(_spelled(char, fits) for char in unicodedata.normalize("NFC", text))


def _spelled(char: str, fits: Callable[[str], bool]) -> str:
    if fits(char):
        return char
    if unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return ""  # an accent of its own, or what has no shape
    parts = _SPELLED.get(char)
    if parts is None:
        parts = "".join(
            _SPELLED.get(part, part)
            for part in unicodedata.normalize("NFKD", char)
            if unicodedata.category(part) != "Mn"
        )
    return parts if parts and all(map(fits, parts)) else "?"
