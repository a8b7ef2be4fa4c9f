"""The table's items: reports, minutes and alerts to and from DynamoDB's attributes.

A camera and UTC day share a partition, so a day of a camera is one query:

    pk  hall#2026-01-31
    sk  REPORT#235959999                    one frame's report
        MINUTE#2359                         one minute
        ALERT#235959999#people#<visit id>   one alert, by its visit's beginning

Numbers are Decimals here and nowhere else. Attribute names are short, since every kilobyte is a write unit.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from vigie.domain.alerting import Alert, AlertRecord, AlertState
from vigie.domain.detections import Box, Detection
from vigie.domain.frames import FrameKey
from vigie.domain.instants import MILLISECOND, from_iso, to_iso, to_stamp
from vigie.domain.reports import FrameReport, Timings
from vigie.domain.series import Minute
from vigie.domain.visits import Visit

Item = dict[str, Any]

REPORTS, MINUTES, ALERTS = "REPORT#", "MINUTE#", "ALERT#"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def partition(camera_id: str, day: date) -> str:
    """Return the partition key of a camera's UTC day."""
    return f"{camera_id}#{day:%Y-%m-%d}"


def report_sort(instant: datetime) -> str:
    """Return the sort key of the report of that capture time."""
    return REPORTS + to_stamp(instant)[9:18]


def minute_sort(begins_at: datetime) -> str:
    """Return the sort key of the minute that begins then."""
    return f"{MINUTES}{begins_at:%H%M}"


def alert_sort(alert: Alert) -> str:
    """Return the sort key of an alert."""
    return f"{ALERTS}{to_stamp(alert.visit.started_at)[9:18]}#{alert.rule_id}#{alert.visit.visit_id}"


def report_out(report: FrameReport) -> Item:
    """Make the item of a report."""
    timings = report.timings
    item: Item = {
        "pk": partition(report.key.camera_id, report.key.captured_at.date()),
        "sk": report_sort(report.key.captured_at),
        "key": str(report.key),
        "w": report.width,
        "h": report.height,
        "seen": [_detection_out(detection) for detection in report.detections],
        "model": report.model,
        "ms": [
            _decimal(value)
            for value in (timings.decode_ms, timings.prepare_ms, timings.infer_ms, timings.select_ms)
        ],
        "reported_at": to_iso(report.reported_at),
    }
    if report.sampled_at is not None:
        item["sampled_at"] = to_iso(report.sampled_at)
    if report.interval_s is not None:
        item["interval_s"] = _decimal(report.interval_s)
    return item


def report_in(item: Mapping[str, Any]) -> FrameReport:
    """Read the item of a report."""
    decode_ms, prepare_ms, infer_ms, select_ms = (float(value) for value in item["ms"])
    return FrameReport(
        key=FrameKey.parse(item["key"]),
        width=int(item["w"]),
        height=int(item["h"]),
        detections=tuple(_detection_in(seen) for seen in item["seen"]),
        model=item["model"],
        timings=Timings(
            decode_ms=decode_ms,
            prepare_ms=prepare_ms,
            infer_ms=infer_ms,
            select_ms=select_ms,
        ),
        reported_at=from_iso(item["reported_at"]),
        sampled_at=from_iso(item["sampled_at"]) if "sampled_at" in item else None,
        interval_s=float(item["interval_s"]) if "interval_s" in item else None,
    )


def minute_out(minute: Minute) -> Item:
    """Make the item of a minute."""
    return {
        "pk": partition(minute.camera_id, minute.begins_at.date()),
        "sk": minute_sort(minute.begins_at),
        "camera_id": minute.camera_id,
        "begins_at": to_iso(minute.begins_at),
        "frames": minute.frames,
        "people": minute.people,
        "vehicles": minute.vehicles,
        "carried_in": minute.carried_in,
        "until": to_iso(minute.folded_until),
        "open": [_visit_out(visit) for visit in minute.open],
        "ended": [_visit_out(visit) for visit in minute.ended],
    }


def minute_in(item: Mapping[str, Any]) -> Minute:
    """Read the item of a minute."""
    camera_id = item["camera_id"]
    return Minute(
        camera_id=camera_id,
        begins_at=from_iso(item["begins_at"]),
        frames=int(item["frames"]),
        people=int(item["people"]),
        vehicles=int(item["vehicles"]),
        carried_in=int(item["carried_in"]),
        open=tuple(_visit_in(visit, camera_id) for visit in item["open"]),
        ended=tuple(_visit_in(visit, camera_id) for visit in item["ended"]),
        folded_until=from_iso(item["until"]),
    )


def alert_out(alert: Alert, state: AlertState, at: datetime) -> Item:
    """Make the item of an alert."""
    return {
        "pk": partition(alert.visit.camera_id, alert.visit.started_at.date()),
        "sk": alert_sort(alert),
        "rule_id": alert.rule_id,
        "camera_id": alert.visit.camera_id,
        "visit": _visit_out(alert.visit),
        "state": state.value,
        "at": to_iso(at),
    }


def alert_in(item: Mapping[str, Any]) -> AlertRecord:
    """Read the item of an alert."""
    alert = Alert(rule_id=item["rule_id"], visit=_visit_in(item["visit"], item["camera_id"]))
    return AlertRecord(alert, AlertState(item["state"]), from_iso(item["at"]))


def _detection_out(detection: Detection) -> list[Any]:
    box = (_decimal(corner) for corner in _corners(detection.box))
    return [detection.label, _decimal(detection.confidence), *box, *detection.zones]


def _detection_in(data: list[Any]) -> Detection:
    label, confidence, x1, y1, x2, y2, *zones = data
    return Detection(label, float(confidence), _box(x1, y1, x2, y2), tuple(zones))


def _visit_out(visit: Visit) -> list[Any]:
    # Three instants, each as milliseconds since the epoch: the best frame's key follows from its time.
    times = (visit.started_at, visit.last_seen_at, visit.best_frame.captured_at)
    box = (_decimal(corner) for corner in _corners(visit.box))
    return [
        _detection_out(visit.first),
        visit.ordinal,
        *(_milliseconds(time) for time in times),
        _decimal(visit.confidence),
        *box,
        *visit.zones,
    ]


def _visit_in(data: list[Any], camera_id: str) -> Visit:
    first, ordinal, started, seen, best, confidence, x1, y1, x2, y2, *zones = data
    return Visit(
        camera_id=camera_id,
        first=_detection_in(first),
        started_at=_instant(started),
        ordinal=int(ordinal),
        last_seen_at=_instant(seen),
        box=_box(x1, y1, x2, y2),
        confidence=float(confidence),
        best_frame=FrameKey(camera_id, _instant(best)),
        zones=tuple(zones),
    )


def _corners(box: Box) -> tuple[float, float, float, float]:
    return box.x1, box.y1, box.x2, box.y2


def _box(*corners: Decimal) -> Box:
    x1, y1, x2, y2 = (float(corner) for corner in corners)
    return Box(x1, y1, x2, y2)


def _decimal(value: float) -> Decimal:
    # repr gives the shortest text that reads back as the same float; DynamoDB keeps 38 digits.
    return Decimal(repr(value))


def _milliseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // MILLISECOND


def _instant(milliseconds: Decimal) -> datetime:
    return _EPOCH + timedelta(milliseconds=int(milliseconds))
