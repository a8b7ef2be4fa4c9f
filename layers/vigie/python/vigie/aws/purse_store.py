"""The table's purse: what was taken on each day, and the minutes in which there was nothing left.

    pk  #purse#2026-01-31     sk  frames#hall              one camera's account of one day of the site's clock
                                  sms                      the site's
    pk  #refund#<random>      sk  sms                      that one take was given back
    pk  hall#2026-01-31       sk  OVER#2359#frames         a minute (UTC) in which a frame was not looked at
                                  OVER#2359#frames#held    one of which an edge held all frames back

An account holds `taken`, the part of each camera in it under `of:<camera>`, and two caps, `refused_at` and
`held_at`. Taking is one write that DynamoDB makes only when the sum stays within the cap: no two takers can
pass it together. Giving back writes a refund in the same transaction, on condition that it is new: made again
when its answer was lost, it changes nothing.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

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

_PURSE, _OVER, _HELD, _PART = "#purse#", "OVER#", "#held", "of:"
_REFUND = "#refund#"
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
        self._held: set[tuple[str, str, int]] = set()
        self._marked: dict[tuple[Spending, str, bool], datetime] = {}
        self._known: dict[str, frozenset[datetime]] = {}

    def take(self, kind: Spending, *, camera_id: str, day: date, cap: int, number: int = 1) -> bool:
        """See `Purse.take`."""
        pk, sk = _account_key(kind, camera_id, day)
        if self._left.get((pk, sk, cap), number) < number:
            return False
        left = self._try(pk, sk, camera_id=camera_id, day=day, cap=cap, number=number)
        if left is None:
            return True
        self._raise(pk, sk, day, "refused_at", cap)
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
                self._raise(pk, sk, day, "refused_at", cap)
                self._remember(pk, sk, cap, left)
                return 0
            number = min(number, left)
        return 0

    def give_back(self, kind: Spending, *, camera_id: str, day: date, number: int) -> None:
        """See `Purse.give_back`."""
        pk, sk = _account_key(kind, camera_id, day)
        refund = {"pk": f"{_REFUND}{uuid4()}", "sk": sk, "ttl": self._ttl(day)}
        account = {
            "TableName": self._name,
            "Key": {"pk": {"S": pk}, "sk": {"S": sk}},
            "UpdateExpression": "ADD taken :less, #part :less",
            "ConditionExpression": "taken >= :number",
            "ExpressionAttributeNames": {"#part": f"{_PART}{camera_id}"},
            "ExpressionAttributeValues": {":less": {"N": str(-number)}, ":number": {"N": str(number)}},
        }
        self._table.transact(
            [self._table.putting(refund, new=True), {"Update": account}], f"giving {sk} back to the purse"
        )
        self._left = {known: left for known, left in self._left.items() if known[:2] != (pk, sk)}

    def hold(self, kind: Spending, *, camera_id: str, day: date, cap: int) -> None:
        """See `Purse.hold`."""
        pk, sk = _account_key(kind, camera_id, day)
        if (pk, sk, cap) in self._held:
            return
        self._raise(pk, sk, day, "held_at", cap)
        self._held = {key for key in self._held if key[0] == pk} | {(pk, sk, cap)}

    def has_refused(self, kind: Spending, *, camera_id: str, day: date, cap: int) -> bool:
        """See `Purse.has_refused`."""
        return self._left.get((*_account_key(kind, camera_id, day), cap), 1) < 1

    def accounts(self, day: date) -> tuple[Account, ...]:
        """See `Purse.accounts`."""
        found = self._table.query(f"{_PURSE}{day.isoformat()}", " ", "~")
        return tuple(_account_in(item) for item in found)

    def mark(self, kind: Spending, *, camera_id: str, captured_at: datetime, held: bool = False) -> None:
        """See `BudgetMarks.mark`."""
        begins_at = minute_of(captured_at)
        if self._marked.get((kind, camera_id, held)) == begins_at:
            return
        key = {
            "pk": items.partition(camera_id, begins_at.date()),
            "sk": f"{_OVER}{begins_at:%H%M}#{kind.value}{_HELD if held else ''}",
        }
        self._table.put(items.kept(key, begins_at, self._days), "marking a minute as over budget")
        self._marked[kind, camera_id, held] = begins_at

    def not_held(self, camera_id: str, minutes: Sequence[datetime]) -> tuple[datetime, ...]:
        """See `BudgetMarks.not_held`."""
        known = self._known.get(camera_id, frozenset())
        missing = [minute for minute in minutes if minute not in known]
        if missing:
            there = self.marked(camera_id, missing[0], missing[-1] + MILLISECOND)
            known |= {mark.begins_at for mark in there if mark.held}
        # No more than what is asked for: an instance may live for weeks.
        self._known[camera_id] = known & set(minutes)
        return tuple(minute for minute in missing if minute not in known)

    def marked(self, camera_id: str, begin: datetime, end: datetime) -> tuple[OverBudget, ...]:
        """See `BudgetMarks.marked`."""
        found = []
        days = utc_days(begin, end) if begin < end else ()
        for day in days:
            midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
            low = f"{_OVER}{begin.astimezone(UTC):%H%M}" if day == days[0] else _OVER
            for item in self._table.query(items.partition(camera_id, day), low, f"{_OVER}{_LAST}"):
                clock, kind, *held = item["sk"].removeprefix(_OVER).split("#")
                minute = midnight + timedelta(hours=int(clock[:2]), minutes=int(clock[2:]))
                found.append(OverBudget(minute, Spending(kind), held=bool(held)))
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

    def _raise(self, pk: str, sk: str, day: date, name: str, cap: int) -> None:
        # Who leaves some of the cap to others asks with a lower one, which opens no account that is closed.
        with suppress(Conflict), translated(f"noting {name} of the account {sk}"):
            self._db.update_item(
                TableName=self._name,
                Key={"pk": {"S": pk}, "sk": {"S": sk}},
                UpdateExpression="SET #name = :cap, #ttl = :ttl",
                ConditionExpression="attribute_not_exists(#name) OR #name < :cap",
                ExpressionAttributeNames={"#name": name, "#ttl": "ttl"},
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
        held_at=int(item["held_at"]) if "held_at" in item else None,
        by_camera={
            name.removeprefix(_PART): int(number) for name, number in item.items() if name.startswith(_PART)
        },
    )
