"""Stores and senders in memory, each under the contract test of its real twin."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from vigie.domain.cameras import CANARY
from vigie.domain.detections import Box
from vigie.domain.frames import FRAMES_PREFIX, MAX_JPEG_BYTES, Frame, FrameKey
from vigie.domain.instants import MILLISECOND
from vigie.domain.notices import Delivery, Notice
from vigie.domain.pictures import Annotation
from vigie.domain.reports import MOST_REPORTS_BYTES, FrameReport
from vigie.domain.rollups import DayTotals
from vigie.domain.series import NEIGHBOURHOOD, Minute, VisitsChange
from vigie.errors import Conflict, FrameKeyError, MessageError, NotFound, PictureError
from vigie.steps.ports import SiteFile, StaleHour


@dataclass
class FakeFrameStore:
    """`FrameStore` in memory."""

    frames: dict[str, Frame] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)
    moved: dict[str, str] = field(default_factory=dict)
    arrived: dict[str, datetime] = field(default_factory=dict)

    def post(self, frame: Frame) -> None:
        if str(frame.key) in self.frames:
            raise Conflict(f"{frame.key} is there already")
        self.frames[str(frame.key)] = frame
        self.arrived[str(frame.key)] = datetime.now(UTC)

    def arrivals_after(self, key: FrameKey, *, most: int) -> tuple[datetime, ...]:
        prefix = f"{FRAMES_PREFIX}{key.camera_id}/"
        later = (name for name in sorted(self.arrived) if name.startswith(prefix) and name > str(key))
        return tuple(self.arrived[name] for name in later)[:most]

    def load(self, key: FrameKey) -> Frame:
        try:
            frame = self.frames[str(key)]
        except KeyError as error:
            raise NotFound(f"{key} is not there") from error
        if len(frame.jpeg) > MAX_JPEG_BYTES:
            raise PictureError(f"{len(frame.jpeg)} bytes, at most {MAX_JPEG_BYTES} are read as a picture")
        return frame

    def quarantine(self, object_key: str, reason: str) -> None:
        if object_key in self.frames or object_key in self.others:
            self.frames.pop(object_key, None)
            self.others.discard(object_key)
            self.moved[object_key] = reason
        elif object_key not in self.moved:
            raise NotFound(f"{object_key} is not there")

    def is_quarantined(self, object_key: str) -> bool:
        return object_key in self.moved

    def quarantined(self, camera_id: str, begin: datetime, end: datetime) -> int:
        count = 0
        for object_key in self.moved:
            with contextlib.suppress(FrameKeyError):
                key = FrameKey.parse(object_key)
                count += key.camera_id == camera_id and begin <= key.captured_at < end
        return count

    def camera_ids(self) -> tuple[str, ...]:
        return tuple(sorted({frame.key.camera_id for frame in self.frames.values()} - {CANARY}))


@dataclass
class FakeReportStore:
    """`ReportStore` in memory."""

    _reports: dict[FrameKey, FrameReport] = field(default_factory=dict)
    _minutes: dict[tuple[str, datetime], Minute] = field(default_factory=dict)

    def report(self, key: FrameKey) -> FrameReport | None:
        return self._reports.get(key)

    def add_report(self, report: FrameReport) -> FrameReport:
        return self._reports.setdefault(report.key, report)

    def reports(self, camera_id: str, begin: datetime, end: datetime) -> tuple[FrameReport, ...]:
        keys = sorted(key for key in self._reports if key.camera_id == camera_id)
        return tuple(self._reports[key] for key in keys if begin <= key.captured_at < end)

    def minute(self, camera_id: str, begins_at: datetime) -> Minute | None:
        return self._minutes.get((camera_id, begins_at))

    def minute_before(self, camera_id: str, begins_at: datetime) -> Minute | None:
        return max(
            self.minutes(camera_id, begins_at - NEIGHBOURHOOD, begins_at),
            key=lambda minute: minute.begins_at,
            default=None,
        )

    def minutes_after(self, camera_id: str, begins_at: datetime) -> tuple[Minute, ...]:
        return self.minutes(camera_id, begins_at + MILLISECOND, begins_at + NEIGHBOURHOOD + MILLISECOND)

    def put_minute(self, minute: Minute, *, replaces: Minute | None) -> None:
        key = (minute.camera_id, minute.begins_at)
        if self._minutes.get(key) != replaces:
            raise Conflict("the minute is another one by now")
        self._minutes[key] = minute

    def minutes(self, camera_id: str, begin: datetime, end: datetime) -> tuple[Minute, ...]:
        return tuple(
            minute
            for (camera, begins_at), minute in sorted(self._minutes.items(), key=lambda entry: entry[0])
            if camera == camera_id and begin <= begins_at < end
        )


@dataclass
class FakeReportFiles:
    """`ReportFiles` in memory: the bytes of each object."""

    objects: dict[str, bytes] = field(default_factory=dict)

    def load(self, object_key: str) -> str:
        try:
            content = self.objects[object_key]
        except KeyError:
            raise NotFound(object_key) from None
        if len(content) > MOST_REPORTS_BYTES:
            raise MessageError(f"{object_key!r} is too large")
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise MessageError(f"{object_key!r} is no text") from error


@dataclass
class FakeRollupStore:
    """`RollupStore` and `StaleDays` in memory."""

    _totals: dict[tuple[str, date], DayTotals] = field(default_factory=dict)
    _stale: dict[tuple[datetime, str], str] = field(default_factory=dict)
    _marks: int = 0

    def put_totals(self, totals: DayTotals) -> None:
        key = (totals.camera_id, totals.day)
        stored = self._totals.get(key)
        if stored is None or stored.frames <= totals.frames:
            self._totals[key] = totals

    def totals(self, camera_id: str, first: date, last: date) -> tuple[DayTotals, ...]:
        found = (self._totals[key] for key in sorted(self._totals) if key[0] == camera_id)
        return tuple(totals for totals in found if first <= totals.day <= last)

    def mark(self, camera_id: str, instant: datetime) -> None:
        self._marks += 1
        self._stale[instant.replace(minute=0, second=0, microsecond=0), camera_id] = str(self._marks)

    def marked(self) -> tuple[StaleHour, ...]:
        return tuple(
            StaleHour(camera_id, begins_at, version)
            for (begins_at, camera_id), version in sorted(self._stale.items())
        )

    def clear(self, stale: StaleHour) -> None:
        if self._stale.get((stale.begins_at, stale.camera_id)) == stale.version:
            del self._stale[stale.begins_at, stale.camera_id]


@dataclass
class FakePictureStore:
    """`PictureStore` and `KeptFaces` in memory."""

    pictures: dict[str, bytes] = field(default_factory=dict)

    def put(self, key: str, jpeg: bytes) -> None:
        self.pictures[key] = jpeg

    def load(self, key: str) -> bytes:
        if key not in self.pictures:
            raise NotFound(f"{key} is not there")
        return self.pictures[key]

    def keys(self, prefix: str) -> tuple[str, ...]:
        return tuple(sorted(key for key in self.pictures if key.startswith(prefix)))

    def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            self.pictures.pop(key, None)


@dataclass
class FakeArtist:
    """`Artist` whose pictures say in bytes what they show; `faces` are the people who show theirs."""

    faces: set[Box] = field(default_factory=set)
    opened: int = 0

    def open(self, jpeg: bytes) -> "FakeStill":
        self.opened += 1
        return FakeStill(jpeg, self.faces)


@dataclass
class FakeStill:
    """`Still` of `FakeArtist`."""

    jpeg: bytes
    faces: set[Box]

    def annotated(self, annotation: Annotation) -> bytes:
        return f"{self.jpeg!r} {annotation}".encode()

    def face(self, person: Box) -> bytes | None:
        return f"{self.jpeg!r} face in {person}".encode() if person in self.faces else None


@dataclass
class FakePublisher:
    """`ReportPublisher` that keeps what it was given."""

    published: list[tuple[FrameReport, VisitsChange]] = field(default_factory=list)
    lamps_told: list[bool] = field(default_factory=list)
    to_compare: list[FrameKey] = field(default_factory=list)

    def publish_report(
        self,
        report: FrameReport,
        change: VisitsChange,
        *,
        tells_lamps: bool = False,
        compare: bool = False,
    ) -> None:
        self.published.append((report, change))
        self.lamps_told.append(tells_lamps)
        if compare:
            self.to_compare.append(report.key)


@dataclass
class FakeNotifier:
    """`Notifier` that keeps what it was given."""

    sent: list[Notice] = field(default_factory=list)

    def notify(self, notice: Notice) -> Delivery:
        self.sent.append(notice)
        return Delivery.SENT


@dataclass
class FakeShelf:
    """`SiteShelf` in memory."""

    files: dict[str, SiteFile] = field(default_factory=dict)

    def put(self, file: SiteFile) -> None:
        self.files[file.path] = file

    def paths(self, prefix: str) -> tuple[str, ...]:
        return tuple(
            sorted(
                path
                for path in self.files
                if path.startswith(prefix) and "/" not in path.removeprefix(prefix)
            )
        )
