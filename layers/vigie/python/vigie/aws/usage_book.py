"""The table's book of what functions used that store no reports.

    pk  #used     sk  2026-01-31#hall     one camera's day of the site's clock, kept as long as minutes

All days are of one partition, so that a month is one query; there is an item a camera and day.
"""

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

from vigie.aws import items
from vigie.aws.clients import translated
from vigie.aws.table import Table
from vigie.domain.sites import Retention
from vigie.domain.usage import Usage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_USED = "#used"


class DynamoUsageBook:
    """Implements `UsageBook` on the table of reports."""

    def __init__(self, client: "DynamoDBClient", table: str, retention: Retention | None = None) -> None:
        self._db = client
        self._name = table
        self._table = Table(client, table)
        self._days = (retention or Retention()).minutes_days

    def add(self, camera_id: str, day: date, usage: Usage) -> None:
        """See `UsageBook.add`."""
        counts = {name: count for name, count in asdict(usage).items() if count}
        if not counts:
            return
        expires = items.kept({}, datetime.combine(day, time(12), UTC), self._days)["ttl"]
        with translated("adding to the book of what was used"):
            self._db.update_item(
                TableName=self._name,
                Key={"pk": {"S": _USED}, "sk": {"S": f"{day.isoformat()}#{camera_id}"}},
                UpdateExpression=f"ADD {', '.join(f'#{name} :{name}' for name in counts)} SET #ttl = :ttl",
                ExpressionAttributeNames={"#ttl": "ttl"} | {f"#{name}": name for name in counts},
                ExpressionAttributeValues={
                    ":ttl": {"N": str(expires)},
                    **{f":{name}": {"N": str(count)} for name, count in counts.items()},
                },
            )

    def used(self, first: date, last: date) -> Mapping[tuple[str, date], Usage]:
        """See `UsageBook.used`."""
        found = {}
        for item in self._table.query(_USED, first.isoformat(), f"{last.isoformat()}#~"):
            day, _, camera_id = item["sk"].partition("#")
            counts = {each.name: int(item.get(each.name, 0)) for each in fields(Usage)}
            found[camera_id, date.fromisoformat(day)] = Usage(**counts)
        return found
