"""The table's purse: what was taken on each day, and the minutes in which there was nothing left.

    pk  #purse#2026-01-31     sk  frames#hall              one camera's account of one day of the site's clock
                                  sms                      the site's
    pk  hall#2026-01-31       sk  OVER#2359#frames         a minute (UTC) in which a frame was not looked at

An account holds `taken`, the part of each camera in it under `of:<camera>`, and `refused_at`, a cap. Taking
is one write that DynamoDB makes only when the sum stays within the cap: no two takers can pass it together.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

from vigie.aws import items
from vigie.aws.clients import translated
from vigie.aws.table import Table
from vigie.domain.caps import Account, Spending
from vigie.domain.instants import MILLISECOND, minute_of, utc_days
from vigie.domain.sites import Retention
from vigie.errors import Conflict
from vigie.steps.budget_ports import OverBudget

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import UpdateItemInputTypeDef

_PURSE, _OVER, _PART = "#purse#", "OVER#", "of:"
_REFUSED = "ConditionalCheckFailedException"
# Beyond every minute of a day, as ':' comes after '9'.
_LAST = ":"
# Takers that each leave less than the next one asks for; more than a few in a row is nobody's luck.
_ATTEMPTS = 25

_from_attribute = TypeDeserializer().deserialize


class DynamoPurse:
    """Implements `Purse` and `BudgetMarks` on the table; accounts and marks are kept as long as minutes.

    An account that has refused this instance is not asked again for as many: while it is closed nothing is
    written, so that what is over the cap costs nothing. Nor is a minute marked twice.
    """

    def __init__(self, client: "DynamoDBClient", table: str, retention: Retention | None = None) -> None:
        self._db = client
        self._name = table
        self._table = Table(client, table)
        self._days = (retention or Retention()).minutes_days
        self._left: dict[tuple[str, str, int], int] = {}
        self._marked: dict[tuple[Spending, str], datetime] = {}

    def take(self, kind: Spending, *, camera_id: str, day: date, cap: int, number: int = 1) -> bool:
        """See `Purse.take`."""
        pk, sk = _account_key(kind, camera_id, day)
        known = self._left.get((pk, sk, cap))
        if known is not None and known < number:
            return False
        left = self._try(pk, sk, camera_id=camera_id, day=day, cap=cap, number=number)
        if left is None:
            return True
        self._close(pk, sk, day, cap)
        self._remember(pk, sk, cap, left)
        return False

    def take_some(self, kind: Spending, *, camera_id: str, day: date, cap: int, most: int) -> int:
        """See `Purse.take_some`."""
        pk, sk = _account_key(kind, camera_id, day)
        number = min(most, self._left.get((pk, sk, cap), most))
        for _ in range(_ATTEMPTS):
            if number <= 0:
                return 0
            left = self._try(pk, sk, camera_id=camera_id, day=day, cap=cap, number=number)
            if left is None:
                return number
            if left <= 0:
                self._close(pk, sk, day, cap)
                self._remember(pk, sk, cap, left)
                return 0
            number = min(number, left)
        return 0

    def accounts(self, day: date) -> tuple[Account, ...]:
        """See `Purse.accounts`."""
        found = self._table.query(f"{_PURSE}{day.isoformat()}", " ", "~")
        return tuple(_account_in(item) for item in found)

    def mark(self, kind: Spending, *, camera_id: str, captured_at: datetime) -> None:
        """See `BudgetMarks.mark`."""
        begins_at = minute_of(captured_at)
        if self._marked.get((kind, camera_id)) == begins_at:
            return
        key = {
            "pk": items.partition(camera_id, begins_at.date()),
            "sk": f"{_OVER}{begins_at:%H%M}#{kind.value}",
        }
        self._table.put(items.kept(key, begins_at, self._days), "marking a minute as over budget")
        self._marked[kind, camera_id] = begins_at

    def marked(self, camera_id: str, begin: datetime, end: datetime) -> tuple[OverBudget, ...]:
        """See `BudgetMarks.marked`."""
        found = []
        for day in utc_days(begin, end) if begin < end else ():
            midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
            for item in self._table.query(items.partition(camera_id, day), _OVER, f"{_OVER}{_LAST}"):
                clock, kind = item["sk"].removeprefix(_OVER).split("#")
                minute = midnight + timedelta(hours=int(clock[:2]), minutes=int(clock[2:]))
                found.append(OverBudget(minute, Spending(kind)))
        return tuple(sorted(mark for mark in found if begin <= mark.begins_at <= end - MILLISECOND))

    def _try(self, pk: str, sk: str, *, camera_id: str, day: date, cap: int, number: int) -> int | None:
        """Take all; None when that was done, else what is left."""
        if number > cap:
            taken = self._table.get(pk, sk) or {}
            return cap - int(taken.get("taken", 0))
        asked: UpdateItemInputTypeDef = {
            "TableName": self._name,
            "Key": {"pk": {"S": pk}, "sk": {"S": sk}},
            "UpdateExpression": "ADD taken :number, #part :number SET #ttl = :ttl",
            "ConditionExpression": "attribute_not_exists(taken) OR taken <= :least",
            "ExpressionAttributeNames": {"#part": f"{_PART}{camera_id}", "#ttl": "ttl"},
            "ExpressionAttributeValues": {
                ":number": {"N": str(number)},
                ":least": {"N": str(cap - number)},
                ":ttl": {"N": str(self._ttl(day))},
            },
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        with translated(f"taking from the purse for {sk}"):
            try:
                self._db.update_item(**asked)
            except ClientError as error:
                if error.response["Error"]["Code"] != _REFUSED:
                    raise
                there = cast("Mapping[str, Any]", error.response.get("Item", {}))
                return cap - int(_from_attribute(there["taken"]) if "taken" in there else cap)
        return None

    def _close(self, pk: str, sk: str, day: date, cap: int) -> None:
        # Who leaves some of the cap to others asks with a lower one, which opens no account that is closed.
        with suppress(Conflict), translated(f"closing the account {sk}"):
            self._db.update_item(
                TableName=self._name,
                Key={"pk": {"S": pk}, "sk": {"S": sk}},
                UpdateExpression="SET refused_at = :cap, #ttl = :ttl",
                ConditionExpression="attribute_not_exists(refused_at) OR refused_at < :cap",
                ExpressionAttributeNames={"#ttl": "ttl"},
                ExpressionAttributeValues={":cap": {"N": str(cap)}, ":ttl": {"N": str(self._ttl(day))}},
            )

    def _remember(self, pk: str, sk: str, cap: int, left: int) -> None:
        if any(known != pk for known, _, _ in self._left):
            self._left.clear()  # another day's: an instance may live for many
        self._left[pk, sk, cap] = left

    def _ttl(self, day: date) -> int:
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        return int(noon.timestamp()) + self._days * 86_400


def _account_key(kind: Spending, camera_id: str, day: date) -> tuple[str, str]:
    sort = f"{kind.value}#{camera_id}" if kind.is_of_a_camera else kind.value
    return f"{_PURSE}{day.isoformat()}", sort


def _account_in(item: Mapping[str, Any]) -> Account:
    kind, _, camera_id = item["sk"].partition("#")
    return Account(
        kind=Spending(kind),
        camera_id=camera_id or None,
        taken=int(item.get("taken", 0)),
        refused_at=int(item["refused_at"]) if "refused_at" in item else None,
        by_camera={
            name.removeprefix(_PART): int(number) for name, number in item.items() if name.startswith(_PART)
        },
    )
