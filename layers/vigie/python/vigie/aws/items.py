"""The table's items: reports, minutes and alerts to and from DynamoDB's attributes.

A camera and UTC day share a partition, so a day of a camera is one query; so do all alerts of a UTC day:

    pk  hall#2026-01-31
    sk  REPORT#235959999                    one frame's report
        MINUTE#2359                         one minute
    pk  #alerts#2026-01-31
    sk  ASK#235959999#people#<visit id>     what a rule asks to be told, by when it asked
        ALERT#235959999#people#<visit id>   what became of it
    pk  #alerts
    sk  REVISION                            the number of changes of alerts until now

No camera's id begins with '#'. `ttl` is when an item may go. Numbers are Decimals here and nowhere else.
Attribute names are short, since every kilobyte is a write unit.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from vigie.aws.table import Item
from vigie.aws.usage_items import usage_in, with_usage
from vigie.domain.alerting import Alert, AlertRecord, AlertState
from vigie.domain.detections import Box, Detection
from vigie.domain.frames import FrameKey
from vigie.domain.instants import MILLISECOND, from_iso, to_iso, to_stamp
from vigie.domain.reports import FrameReport, Timings
from vigie.domain.series import Minute
from vigie.domain.usage import NO_USAGE
from vigie.domain.visits import Standing, Visit, begin_visit

REPORTS, MINUTES, ASKS, ALERTS = "REPORT#", "MINUTE#", "ASK#", "ALERT#"
REVISION = {"pk": "#alerts", "sk": "REVISION"}
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


def alerts_partition(day: date) -> str:
    """Return the partition key of the alerts of a UTC day."""
    return f"#alerts#{day:%Y-%m-%d}"


def alert_key(alert: Alert, kind: str) -> dict[str, str]:
    """Return the key of an alert that is asked for (`ASKS`), or that was judged (`ALERTS`)."""
    sort = f"{alert_sort(kind, alert.asked_at)}#{alert.rule_id}#{alert.visit.visit_id}"
    return {"pk": alerts_partition(alert.asked_at.date()), "sk": sort}


def alert_sort(kind: str, instant: datetime) -> str:
    """Return what the sort keys of alerts asked for at that instant begin with."""
    return kind + to_stamp(instant)[9:18]


def kept(item: Item, since: datetime, days: int) -> Item:
    """Return the item with the time when it may go: so many days after what it is about."""
    return item | {"ttl": int((since - _EPOCH).total_seconds()) + days * 86_400}


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
    return with_usage(item, report.usage)


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
        usage=usage_in(item["used"]) if "used" in item else None,
    )


def minute_out(minute: Minute) -> Item:
    """Make the item of a minute; `rev` tells any two states of it apart."""
    item: Item = {
        "pk": partition(minute.camera_id, minute.begins_at.date()),
        "sk": minute_sort(minute.begins_at),
        "rev": minute_revision(minute),
        "camera_id": minute.camera_id,
        "begins_at": to_iso(minute.begins_at),
        "frames": minute.frames,
        "people": minute.people,
        "vehicles": minute.vehicles,
        "follows": minute.follows,
        "until": to_iso(minute.folded_until),
        "open": [_visit_out(visit) for visit in minute.open],
        "ended": [_visit_out(visit) for visit in minute.ended],
    }
    return with_usage(item, minute.usage if minute.usage != NO_USAGE else None)


def minute_revision(minute: Minute) -> str:
    """Return a fingerprint of everything in a minute."""
    # Without usage it is what it was when there was none yet, for the minutes that were stored then.
    used = repr(minute.usage) if minute.usage != NO_USAGE else ""
    return hashlib.blake2s(f"{minute!r}{used}".encode(), digest_size=8).hexdigest()


def minute_in(item: Mapping[str, Any]) -> Minute:
    """Read the item of a minute."""
    camera_id = item["camera_id"]
    return Minute(
        camera_id=camera_id,
        begins_at=from_iso(item["begins_at"]),
        frames=int(item["frames"]),
        people=int(item["people"]),
        vehicles=int(item["vehicles"]),
        follows=item["follows"],
        open=tuple(_visit_in(visit, camera_id) for visit in item["open"]),
        ended=tuple(_visit_in(visit, camera_id) for visit in item["ended"]),
        folded_until=from_iso(item["until"]),
        usage=usage_in(item.get("used", ())),
    )


def ask_out(alert: Alert) -> Item:
    """Make the item of an alert that is asked for: of the visit its beginning, which is all that counts."""
    visit = alert.visit
    return {
        **alert_key(alert, ASKS),
        "rule_id": alert.rule_id,
        "camera_id": visit.camera_id,
        "first": _detection_out(visit.first),
        "ordinal": visit.ordinal,
        "started": _milliseconds(visit.started_at),
        "asked": _milliseconds(alert.asked_at),
        "number": alert.number,
    }


def ask_in(item: Mapping[str, Any]) -> Alert:
    """Read the item of an alert that is asked for, or that was judged."""
    key = FrameKey(item["camera_id"], _instant(item["started"]))
    visit = begin_visit(_detection_in(item["first"]), key, int(item["ordinal"]))
    return Alert(item["rule_id"], visit, _instant(item["asked"]), int(item["number"]))


def alert_out(alert: Alert, state: AlertState, at: datetime) -> Item:
    """Make the item of an alert that was judged."""
    return {**ask_out(alert), **alert_key(alert, ALERTS), "state": state.value, "at": to_iso(at)}


def alert_in(item: Mapping[str, Any]) -> AlertRecord:
    """Read the item of an alert that was judged."""
    return AlertRecord(ask_in(item), AlertState(item["state"]), from_iso(item["at"]))


def _detection_out(detection: Detection) -> list[Any]:
    return [detection.label, _decimal(detection.confidence), *_corners_out(detection.box), *detection.zones]


def _detection_in(data: list[Any]) -> Detection:
    label, confidence, x1, y1, x2, y2, *zones = data
    return Detection(label, float(confidence), _box(x1, y1, x2, y2), tuple(zones))


def _visit_out(visit: Visit) -> list[Any]:
    # Times but the first are milliseconds after it, as short numbers are small. The best frame's key follows
    # from its time.
    def after(time: datetime) -> int:
        return _milliseconds(time) - began

    began = _milliseconds(visit.started_at)
    return [
        _detection_out(visit.first),
        visit.ordinal,
        began,
        *(after(time) for time in (visit.last_seen_at, visit.best_frame.captured_at)),
        _decimal(visit.confidence),
        *_corners_out(visit.box),
        after(visit.open_until),
        after(visit.still_since),
        _corners_out(visit.anchor) if visit.anchor != visit.box else [],
        [_decimal(speed) for speed in visit.velocity or ()],
        [_standing_out(standing, after) for standing in visit.standings],
        *visit.zones,
    ]


def _visit_in(data: list[Any], camera_id: str) -> Visit:
    first, ordinal, began, seen, best, confidence, x1, y1, x2, y2, *more = data
    until, still, anchor, velocity, stands, *zones = more
    box = _box(x1, y1, x2, y2)

    def at(milliseconds: Decimal) -> datetime:
        return _instant(began + milliseconds)

    return Visit(
        camera_id=camera_id,
        first=_detection_in(first),
        started_at=_instant(began),
        ordinal=int(ordinal),
        last_seen_at=at(seen),
        box=box,
        confidence=float(confidence),
        best_frame=FrameKey(camera_id, at(best)),
        open_until=at(until),
        anchor=_box(*anchor) if anchor else box,
        still_since=at(still),
        zones=tuple(zones),
        velocity=(float(velocity[0]), float(velocity[1])) if velocity else None,
        standings=tuple(_standing_in(standing, at) for standing in stands),
    )


def _standing_out(standing: Standing, after: Callable[[datetime], int]) -> list[Any]:
    asked = after(standing.asked_at) if standing.asked_at else -1
    crowd = after(standing.crowd_at) if standing.crowd_at else -1
    since, until = after(standing.since), after(standing.until)
    if since == until == asked and crowd < 0 and standing.number == 1:
        # Of a rule that asks at once there is no more to say.
        return [standing.rule_id, asked]
    return [standing.rule_id, asked, standing.number, since, until, crowd]


def _standing_in(data: list[Any], at: Callable[[Decimal], datetime]) -> Standing:
    rule_id, asked, *more = data
    number, since, until, crowd = more or (Decimal(1), asked, asked, Decimal(-1))
    return Standing(
        rule_id,
        at(since),
        at(until),
        asked_at=at(asked) if asked >= 0 else None,
        number=int(number),
        crowd_at=at(crowd) if crowd >= 0 else None,
    )


def _corners_out(box: Box) -> list[Decimal]:
    return [_decimal(corner) for corner in (box.x1, box.y1, box.x2, box.y2)]


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
