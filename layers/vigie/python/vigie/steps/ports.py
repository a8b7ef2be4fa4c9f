"""What the steps need from the world; adapters and the tests' fakes implement these Protocols."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from vigie.domain.alerting import Alert, AlertRecord, AlertState
from vigie.domain.detections import Box, Detection
from vigie.domain.frames import Frame, FrameKey
from vigie.domain.pictures import Annotation
from vigie.domain.reports import FrameReport, Timings
from vigie.domain.series import Minute, VisitsChange

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a detector says of one picture: its upright size in pixels, detections, timings.

    Detections are ordered by confidence, highest first, and carry no zones yet.
    """

    width: int
    height: int
    detections: tuple[Detection, ...]
    timings: Timings


class Detector(Protocol):
    """Finds people and vehicles in a picture."""

    @property
    def name(self) -> str:
        """The model's name, as reports record it."""

    def detect(self, jpeg: bytes) -> Sighting:
        """Look at one JPEG.

        Raises:
            PictureError: the bytes are no picture that we decode.

        """


class FrameStore(Protocol):
    """Holds the frames that the edge has sent, and the objects that turned out to be none."""

    def load(self, key: FrameKey) -> Frame:
        """Return the frame.

        Raises:
            NotFound: there is no such frame (any more).
            PictureError: it is larger than any picture that we decode.

        """

    def quarantine(self, object_key: str, reason: str) -> None:
        """Move the object to quarantine/ with its reason; moving it twice is moving it once."""

    def is_quarantined(self, object_key: str) -> bool:
        """Tell whether the object was moved to quarantine/."""

    def quarantined(self, camera_id: str, begin: datetime, end: datetime) -> int:
        """Count the camera's frames with begin <= capture time < end that were moved to quarantine/."""

    def camera_ids(self) -> tuple[str, ...]:
        """Return the ids of all cameras that have sent frames, sorted."""


class MinuteStore(Protocol):
    """Holds reports and minutes, each camera's in order of capture time; reads see every earlier write."""

    def reports(self, camera_id: str, begin: datetime, end: datetime) -> tuple[FrameReport, ...]:
        """Return the reports with begin <= capture time < end, in order."""

    def minute(self, camera_id: str, begins_at: datetime) -> Minute | None:
        """Return the minute that begins then."""

    def minute_before(self, camera_id: str, begins_at: datetime) -> Minute | None:
        """Return the last minute before that one, at most `NEIGHBOURHOOD` back."""

    def minute_after(self, camera_id: str, begins_at: datetime) -> Minute | None:
        """Return the first minute after that one, at most `NEIGHBOURHOOD` later."""

    def put_minute(self, minute: Minute, *, replaces: Minute | None) -> None:
        """Store the minute.

        Raises:
            Conflict: what is stored is not `replaces` (None: nothing) any more.

        """

    def minutes(self, camera_id: str, begin: datetime, end: datetime) -> tuple[Minute, ...]:
        """Return the minutes that begin within begin <= t < end, in order."""


class ReportStore(MinuteStore, Protocol):
    """Holds reports, minutes and alerts."""

    def report(self, key: FrameKey) -> FrameReport | None:
        """Return the frame's report, if it was stored."""

    def add_report(self, report: FrameReport) -> FrameReport:
        """Store the report unless its frame has one; return the one that is stored."""


class AlertStore(Protocol):
    """Holds alerts, each of which one sender at a time may claim."""

    def claim(self, alert: Alert, *, now: datetime, lease_s: float) -> bool:
        """Claim an alert for sending; False when it has been sent or given up.

        A claim that is older than `lease_s` belongs to a sender that died, and is taken over.

        Raises:
            Conflict: another sender holds the claim: try again later.

        """

    def close(self, alert: Alert, state: AlertState, *, now: datetime) -> None:
        """Record what became of a claimed alert."""

    def adopt(self, orphan: AlertRecord, alert: Alert) -> None:
        """Let an alert take the place of one whose visit is no more, with its state: people were told once.

        Raises:
            Conflict: either has changed since it was read; the event should be tried again.

        """

    def forget(self, orphan: AlertRecord) -> None:
        """Remove an alert whose visit is no more; removing it twice is removing it once."""

    def alerts(self, camera_id: str, begin: datetime, end: datetime) -> tuple[AlertRecord, ...]:
        """Return the alerts about visits that began within begin <= t < end, in order."""


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


class ReportPublisher(Protocol):
    """Tells the rest of the system what was seen."""

    def publish_report(self, report: FrameReport, change: VisitsChange) -> None:
        """Publish a stored report, with what it changed of its camera's visits."""


class Notifier(Protocol):
    """Tells people."""

    def notify(self, alert: Alert, *, subject: str, text: str) -> None:
        """Send one alert to everybody who subscribed."""


@dataclass(frozen=True, slots=True)
class SiteFile:
    """A file for people: its path below site/, its bytes, its media type."""

    path: str
    content: bytes
    media_type: str


class SiteShelf(Protocol):
    """Holds the files that browsers and people read."""

    def put(self, file: SiteFile) -> None:
        """Store a file under site/, over the one of that path."""

    def paths(self, prefix: str) -> tuple[str, ...]:
        """Return the paths below site/ of the files right under a prefix that ends in '/', sorted."""
