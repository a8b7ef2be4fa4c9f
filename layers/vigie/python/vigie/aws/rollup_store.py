"""The table's roll-ups and marks of stale days, which nothing expires.

    pk  hall#days     sk  2026-01-31                one camera's local day
    pk  #stale        sk  2026-01-31T23#hall        an hour (UTC) of a camera that a late frame changed

A camera may be called anything but what begins with #.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from boto3.dynamodb.types import TypeSerializer

from vigie.aws.clients import translated
from vigie.aws.table import Item, Table
from vigie.aws.usage_items import usage_in, usage_out
from vigie.domain.instants import from_iso, to_iso
from vigie.domain.rollups import DayTotals, HourTotals
from vigie.errors import Conflict
from vigie.steps.ports import StaleHour

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_STALE = "#stale"
_to_attribute = TypeSerializer().serialize


class DynamoRollupStore:
    """Implements `RollupStore` and `StaleDays` on the table of reports."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._db = client
        self._name = table
        self._table = Table(client, table)

    def put_totals(self, totals: DayTotals) -> None:
        """See `RollupStore.put_totals`."""
        try:
            with translated("storing the totals of a day"):
                self._db.put_item(
                    TableName=self._name,
                    Item=_attributes(_totals_out(totals)),
                    ConditionExpression="attribute_not_exists(pk) OR #frames <= :frames",
                    ExpressionAttributeNames={"#frames": "frames"},
                    ExpressionAttributeValues={":frames": {"N": str(totals.frames)}},
                )
        except Conflict:
            return

    def totals(self, camera_id: str, first: date, last: date) -> tuple[DayTotals, ...]:
        """See `RollupStore.totals`."""
        found = self._table.query(_days_of(camera_id), first.isoformat(), last.isoformat())
        return tuple(_totals_in(item) for item in found)

    def mark(self, camera_id: str, instant: datetime) -> None:
        """See `StaleDays.mark`."""
        sort = f"{instant:%Y-%m-%dT%H}#{camera_id}"
        self._table.put({"pk": _STALE, "sk": sort, "version": uuid4().hex}, "marking a stale day")

    def marked(self) -> tuple[StaleHour, ...]:
        """See `StaleDays.marked`."""
        return tuple(_stale_in(item) for item in self._table.query(_STALE, "0", ":"))

    def clear(self, stale: StaleHour) -> None:
        """See `StaleDays.clear`."""
        try:
            with translated("removing the mark of a stale day"):
                self._db.delete_item(
                    TableName=self._name,
                    Key=_attributes({"pk": _STALE, "sk": f"{stale.begins_at:%Y-%m-%dT%H}#{stale.camera_id}"}),
                    # Whoever retries a removal that went through finds nothing, which is as well.
                    ConditionExpression="attribute_not_exists(pk) OR version = :version",
                    ExpressionAttributeValues={":version": {"S": stale.version}},
                )
        except Conflict:
            return


def _days_of(camera_id: str) -> str:
    return f"{camera_id}#days"


def _totals_out(totals: DayTotals) -> Item:
    return {
        "pk": _days_of(totals.camera_id),
        "sk": totals.day.isoformat(),
        "camera_id": totals.camera_id,
        # Beside the hours, since a condition cannot sum.
        "frames": totals.frames,
        "quarantined": totals.quarantined,
        "listed": totals.listed,
        "used": usage_out(totals.usage),
        "over": totals.over_budget,
        "hours": [
            [
                to_iso(hour.begins_at),
                hour.minutes,
                hour.covered,
                hour.frames,
                hour.people,
                hour.vehicles,
                hour.visits_of_people,
                hour.visits_of_vehicles,
            ]
            for hour in totals.hours
        ],
    }


def _totals_in(item: Mapping[str, Any]) -> DayTotals:
    return DayTotals(
        camera_id=item["camera_id"],
        day=date.fromisoformat(item["sk"]),
        hours=tuple(_hour_in(*hour) for hour in item["hours"]),
        quarantined=int(item["quarantined"]),
        listed=int(item["listed"]),
        # Days that were summed up before anything was counted have neither.
        usage=usage_in(item.get("used", ())),
        over_budget=int(item.get("over", 0)),
    )


def _hour_in(begins_at: str, *counts: Decimal) -> HourTotals:
    return HourTotals(from_iso(begins_at), *(int(count) for count in counts))


def _stale_in(item: Mapping[str, Any]) -> StaleHour:
    hour, _, camera_id = item["sk"].partition("#")
    return StaleHour(camera_id, from_iso(f"{hour}:00:00Z"), item["version"])


def _attributes(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _to_attribute(value) for name, value in item.items()}
