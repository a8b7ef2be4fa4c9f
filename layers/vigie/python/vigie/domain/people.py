"""Known faces: people who agreed to be recognised, by name, and what a search of their faces suggests.

A name that a search gives is a suggestion: it says which of the known faces is most alike, not who is there.
"""

import base64
import binascii
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

_NAME_LENGTH = 60
# What a service lets a collection be called.
_COLLECTION = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFaces:
    """Whether faces are searched among those of people who agreed; off unless `enabled`.

    Even then only those of cameras with `faces`. A search suggests a name from the similarity `threshold` on;
    `collection` is where the faces lie.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    enabled: bool = False
    threshold: float = 0.95
    collection: str = "vigie-people"

    def __post_init__(self) -> None:
        if not 0.8 <= self.threshold <= 1:
            raise ValueError("threshold of known_faces is 0.8 to 1: below it people are taken for each other")
        if not self.collection or not set(self.collection) <= _COLLECTION:
            raise ValueError(
                f"collection {self.collection!r} has other characters than letters, digits and _.-"
            )


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Whose known face is most like the one seen: `similarity` 0..1, found with that `threshold`."""

    name: str
    similarity: float
    threshold: float

    @property
    def words(self) -> str:
        """The suggestion for people: never a plain name."""
        return f"perhaps {self.name}, {self.similarity:.0%}"


@dataclass(frozen=True, slots=True)
class EnrolledFace:
    """One face of a person in the collection."""

    face_id: str
    name: str


class FaceAction(StrEnum):
    """What was done with known faces."""

    ENROL = "enrol"
    SEARCH = "search"
    LIST = "list"
    FORGET = "forget"


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceCall:
    """A call that had to do with known faces, as it is kept for whoever must answer for it.

    Of a search `threshold` is what was asked and `faces` how many were found, of anything else how many faces
    it was about. `name` is whom an enrolment or removal was about; a search leaves no name here. `note` is
    the consent that was stated, the visit searched for, or what failed.
    """

    at: datetime
    action: FaceAction
    threshold: float | None = None
    faces: int = 0
    name: str = ""
    note: str = ""


def check_person_name(name: str) -> str:
    """Return a person's name on one line, each letter in the one way of writing it: é is not e and an accent.

    Raises:
        ValueError: it is empty, too long, or holds what cannot be printed.

    """
    line = _composed(" ".join(name.split()))
    if not 0 < len(line) <= _NAME_LENGTH or not line.isprintable():
        raise ValueError(f"a person's name has 1 to {_NAME_LENGTH} characters that can be printed")
    return line


def to_external_id(name: str) -> str:
    """Write a name in the few characters that Rekognition takes for one."""
    return base64.urlsafe_b64encode(name.encode()).decode().replace("=", ".")


def from_external_id(external_id: str) -> str:
    """Read a name that `to_external_id` wrote; what it did not write is its own name."""
    try:
        return _composed(base64.urlsafe_b64decode(external_id.replace(".", "=").encode()).decode())
    except (binascii.Error, UnicodeDecodeError):
        return external_id


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
