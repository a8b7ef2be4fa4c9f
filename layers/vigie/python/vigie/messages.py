"""The only place that knows the JSON of events: S3's notifications, our report message, the schedule's.

Doors in: `object_keys`, `read_report_message`, `read_schedule`. Doors out: `write_report_message` and
`report_attributes`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import unquote_plus

from vigie.domain.detections import Box, Detection
from vigie.domain.frames import FrameKey
from vigie.domain.instants import from_iso, to_iso
from vigie.domain.reports import FrameReport
from vigie.domain.series import VisitsChange
from vigie.domain.visits import Visit
from vigie.errors import FrameKeyError, MessageError

# The attribute of the reports topic that says whether any visit began, moved or vanished: 1 or 0.
VISITS_CHANGED = "visits_changed"


def object_keys(body: str) -> tuple[str, ...]:
    """Return the object keys that an S3 notification names, decoded; none for S3's test event.

    Raises:
        MessageError: the body is no S3 notification.

    """
    event = _load(body)
    if event.get("Event") == "s3:TestEvent":
        return ()
    try:
        # S3 encodes keys as in a query string: a space comes as '+'.
        return tuple(unquote_plus(record["s3"]["object"]["key"]) for record in event["Records"])
    except (KeyError, TypeError) as error:
        raise MessageError(f"no S3 notification: {body[:200]!r}") from error


@dataclass(frozen=True, slots=True)
class ReportMessage:
    """What the reports topic carries: one frame's size and detections, and what it changed of the visits."""

    key: FrameKey
    width: int
    height: int
    detections: tuple[Detection, ...]
    change: VisitsChange


def write_report_message(report: FrameReport, change: VisitsChange) -> str:
    """Write the message that `read_report_message` reads."""
    return json.dumps(
        {
            "frame_key": str(report.key),
            "width": report.width,
            "height": report.height,
            "model": report.model,
            "detections": [_detection_out(detection) for detection in report.detections],
            "visits_begun": [_visit_out(visit) for visit in change.begun],
            "visits_changed": {"from": to_iso(change.begin), "to": to_iso(change.end)},
        },
        separators=(",", ":"),
    )


def report_attributes(report: FrameReport, change: VisitsChange) -> dict[str, str | int]:
    """Return what a subscription may filter by without reading the body."""
    return {"camera_id": report.key.camera_id, VISITS_CHANGED: int(bool(change.begun) or change.is_late)}


def read_report_message(body: str) -> ReportMessage:
    """Read a message of the reports topic, delivered raw.

    Raises:
        MessageError: the body is no such message.

    """
    event = _load(body)
    try:
        return ReportMessage(
            key=FrameKey.parse(event["frame_key"]),
            width=event["width"],
            height=event["height"],
            detections=tuple(_detection_in(detection) for detection in event["detections"]),
            change=VisitsChange(
                begun=tuple(_visit_in(visit) for visit in event["visits_begun"]),
                begin=from_iso(event["visits_changed"]["from"]),
                end=from_iso(event["visits_changed"]["to"]),
            ),
        )
    except (KeyError, TypeError, ValueError, FrameKeyError) as error:
        raise MessageError(f"no report message: {body[:200]!r}") from error


def read_schedule(event: Mapping[str, Any]) -> tuple[date, ...]:
    """Return the days that a scheduled event names in `days`; none when it leaves the choice to us.

    Raises:
        MessageError: `days` holds something else than dates such as 2026-01-31.

    """
    try:
        return tuple(date.fromisoformat(day) for day in event.get("days", ()))
    except (TypeError, ValueError) as error:
        raise MessageError(
            f"days must be a list of dates such as 2026-01-31, not {event['days']!r}"
        ) from error


def _load(body: str) -> dict[str, Any]:
    try:
        event = json.loads(body)
    except json.JSONDecodeError as error:
        raise MessageError(f"no JSON: {body[:200]!r}") from error
    if not isinstance(event, dict):
        raise MessageError(f"no JSON object: {body[:200]!r}")
    return event


def _box_out(box: Box) -> list[float]:
    return [box.x1, box.y1, box.x2, box.y2]


def _detection_out(detection: Detection) -> dict[str, Any]:
    return {
        "label": detection.label,
        "confidence": detection.confidence,
        "box": _box_out(detection.box),
        "zones": list(detection.zones),
    }


def _detection_in(data: Mapping[str, Any]) -> Detection:
    return Detection(data["label"], data["confidence"], Box(*data["box"]), tuple(data["zones"]))


def _visit_out(visit: Visit) -> dict[str, Any]:
    return {
        "visit_id": visit.visit_id,
        "camera_id": visit.camera_id,
        "first": _detection_out(visit.first),
        "started_at": to_iso(visit.started_at),
        "ordinal": visit.ordinal,
        "last_seen_at": to_iso(visit.last_seen_at),
        "box": _box_out(visit.box),
        "confidence": visit.confidence,
        "best_frame": str(visit.best_frame),
        "zones": list(visit.zones),
    }


def _visit_in(data: Mapping[str, Any]) -> Visit:
    return Visit(
        camera_id=data["camera_id"],
        first=_detection_in(data["first"]),
        started_at=from_iso(data["started_at"]),
        ordinal=data["ordinal"],
        last_seen_at=from_iso(data["last_seen_at"]),
        box=Box(*data["box"]),
        confidence=data["confidence"],
        best_frame=FrameKey.parse(data["best_frame"]),
        zones=tuple(data["zones"]),
    )
