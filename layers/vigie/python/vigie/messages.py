"""The only place that knows the JSON of events: S3's notifications, our report message, the schedule's.

Doors in: `object_keys`, `read_report_message`, `read_report_lines`, `read_canary_message`, `read_schedule`,
`read_desired`. Doors out: `write_report_message`, `report_attributes`, `write_desired` and, at the edge,
`write_report_lines`.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import unquote_plus

from vigie.domain.cameras import CANARY
from vigie.domain.detections import Box, Detection
from vigie.domain.frames import FrameKey
from vigie.domain.instants import from_iso, to_iso
from vigie.domain.lighting import Desired, Lease
from vigie.domain.reports import FrameReport, Timings
from vigie.domain.series import VisitsChange
from vigie.domain.visits import Visit, begin_visit
from vigie.errors import FrameKeyError, MessageError

# The attribute of the reports topic that says whether any visit began, moved or vanished: 1 or 0.
VISITS_CHANGED = "visits_changed"
# The attribute of the reports topic that says whether the report may change the lease of a lamp group.
LIGHTS = "lights"
# The attribute of the reports topic that says whether the frame was chosen to be compared: 1 or 0.
COMPARE = "compare"
# The attribute of the alerts topic that says what a notice is about, as `NoticeKind` has it.
KIND = "kind"


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
            "asks": change.asks,
            **({"nearer": [_visit_out(visit) for visit in change.nearer]} if change.nearer else {}),
        },
        separators=(",", ":"),
    )


def report_attributes(
    report: FrameReport, change: VisitsChange, *, tells_lamps: bool = False, compare: bool = False
) -> dict[str, str | int]:
    """Return what a subscription may filter by without reading the body."""
    return {
        "camera_id": report.key.camera_id,
        VISITS_CHANGED: int(change.is_news),
        LIGHTS: int(tells_lamps),
        COMPARE: int(compare),
    }


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
                asks=bool(event["asks"]),
                nearer=tuple(_visit_in(visit) for visit in event.get("nearer", ())),
            ),
        )
    except (KeyError, TypeError, ValueError, FrameKeyError) as error:
        raise MessageError(f"no report message: {body[:200]!r}") from error


def read_canary_message(body: str) -> FrameKey:
    """Read which canary an alert is about, from a message of the alerts topic, delivered raw.

    Raises:
        MessageError: the body is no such message.

    """
    event = _load(body)
    try:
        key = FrameKey.parse(event["frame_key"])
    except (KeyError, TypeError, FrameKeyError) as error:
        raise MessageError(f"no canary's alert: {body[:200]!r}") from error
    if key.camera_id != CANARY:
        raise MessageError(f"no canary's alert: {body[:200]!r}")
    return key


def write_report_lines(reports: Iterable[FrameReport]) -> str:
    """Write reports that an edge made, a JSON object a line; `read_report_lines` gives the very same."""
    return "".join(json.dumps(_report_out(report), separators=(",", ":")) + "\n" for report in reports)


def read_report_lines(text: str) -> tuple[FrameReport, ...]:
    """Read what `write_report_lines` wrote.

    Raises:
        MessageError: a line is no report; says which.

    """
    reports = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            reports.append(_report_in(_load(line)))
        except (KeyError, TypeError, ValueError, AttributeError, FrameKeyError, MessageError) as error:
            raise MessageError(f"line {number} is no report: {line[:200]!r}") from error
    return tuple(reports)


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


def write_desired(desired: Desired) -> dict[str, Any]:
    """Write the desired state of a lamp group's shadow, as `read_desired` reads it."""
    lease = desired.lease
    return {
        "level": desired.level,
        "until": to_iso(lease.until) if lease.until else None,
        "reason": lease.reason,
        "watched": {camera: to_iso(until) for camera, until in lease.watched.items()},
    }


def read_desired(state: Mapping[str, Any]) -> Desired | None:
    """Read a desired state; None when it is none of ours, since a person may have written another.

    An instant that is none is left out: a strange key beside ours must not cost the others.
    """
    try:
        ends = {str(camera): _instant(end) for camera, end in state["watched"].items()}
        watched = {camera: end for camera, end in ends.items() if end}
        lease = Lease(_instant(state.get("until")), watched, str(state["reason"]))
        return Desired(int(state["level"]), lease)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None


def _instant(word: object) -> datetime | None:
    """Read an instant; None when it is none."""
    try:
        return from_iso(word) if isinstance(word, str) else None
    except (ValueError, OverflowError):
        return None


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


def _report_out(report: FrameReport) -> dict[str, Any]:
    return {
        "frame_key": str(report.key),
        "width": report.width,
        "height": report.height,
        "detections": [_detection_out(detection) for detection in report.detections],
        "model": report.model,
        "timings_ms": asdict(report.timings),
        "reported_at": to_iso(report.reported_at),
        "sampled_at": None if report.sampled_at is None else to_iso(report.sampled_at),
        "interval_s": report.interval_s,
    }


def _report_in(data: Mapping[str, Any]) -> FrameReport:
    return FrameReport(
        key=FrameKey.parse(data["frame_key"]),
        width=int(data["width"]),
        height=int(data["height"]),
        detections=tuple(_detection_in(detection) for detection in data["detections"]),
        model=str(data["model"]),
        timings=Timings(**data["timings_ms"]),
        reported_at=from_iso(data["reported_at"]),
        sampled_at=None if data["sampled_at"] is None else from_iso(data["sampled_at"]),
        interval_s=data["interval_s"],
    )


def _visit_out(visit: Visit) -> dict[str, Any]:
    """Write a visit as it began: what came of it since is in the table."""
    return {
        "visit_id": visit.visit_id,
        "camera_id": visit.camera_id,
        "first": _detection_out(visit.first),
        "started_at": to_iso(visit.started_at),
        "ordinal": visit.ordinal,
    }


def _visit_in(data: Mapping[str, Any]) -> Visit:
    key = FrameKey(data["camera_id"], from_iso(data["started_at"]))
    return begin_visit(_detection_in(data["first"]), key, data["ordinal"])
