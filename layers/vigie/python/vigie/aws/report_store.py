"""The table: reports and minutes in DynamoDB. The shape of its items is in `items.py`."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING

from vigie.aws import items
from vigie.aws.table import Table
from vigie.domain.frames import FrameKey
from vigie.domain.instants import MILLISECOND, utc_days
from vigie.domain.reports import FrameReport
from vigie.domain.series import MINUTE, NEIGHBOURHOOD, Minute
from vigie.domain.sites import Retention
from vigie.errors import Conflict

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoReportStore:
    """Implements `ReportStore`; items go when the retention says so, counted from capture time."""

    def __init__(self, client: "DynamoDBClient", table: str, retention: Retention | None = None) -> None:
        self._table = Table(client, table)
        self._retention = retention or Retention()

    def report(self, key: FrameKey) -> FrameReport | None:
        """See `ReportStore.report`."""
        day = items.partition(key.camera_id, key.captured_at.date())
        item = self._table.get(day, items.report_sort(key.captured_at))
        return items.report_in(item) if item else None

    def add_report(self, report: FrameReport) -> FrameReport:
        """See `ReportStore.add_report`."""
        days = self._retention.reports_days
        item = items.kept(items.report_out(report), report.key.captured_at, days)
        try:
            self._table.put(item, "storing a report", new=True)
        except Conflict:
            return self.report(report.key) or report
        return report

    def reports(self, camera_id: str, begin: datetime, end: datetime) -> tuple[FrameReport, ...]:
        """See `MinuteStore.reports`."""
        found: list[FrameReport] = []
        for day, first, last in _days(begin, end):
            pk = items.partition(camera_id, day)
            query = self._table.query(pk, items.report_sort(first), items.report_sort(last))
            found += (items.report_in(item) for item in query)
        return tuple(found)

    def minute(self, camera_id: str, begins_at: datetime) -> Minute | None:
        """See `MinuteStore.minute`."""
        item = self._table.get(items.partition(camera_id, begins_at.date()), items.minute_sort(begins_at))
        return items.minute_in(item) if item else None

    def minute_before(self, camera_id: str, begins_at: datetime) -> Minute | None:
        """See `MinuteStore.minute_before`."""
        for day, first, last in reversed(list(_days(begins_at - NEIGHBOURHOOD, begins_at))):
            pk = items.partition(camera_id, day)
            low, high = items.minute_sort(first), items.minute_sort(last)
            for item in self._table.query(pk, low, high, forward=False, most=1):
                return items.minute_in(item)
        return None

    def minutes_after(self, camera_id: str, begins_at: datetime) -> tuple[Minute, ...]:
        """See `MinuteStore.minutes_after`."""
        return self.minutes(camera_id, begins_at + MINUTE, begins_at + NEIGHBOURHOOD + MINUTE)

    def put_minute(self, minute: Minute, *, replaces: Minute | None) -> None:
        """See `MinuteStore.put_minute`."""
        item = items.kept(items.minute_out(minute), minute.begins_at, self._retention.minutes_days)
        if replaces is None:
            self._table.put(item, "beginning a minute", new=True)
        else:
            self._table.put(item, "replacing a minute", equals={"rev": items.minute_revision(replaces)})

    def minutes(self, camera_id: str, begin: datetime, end: datetime) -> tuple[Minute, ...]:
        """See `MinuteStore.minutes`."""
        found: list[Minute] = []
        for day, first, last in _days(begin, end):
            pk = items.partition(camera_id, day)
            query = self._table.query(pk, items.minute_sort(first), items.minute_sort(last))
            found += (minute for minute in map(items.minute_in, query) if minute.begins_at >= begin)
        return tuple(found)


def _days(begin: datetime, end: datetime) -> Iterator[tuple[date, datetime, datetime]]:
    """Yield the UTC days of the half-open span, each with its first and last instant in it."""
    if begin >= end:
        return
    for day in utc_days(begin, end):
        midnight = begin.replace(
            year=day.year, month=day.month, day=day.day, hour=0, minute=0, second=0, microsecond=0
        )
        yield day, max(begin, midnight), min(end, midnight + 24 * 60 * MINUTE) - MILLISECOND
