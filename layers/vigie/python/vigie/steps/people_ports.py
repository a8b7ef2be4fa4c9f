"""What known faces need from the world."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from vigie.domain.people import EnrolledFace, FaceCall, Suggestion
from vigie.domain.visits import Visit


class FaceCollection(Protocol):
    """Holds faces of people who agreed, and finds whose is most alike. Enrolling and searching are paid."""

    def enrol(self, name: str, jpeg: bytes) -> EnrolledFace:
        """Add the one face of a picture.

        Raises:
            PictureError: it shows no face, or several, or none that is good enough.
            CloudError: AWS refused the call.

        """

    def search(self, jpeg: bytes, *, threshold: float) -> Suggestion | None:
        """Return whose face is most like that of a picture, from the similarity `threshold` (0..1) on.

        Raises:
            PictureError: the service does not take the picture.
            NotFound: there is no collection, since nobody was ever enrolled.
            CloudError: AWS refused the call.

        """

    def faces(self) -> Sequence[EnrolledFace]:
        """Return all faces, by name."""

    def forget(self, face_ids: Sequence[str]) -> int:
        """Remove faces; return how many there were.

        Raises:
            CloudError: AWS refused the call, or some faces stay; says how many, and why.

        """


class KeptFaces(Protocol):
    """Holds the faces that were kept of visits."""

    def load(self, key: str) -> bytes:
        """Return the picture of that key.

        Raises:
            NotFound: it is not there (any more).

        """


class PeopleStore(Protocol):
    """Holds what searches suggested, for a day, and the record of calls."""

    def record(self, call: FaceCall) -> None:
        """Keep a call on record."""

    def calls(self, begin: datetime, end: datetime) -> Sequence[FaceCall]:
        """Return the calls of begin <= t < end, in order."""

    def suggest(self, visit: Visit, suggestion: Suggestion | None) -> None:
        """Store what the search for a visit's face gave, which may be nobody."""

    def suggestion(self, visit: Visit) -> Suggestion | None:
        """Return what a search suggested for a visit, if it did."""

    def suggestions(self, camera_id: str, day: date) -> Mapping[str, Suggestion]:
        """Return what was suggested for visits of a camera that began on a day of UTC, by their ids."""

    def forget(self, name: str, camera_id: str, day: date) -> int:
        """Take the name out of what was suggested for a camera's day of UTC; return how often it was."""

    def was_searched(self, visit: Visit) -> bool:
        """Tell whether a visit's face was searched for."""
