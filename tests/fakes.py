"""Stores and senders in memory, each under the contract test of its real twin."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from vigie.domain.alerting import Alert, AlertRecord, AlertState, plain_subject
from vigie.domain.detections import Box
from vigie.domain.frames import MAX_JPEG_BYTES, Frame, FrameKey
from vigie.domain.instants import MILLISECOND
from vigie.domain.pictures import Annotation
from vigie.domain.reports import FrameReport
from vigie.domain.series import NEIGHBOURHOOD, Minute, VisitsChange
from vigie.errors import Conflict, FrameKeyError, NotFound, PictureError
from vigie.steps.ports import SiteFile


@dataclass
class FakeFrameStore:
    """`FrameStore` in memory."""

    frames: dict[str, Frame] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)
    moved: dict[str, str] = field(default_factory=dict)

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
        return tuple(sorted({frame.key.camera_id for frame in self.frames.values()}))


@dataclass
class FakeReportStore:
    """`ReportStore` and `AlertStore` in memory."""

    _reports: dict[FrameKey, FrameReport] = field(default_factory=dict)
    _minutes: dict[tuple[str, datetime], Minute] = field(default_factory=dict)
    _alerts: dict[str, AlertRecord] = field(default_factory=dict)

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

    def minute_after(self, camera_id: str, begins_at: datetime) -> Minute | None:
        return min(
            self.minutes(camera_id, begins_at + MILLISECOND, begins_at + NEIGHBOURHOOD + MILLISECOND),
            key=lambda minute: minute.begins_at,
            default=None,
        )

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

    def claim(self, alert: Alert, *, now: datetime, lease_s: float) -> bool:
        stored = self._alerts.get(alert.alert_id)
        if stored and stored.state is not AlertState.CLAIMED:
            return False
        if stored and stored.at > now - timedelta(seconds=lease_s):
            raise Conflict("another sender holds the claim")
        self._alerts[alert.alert_id] = AlertRecord(alert, AlertState.CLAIMED, now)
        return True

    def close(self, alert: Alert, state: AlertState, *, now: datetime) -> None:
        self._alerts[alert.alert_id] = AlertRecord(alert, state, now)

    def adopt(self, orphan: AlertRecord, alert: Alert) -> None:
        if self._alerts.get(orphan.alert.alert_id) != orphan or alert.alert_id in self._alerts:
            raise Conflict("one of them has changed")
        del self._alerts[orphan.alert.alert_id]
        self._alerts[alert.alert_id] = AlertRecord(alert, orphan.state, orphan.at)

    def forget(self, orphan: AlertRecord) -> None:
        self._alerts.pop(orphan.alert.alert_id, None)

    def alerts(self, camera_id: str, begin: datetime, end: datetime) -> tuple[AlertRecord, ...]:
        found = (
            record
            for record in self._alerts.values()
            if record.alert.visit.camera_id == camera_id and begin <= record.alert.visit.started_at < end
        )
        return tuple(sorted(found, key=lambda record: (record.alert.visit.started_at, record.alert.alert_id)))


@dataclass
class FakePictureStore:
    """`PictureStore` in memory."""

    pictures: dict[str, bytes] = field(default_factory=dict)

    def put(self, key: str, jpeg: bytes) -> None:
        self.pictures[key] = jpeg

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

    def publish_report(self, report: FrameReport, change: VisitsChange) -> None:
        self.published.append((report, change))


@dataclass
class FakeNotifier:
    """`Notifier` that keeps what it was given."""

    sent: list[tuple[str, str, str]] = field(default_factory=list)

    def notify(self, alert: Alert, *, subject: str, text: str) -> None:
        self.sent.append((alert.alert_id, plain_subject(subject), text))


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
