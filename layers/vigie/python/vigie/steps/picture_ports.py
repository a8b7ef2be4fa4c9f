"""What is made of frames for people, and where it is kept."""

from collections.abc import Sequence
from typing import Protocol

from vigie.domain.detections import Box
from vigie.domain.pictures import Annotation


class Still(Protocol):
    """One frame's picture, decoded."""

    def annotated(self, annotation: Annotation) -> bytes:
        """Return a JPEG for people, with what the annotation says drawn on it."""

    def face(self, person: Box) -> bytes | None:
        """Return a JPEG of the best face in a person's box; None without one, or without a face finder."""


class Artist(Protocol):
    """Makes pictures for people out of frames."""

    def open(self, jpeg: bytes) -> Still:
        """Decode a frame, once for all that is made of it.

        Raises:
            PictureError: the bytes are no picture that we decode.

        """


class PictureStore(Protocol):
    """Holds what is kept of visits as JPEGs, by the keys of `domain.pictures`."""

    def put(self, key: str, jpeg: bytes) -> None:
        """Store a picture, over the one of that key."""

    def keys(self, prefix: str) -> tuple[str, ...]:
        """Return the keys of the pictures that begin so, sorted; old versions count."""

    def delete(self, keys: Sequence[str]) -> None:
        """Remove pictures with all their versions; what is not there is removed already."""
