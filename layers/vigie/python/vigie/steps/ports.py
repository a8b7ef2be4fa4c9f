"""What the steps need from the world; adapters and the tests' fakes implement these Protocols."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from vigie.domain.alerting import Alert, AlertRecord, AlertState
from vigie.domain.detections import Detection
from vigie.domain.frames import Frame, FrameKey
from vigie.domain.notices import Delivery, Notice, PictureLink
from vigie.domain.reports import FrameReport, Timings
from vigie.domain.rollups import DayTotals
from vigie.domain.series import Minute, VisitsChange

Clock = Callable[[], datetime]
# Makes a link to the picture of that key in the data bucket; None when there can be none.
LinkMaker = Callable[[str], PictureLink | None]


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
        """Return the ids of all cameras that have sent frames, sorted; the canary is none."""


class MinuteStore(Protocol):
    """Holds reports and minutes, each camera's in order of capture time; reads see every earlier write."""

    def reports(self, camera_id: str, begin: datetime, end: datetime) -> tuple[FrameReport, ...]:
        """Return the reports with begin <= capture time < end, in order."""

    def minute(self, camera_id: str, begins_at: datetime) -> Minute | None:
        """Return the minute that begins then."""

    def minute_before(self, camera_id: str, begins_at: datetime) -> Minute | None:
        """Return the last minute before that one, at most `NEIGHBOURHOOD` back."""

    def minutes_after(self, camera_id: str, begins_at: datetime) -> tuple[Minute, ...]:
        """Return the minutes after that one, at most `NEIGHBOURHOOD` later, in order."""

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


class ReportFiles(Protocol):
    """Holds what edges that look for themselves have sent."""

    def load(self, object_key: str) -> str:
        """Return the lines of an object of reports.

        Raises:
            NotFound: there is no such object (any more).
            MessageError: it is larger than any that an edge sends, or no text.

        """


class RollupStore(Protocol):
    """Holds the totals of days, for good."""

    def put_totals(self, totals: DayTotals) -> None:
        """Store a day's totals, unless what is stored has more frames: frames are never unsaid."""

    def totals(self, camera_id: str, first: date, last: date) -> tuple[DayTotals, ...]:
        """Return the totals of the local days from `first` to `last`, as far as there are any, in order."""


@dataclass(frozen=True, slots=True)
class StaleHour:
    """A camera's hour of UTC that changed after its day was drawn; `version` is the mark's own."""

    camera_id: str
    begins_at: datetime
    version: str


class StaleDays(Protocol):
    """Marks what changed after the last scheduled drawing of its day, to have the day drawn again."""

    def mark(self, camera_id: str, instant: datetime) -> None:
        """Mark the hour of that capture time; marking it again is marking it anew."""

    def marked(self) -> tuple[StaleHour, ...]:
        """Return what is marked, in order of time."""

    def clear(self, stale: StaleHour) -> None:
        """Remove a mark, unless it was made anew since it was read."""


class AlertStore(Protocol):
    """Holds what rules ask for, and what became of it; reads see every earlier write.

    Each change of an alert is made against the `revision` that its maker had read before everything else, and
    makes the next: whoever plans on what is not so any more is refused. So no two senders charge a cooldown.
    """

    def asked(self, begin: datetime, end: datetime) -> tuple[Alert, ...]:
        """Return the alerts that rules asked for within begin <= t < end, in order."""

    def ask(self, alert: Alert) -> None:
        """Note that a rule asks for an alert; noting it twice is noting it once."""

    def unask(self, alert: Alert) -> None:
        """Take that back; doing so twice is doing it once."""

    def alerts(self, begin: datetime, end: datetime) -> tuple[AlertRecord, ...]:
        """Return the alerts that were asked for within begin <= t < end and judged, in order."""

    def revision(self) -> int:
        """Return the number of changes until now."""

    def record(
        self,
        alert: Alert,
        state: AlertState,
        *,
        replaces: AlertRecord | None,
        now: datetime,
        revision: int,
    ) -> int:
        """Store an alert's state, which charges its cooldowns; return the new revision.

        Raises:
            Conflict: another change came first, nothing asks for the alert any more, or what is stored is
                not `replaces` (None: nothing).

        """

    def close(self, alert: Alert, *, now: datetime, state: AlertState = AlertState.SENT) -> None:
        """Record what became of a claimed alert; one that was forgotten meanwhile stays so."""

    def adopt(self, orphan: AlertRecord, alert: Alert, *, revision: int) -> int:
        """Let an alert take the place of one that should not be, with its state; return the new revision.

        Raises:
            Conflict: another change came first, or nothing asks for the alert any more.

        """

    def forget(self, orphan: AlertRecord, *, revision: int) -> int:
        """Remove an alert that should not be; return the new revision.

        Raises:
            Conflict: another change came first.

        """


class ReportPublisher(Protocol):
    """Tells the rest of the system what was seen."""

    def publish_report(
        self,
        report: FrameReport,
        change: VisitsChange,
        *,
        tells_lamps: bool = False,
        compare: bool = False,
    ) -> None:
        """Publish a stored report, with what it changed of its camera's visits.

        `tells_lamps` says that it may change the lease of a lamp group, `compare` that its frame is to be
        compared.
        """


class Notifier(Protocol):
    """Tells people."""

    def notify(self, notice: Notice) -> Delivery:
        """Send one message to everybody who subscribed to its like; say if the budget left nobody.

        Raises:
            NotSent: surely nobody got it.
            CloudError: nobody knows whether it went out.

        """


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


class ExportShelf(Protocol):
    """Holds the files of exports."""

    def put(self, path: str, content: bytes) -> str:
        """Store a file, over the one of that path, and return its address; readers see all of it or none."""
