"""Pieces of sentences: names of others made harmless, numbers of things, local times, lengths of time."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo

from vigie.domain.cameras import Camera
from vigie.domain.detections import PERSON, VEHICLES
from vigie.domain.gsm import to_ascii

SUBJECT_LENGTH = 100

_NAME_LENGTH = 80
_MOST_ZONES = 5
# Controls, line and paragraph separators, halves of pairs, and what is no character: none belongs in a line.
_NOT_IN_A_LINE = frozenset({"Cc", "Zl", "Zp", "Cs", "Co", "Cn"})
_WITHOUT_SHAPE = "Cf"  # marks that turn or hide what stands beside them
_SCHEME = re.compile(r"([:：])(?=[/／\\])")  # noqa: RUF001 - the wide forms are meant
_DOT = re.compile(r"(?<=\w)([.。．｡․])(?=[^\W\d_])")  # noqa: RUF001
_IRREGULAR = {PERSON: "people"}
_HISSING = ("s", "x", "z", "ch", "sh")
_AS_IF_BY_CONSONANT = ("uni", "use", "eu", "one")
_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


def one_line(text: str) -> str:
    """Return a text as one line, without what would break, turn or hide it."""
    shown = (char for char in text if unicodedata.category(char) != _WITHOUT_SHAPE)
    plain = "".join(" " if unicodedata.category(char) in _NOT_IN_A_LINE else char for char in shown)
    return " ".join(plain.split())


def harmless(text: str, write: Callable[[str], str] = str) -> str:
    """Return somebody's text on one line, in which no mail program or telephone finds an address to open.

    `write` brings it into another alphabet, in which an address may come to light that was none before.
    """
    return _DOT.sub(r"\1 ", _SCHEME.sub(r"\1 ", write(one_line(text))))


def cut(text: str, length: int = _NAME_LENGTH) -> str:
    """Return a text of at most so many characters; dots stand for what was cut off."""
    return text if len(text) <= length else text[: max(length - 3, 0)].rstrip() + "..."


def plain_subject(text: str) -> str:
    """Return a subject that mail and SNS take: one line of at most 100 ASCII characters."""
    return cut(" ".join(to_ascii(one_line(text)).split()), SUBJECT_LENGTH)


def camera_name(camera: Camera, write: Callable[[str], str] = str) -> str:
    """Return the name of a camera; its id where it has none, or one that cannot be written so."""
    return written(camera.name, write) or camera.camera_id


def zones_text(zones: Sequence[str], write: Callable[[str], str] = str) -> str:
    """Return the names of zones with commas between them, of many the first ones.

    Those that cannot be written so are left out.
    """
    names = [cut(name) for zone in zones if (name := written(zone, write))]
    named, more = ", ".join(names[:_MOST_ZONES]), len(names) - _MOST_ZONES
    return f"{named} and {more} more" if more > 0 else named


def written(name: str, write: Callable[[str], str]) -> str:
    """Return a name made harmless; nothing when a character of it was lost."""
    text = harmless(name, write)
    return text if text.count("?") == name.count("?") else ""


def article(noun: str) -> str:
    """Return the noun with its article: a bus, an umbrella."""
    vowel = noun[:1].lower() in {*"aeiou"} and not noun.lower().startswith(_AS_IF_BY_CONSONANT)
    return f"{'an' if vowel else 'a'} {noun}"


def plural(noun: str) -> str:
    """Return the noun for several: people, buses, cars."""
    if noun in _IRREGULAR:
        return _IRREGULAR[noun]
    if noun.endswith(_HISSING):
        return f"{noun}es"
    if noun.endswith("y") and noun[-2:-1] not in {*"aeiou", ""}:
        return f"{noun[:-1]}ies"
    return f"{noun}s"


def counted(number: int, noun: str) -> str:
    """Return the number with the noun: 1 message, 3 messages."""
    return f"{number} {noun if number == 1 else plural(noun)}"


def several(number: int, labels: Sequence[str]) -> str:
    """Return so many things of these labels: 3 people, 2 buses, 4 vehicles, 5 people and vehicles."""
    if len(set(labels)) == 1:
        return counted(number, labels[0])
    if set(labels) <= set(VEHICLES):
        return counted(number, "vehicle")
    known = set(labels) <= {PERSON, *VEHICLES}
    return f"{number} people and vehicles" if known else counted(number, "thing")


def capital(text: str) -> str:
    """Return a text that begins with a capital letter."""
    return text[:1].upper() + text[1:]


def moment(instant: datetime, tz: tzinfo) -> str:
    """`Saturday 31 January 2026 at 13:00:00 CET`."""
    local = instant.astimezone(tz)
    return f"{local:%A} {local.day} {local:%B %Y} at {local:%H:%M:%S %Z}"


def short_moment(instant: datetime, tz: tzinfo) -> str:
    """`Sat 31 Jan 13:00:00 CET`."""
    local = instant.astimezone(tz)
    return f"{local:%a} {local.day} {local:%b %H:%M:%S %Z}"


def clock(instant: datetime, tz: tzinfo) -> str:
    """`13:00:00`; with the zone in an hour that the end of daylight-saving time gives twice."""
    local = instant.astimezone(tz)
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f"{local:%H:%M:%S %Z}" if twice else f"{local:%H:%M:%S}"


def lasting(seconds: float) -> str:
    """`2 hours 5 minutes`: the two largest units, as far as they say anything."""
    left = max(round(seconds), 0)
    numbers = []
    for unit, length in _UNITS:
        number, left = divmod(left, length)
        numbers.append((number, unit))
    largest = next((place for place, (number, _) in enumerate(numbers) if number), len(numbers) - 1)
    said = [each for each in numbers[largest : largest + 2] if each[0]] or numbers[-1:]
    return " ".join(counted(number, unit) for number, unit in said)


def between(earlier: datetime, later: datetime) -> str:
    """Return how long it was, by the sun and not by the clock on the wall."""
    return lasting((later.astimezone(UTC) - earlier.astimezone(UTC)).total_seconds())
