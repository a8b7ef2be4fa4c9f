"""The table: reports, minutes and alerts in DynamoDB. The shape of its items is in `items.py`."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from vigie.aws import items
from vigie.aws.clients import translated
from vigie.domain.alerting import Alert, AlertRecord, AlertState
from vigie.domain.frames import FrameKey
from vigie.domain.instants import utc_days
from vigie.domain.reports import FrameReport
from vigie.domain.series import MINUTE, NEIGHBOURHOOD, Minute
from vigie.errors import Conflict

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import PaginatorConfigTypeDef

_NEW = "attribute_not_exists(pk)"
# What follows every sort key of a prefix: '$' is the character after '#'.
_AFTER = {kind: kind.replace("#", "$") for kind in (items.REPORTS, items.MINUTES, items.ALERTS)}


class DynamoReportStore:
    """Implements `ReportStore` and `AlertStore` on one table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._db = client
        self._table = table
        self._to_attribute = TypeSerializer().serialize
        self._from_attribute = TypeDeserializer().deserialize

    def report(self, key: FrameKey) -> FrameReport | None:
        """See `ReportStore.report`."""
        day = items.partition(key.camera_id, key.captured_at.date())
        item = self._get(day, items.report_sort(key.captured_at))
        return items.report_in(item) if item else None

    def add_report(self, report: FrameReport) -> FrameReport:
        """See `ReportStore.add_report`."""
        try:
            self._put(items.report_out(report), "storing a report", condition=_NEW)
        except Conflict:
            return self.report(report.key) or report
        return report

    def reports(self, camera_id: str, begin: datetime, end: datetime) -> tuple[FrameReport, ...]:
        """See `MinuteStore.reports`."""
        found = self._span(camera_id, begin, end, items.REPORTS)
        reports = (items.report_in(item) for item in found)
        return tuple(report for report in reports if begin <= report.key.captured_at < end)

    def minute(self, camera_id: str, begins_at: datetime) -> Minute | None:
        """See `MinuteStore.minute`."""
        item = self._get(items.partition(camera_id, begins_at.date()), items.minute_sort(begins_at))
        return items.minute_in(item) if item else None

    def minute_before(self, camera_id: str, begins_at: datetime) -> Minute | None:
        """See `MinuteStore.minute_before`."""
        return self._first_minute(camera_id, begins_at - NEIGHBOURHOOD, begins_at - MINUTE, forward=False)

    def minute_after(self, camera_id: str, begins_at: datetime) -> Minute | None:
        """See `MinuteStore.minute_after`."""
        return self._first_minute(camera_id, begins_at + MINUTE, begins_at + NEIGHBOURHOOD, forward=True)

    def put_minute(self, minute: Minute, *, replaces: Minute | None) -> None:
        """See `MinuteStore.put_minute`; what is stored is compared attribute by attribute."""
        item = items.minute_out(minute)
        if replaces is None:
            self._put(item, "beginning a minute", condition=_NEW)
            return
        # Frames are never unsaid, so these tell any two states of one minute apart: a fold over
        # the same frames that differs had other visits carried in, and so other open visits or counts.
        old = items.minute_out(replaces)
        compared = ("frames", "until", "carried_in", "open", "ended", "people", "vehicles")
        self._put(
            item,
            "replacing a minute",
            condition=" AND ".join(f"#{name} = :{name}" for name in compared),
            names={f"#{name}": name for name in compared},
            values={f":{name}": old[name] for name in compared},
        )

    def minutes(self, camera_id: str, begin: datetime, end: datetime) -> tuple[Minute, ...]:
        """See `MinuteStore.minutes`."""
        minutes = (items.minute_in(item) for item in self._span(camera_id, begin, end, items.MINUTES))
        return tuple(minute for minute in minutes if begin <= minute.begins_at < end)

    def claim(self, alert: Alert, *, now: datetime, lease_s: float) -> bool:
        """See `AlertStore.claim`."""
        claim = items.alert_out(alert, AlertState.CLAIMED, now)
        try:
            self._put(claim, "claiming an alert", condition=_NEW)
        except Conflict:
            stored = self._get(claim["pk"], claim["sk"])
            if stored and stored["state"] != AlertState.CLAIMED.value:
                return False
            expired = now - timedelta(seconds=lease_s)
            if not stored or items.alert_in(stored).at > expired:
                raise
            self._put(
                claim,
                "taking over an alert",
                condition="#state = :claimed AND #at = :then",
                names={"#state": "state", "#at": "at"},
                values={":claimed": AlertState.CLAIMED.value, ":then": stored["at"]},
            )
        return True

    def close(self, alert: Alert, state: AlertState, *, now: datetime) -> None:
        """See `AlertStore.close`."""
        self._put(items.alert_out(alert, state, now), "closing an alert")

    def adopt(self, orphan: AlertRecord, alert: Alert) -> None:
        """See `AlertStore.adopt`."""
        old = items.alert_out(orphan.alert, orphan.state, orphan.at)
        new = items.alert_out(alert, orphan.state, orphan.at)
        with translated("letting an alert take the place of another"):
            self._db.transact_write_items(
                TransactItems=[
                    {
                        "Delete": {
                            "TableName": self._table,
                            "Key": self._attributes({"pk": old["pk"], "sk": old["sk"]}),
                            "ConditionExpression": "#state = :state AND #at = :at",
                            "ExpressionAttributeNames": {"#state": "state", "#at": "at"},
                            "ExpressionAttributeValues": self._attributes(
                                {":state": old["state"], ":at": old["at"]}
                            ),
                        }
                    },
                    {
                        "Put": {
                            "TableName": self._table,
                            "Item": self._attributes(new),
                            "ConditionExpression": _NEW,
                        }
                    },
                ]
            )

    def forget(self, orphan: AlertRecord) -> None:
        """See `AlertStore.forget`."""
        old = items.alert_out(orphan.alert, orphan.state, orphan.at)
        with translated("forgetting an alert"):
            self._db.delete_item(
                TableName=self._table, Key=self._attributes({"pk": old["pk"], "sk": old["sk"]})
            )

    def alerts(self, camera_id: str, begin: datetime, end: datetime) -> tuple[AlertRecord, ...]:
        """See `AlertStore.alerts`."""
        records = (items.alert_in(item) for item in self._span(camera_id, begin, end, items.ALERTS))
        return tuple(record for record in records if begin <= record.alert.visit.started_at < end)

    def _get(self, pk: str, sk: str) -> items.Item | None:
        with translated("reading the table"):
            answer = self._db.get_item(
                TableName=self._table,
                Key={"pk": {"S": pk}, "sk": {"S": sk}},
                ConsistentRead=True,
            )
        return self._plain(answer["Item"]) if "Item" in answer else None

    def _put(
        self,
        item: items.Item,
        doing: str,
        *,
        condition: str | None = None,
        names: dict[str, str] | None = None,
        values: dict[str, Any] | None = None,
    ) -> None:
        options: dict[str, Any] = {}
        if condition:
            options["ConditionExpression"] = condition
        if names:
            options["ExpressionAttributeNames"] = names
        if values:
            options["ExpressionAttributeValues"] = self._attributes(values)
        with translated(doing):
            self._db.put_item(TableName=self._table, Item=self._attributes(item), **options)

    def _first_minute(
        self, camera_id: str, first: datetime, last: datetime, *, forward: bool
    ) -> Minute | None:
        """Return the first minute from `first` to `last`, or the last one of them, looking backward."""
        days = utc_days(first, last + MINUTE)
        for day in days if forward else reversed(days):
            low = items.minute_sort(first) if day == first.date() else items.MINUTES
            high = items.minute_sort(last) if day == last.date() else _AFTER[items.MINUTES]
            query = self._query(
                items.partition(camera_id, day),
                low,
                high,
                forward=forward,
                paging={"MaxItems": 1, "PageSize": 1},
            )
            found = next(query, None)
            if found:
                return items.minute_in(found)
        return None

    def _span(self, camera_id: str, begin: datetime, end: datetime, kind: str) -> Iterator[items.Item]:
        for day in utc_days(begin, end):
            yield from self._query(items.partition(camera_id, day), kind, _AFTER[kind])

    def _query(
        self,
        pk: str,
        low: str,
        high: str,
        *,
        forward: bool = True,
        paging: "PaginatorConfigTypeDef | None" = None,
    ) -> Iterator[items.Item]:
        pages = self._db.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :low AND :high",
            ExpressionAttributeValues={":pk": {"S": pk}, ":low": {"S": low}, ":high": {"S": high}},
            ScanIndexForward=forward,
            ConsistentRead=True,
            PaginationConfig=paging or {},
        )
        with translated("querying the table"):
            for page in pages:
                for item in page["Items"]:
                    yield self._plain(item)

    def _attributes(self, item: items.Item) -> dict[str, Any]:
        return {name: self._to_attribute(value) for name, value in item.items()}

    def _plain(self, attributes: Any) -> items.Item:  # noqa: ANN401 - boto3's attribute maps
        return {name: self._from_attribute(value) for name, value in attributes.items()}
