"""The table's items of what lamp groups used, which nothing expires.

    pk  #lights#yard     sk  2026-01-31     one group's local day

`s` are the seconds active, idle, safe and off, together `reckoned`; `kwh` what was used, what full light
takes and what the timer does, if there is one. No camera's id begins with '#'.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeSerializer

from vigie.aws.clients import translated
from vigie.aws.table import Table
from vigie.domain.energy import EnergyTotals
from vigie.errors import Conflict

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_to_attribute = TypeSerializer().serialize


class DynamoEnergyStore:
    """Implements `EnergyStore` on the table of reports."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._db = client
        self._name = table
        self._table = Table(client, table)

    def put_energy(self, totals: EnergyTotals) -> None:
        """See `EnergyStore.put_energy`."""
        seconds = (totals.active_s, totals.idle_s, totals.safe_s, totals.off_s)
        kwh = [totals.used_kwh, totals.full_kwh]
        item = {
            "pk": _days_of(totals.group_id),
            "sk": totals.day.isoformat(),
            "reckoned": round(totals.reckoned_s),
            "s": [_number(each) for each in seconds],
            "kwh": [
                _number(each)
                for each in (*kwh, *([totals.timer_kwh] if totals.timer_kwh is not None else []))
            ],
        }
        try:
            with translated("storing what a lamp group used"):
                self._db.put_item(
                    TableName=self._name,
                    Item={name: _to_attribute(value) for name, value in item.items()},
                    ConditionExpression="attribute_not_exists(pk) OR reckoned <= :reckoned",
                    ExpressionAttributeValues={":reckoned": _to_attribute(item["reckoned"])},
                )
        except Conflict:
            return

    def energies(self, group_id: str, first: date, last: date) -> tuple[EnergyTotals, ...]:
        """See `EnergyStore.energies`."""
        found = self._table.query(_days_of(group_id), first.isoformat(), last.isoformat())
        return tuple(_totals_in(group_id, item) for item in found)


def _days_of(group_id: str) -> str:
    return f"#lights#{group_id}"


def _number(value: float) -> Decimal:
    # The shortest text that gives the very same number again.
    return Decimal(repr(value))


def _totals_in(group_id: str, item: Mapping[str, Any]) -> EnergyTotals:
    active_s, idle_s, safe_s, off_s = (float(each) for each in item["s"])
    used_kwh, full_kwh, *timer_kwh = (float(each) for each in item["kwh"])
    return EnergyTotals(
        group_id=group_id,
        day=date.fromisoformat(item["sk"]),
        active_s=active_s,
        idle_s=idle_s,
        safe_s=safe_s,
        off_s=off_s,
        used_kwh=used_kwh,
        full_kwh=full_kwh,
        timer_kwh=timer_kwh[0] if timer_kwh else None,
    )
