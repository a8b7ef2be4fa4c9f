"""The table's comparisons with Rekognition.

    pk  hall#2026-01-31     sk  COMPARE#235959999       one frame's comparison, or the claim on it

They are kept as long as minutes, since a site asks for them over months, and there are few.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeSerializer

from vigie.aws import items
from vigie.aws.clients import translated
from vigie.aws.table import Item, Table
from vigie.domain.comparison import ComparisonState, FrameComparison
from vigie.domain.detections import Box, Detection
from vigie.domain.frames import FrameKey
from vigie.domain.instants import MILLISECOND, from_iso, to_iso, to_stamp, utc_days
from vigie.domain.sites import Retention
from vigie.errors import Conflict

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_COMPARE = "COMPARE#"
_to_attribute = TypeSerializer().serialize


class DynamoComparisonStore:
    """Implements `ComparisonStore`."""

    def __init__(self, client: "DynamoDBClient", table: str, retention: Retention | None = None) -> None:
        self._db = client
        self._name = table
        self._table = Table(client, table)
        self._days = (retention or Retention()).minutes_days

    def comparison(self, key: FrameKey) -> FrameComparison | None:
        """See `ComparisonStore.comparison`."""
        item = self._table.get(**_item_key(key))
        return _comparison_in(item) if item and item["state"] != ComparisonState.CLAIMED else None

    def claim(self, key: FrameKey, *, now: datetime, lease: timedelta) -> bool:
        """See `ComparisonStore.claim`."""
        claim = {**_item_key(key), "state": ComparisonState.CLAIMED.value, "until": to_iso(now + lease)}
        try:
            with translated("claiming a comparison"):
                self._db.put_item(
                    TableName=self._name,
                    Item=_attributes(items.kept(claim, key.captured_at, self._days)),
                    # Instants as text are in order of time.
                    ConditionExpression="attribute_not_exists(pk) OR (#state = :claimed AND #until <= :now)",
                    ExpressionAttributeNames={"#state": "state", "#until": "until"},
                    ExpressionAttributeValues=_attributes(
                        {":claimed": ComparisonState.CLAIMED.value, ":now": to_iso(now)}
                    ),
                )
        except Conflict:
            return False
        return True

    def release(self, key: FrameKey) -> None:
        """See `ComparisonStore.release`."""
        try:
            with translated("giving the claim on a comparison back"):
                self._db.delete_item(
                    TableName=self._name,
                    Key=_attributes(_item_key(key)),
                    ConditionExpression="attribute_not_exists(pk) OR #state = :claimed",
                    ExpressionAttributeNames={"#state": "state"},
                    ExpressionAttributeValues=_attributes({":claimed": ComparisonState.CLAIMED.value}),
                )
        except Conflict:
            return

    def put(self, comparison: FrameComparison) -> None:
        """See `ComparisonStore.put`."""
        item = items.kept(_comparison_out(comparison), comparison.key.captured_at, self._days)
        try:
            with translated("storing a comparison"):
                self._db.put_item(
                    TableName=self._name,
                    Item=_attributes(item),
                    ConditionExpression="attribute_not_exists(pk) OR #state = :claimed",
                    ExpressionAttributeNames={"#state": "state"},
                    ExpressionAttributeValues=_attributes({":claimed": ComparisonState.CLAIMED.value}),
                )
        except Conflict:
            return

    def comparisons(self, camera_id: str, begin: datetime, end: datetime) -> tuple[FrameComparison, ...]:
        """See `ComparisonStore.comparisons`."""
        found = []
        for day in utc_days(begin, end) if begin < end else ():
            pk = items.partition(camera_id, day)
            low = _sort(begin) if begin.date() == day else _COMPARE
            last = end - MILLISECOND
            high = _sort(last) if last.date() == day else f"{_COMPARE}:"
            found += [
                _comparison_in(item)
                for item in self._table.query(pk, low, high)
                if item["state"] != ComparisonState.CLAIMED
            ]
        return tuple(found)


def _sort(instant: datetime) -> str:
    return _COMPARE + to_stamp(instant)[9:18]


def _item_key(key: FrameKey) -> dict[str, str]:
    return {"pk": items.partition(key.camera_id, key.captured_at.date()), "sk": _sort(key.captured_at)}


def _comparison_out(each: FrameComparison) -> Item:
    return {
        **_item_key(each.key),
        "key": str(each.key),
        "state": each.state.value,
        "reason": each.reason,
        "w": each.width,
        "h": each.height,
        "at": to_iso(each.compared_at),
        "ours": [_seen_out(seen) for seen in each.ours],
        "theirs": [_seen_out(seen) for seen in each.theirs],
        "models": [each.our_model, each.their_model],
        "ms": [_decimal(each.our_ms), _decimal(each.their_ms)],
        "micro_usd": each.micro_usd,
        "overlap": _decimal(each.min_overlap),
    }


def _comparison_in(item: Mapping[str, Any]) -> FrameComparison:
    our_model, their_model = item["models"]
    our_ms, their_ms = item["ms"]
    return FrameComparison(
        key=FrameKey.parse(item["key"]),
        width=int(item["w"]),
        height=int(item["h"]),
        compared_at=from_iso(item["at"]),
        state=ComparisonState(item["state"]),
        reason=item["reason"],
        ours=tuple(_seen_in(seen) for seen in item["ours"]),
        theirs=tuple(_seen_in(seen) for seen in item["theirs"]),
        our_model=our_model,
        their_model=their_model,
        our_ms=float(our_ms),
        their_ms=float(their_ms),
        micro_usd=int(item["micro_usd"]),
        min_overlap=float(item["overlap"]),
    )


def _seen_out(seen: Detection) -> list[Any]:
    box = seen.box
    corners = (_decimal(corner) for corner in (box.x1, box.y1, box.x2, box.y2))
    return [seen.label, _decimal(seen.confidence), *corners, *seen.zones]


def _seen_in(data: list[Any]) -> Detection:
    label, confidence, x1, y1, x2, y2, *zones = data
    return Detection(label, float(confidence), Box(*map(float, (x1, y1, x2, y2))), tuple(zones))


def _attributes(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _to_attribute(value) for name, value in item.items()}


def _decimal(value: float) -> Decimal:
    return Decimal(repr(value))
