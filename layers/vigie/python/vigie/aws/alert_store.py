"""The table: what rules ask for, and what became of it, in DynamoDB. The shape of its items is in `items.py`.

Every change of an alert is one transaction with the count of all changes, on condition that this is what
its maker had read first: so the cooldowns, which follow from the stored alerts, are charged by the write that
claims.
"""

import contextlib
from datetime import datetime
from typing import TYPE_CHECKING

from vigie.aws import items
from vigie.aws.table import Item, Table
from vigie.domain.alerting import Alert, AlertRecord, AlertState
from vigie.domain.instants import MILLISECOND, utc_days
from vigie.domain.sites import Retention
from vigie.errors import Conflict

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoAlertStore:
    """Implements `AlertStore`; items go when the retention says so, counted from capture time."""

    def __init__(self, client: "DynamoDBClient", table: str, retention: Retention | None = None) -> None:
        self._table = Table(client, table)
        self._days = (retention or Retention()).alerts_days

    def asked(self, begin: datetime, end: datetime) -> tuple[Alert, ...]:
        """See `AlertStore.asked`."""
        alerts = (items.ask_in(item) for item in self._span(begin, end, items.ASKS))
        found = (alert for alert in alerts if begin <= alert.asked_at < end)
        return tuple(sorted(found, key=lambda alert: alert.order))

    def ask(self, alert: Alert) -> None:
        """See `AlertStore.ask`."""
        self._table.put(self._kept(items.ask_out(alert), alert), "noting what a rule asks for")

    def unask(self, alert: Alert) -> None:
        """See `AlertStore.unask`."""
        key = items.alert_key(alert, items.ASKS)
        self._table.delete(key["pk"], key["sk"], "taking back what a rule asked for")

    def alerts(self, begin: datetime, end: datetime) -> tuple[AlertRecord, ...]:
        """See `AlertStore.alerts`."""
        records = (items.alert_in(item) for item in self._span(begin, end, items.ALERTS))
        found = (record for record in records if begin <= record.alert.asked_at < end)
        return tuple(sorted(found, key=lambda record: record.alert.order))

    def revision(self) -> int:
        """See `AlertStore.revision`."""
        item = self._table.get(items.REVISION["pk"], items.REVISION["sk"])
        return int(item["number"]) if item else 0

    def record(
        self,
        alert: Alert,
        state: AlertState,
        *,
        replaces: AlertRecord | None,
        now: datetime,
        revision: int,
    ) -> int:
        """See `AlertStore.record`."""
        item = self._kept(items.alert_out(alert, state, now), alert)
        equals = _identity(replaces) if replaces else None
        put = self._table.putting(item, new=replaces is None, equals=equals)
        return self._change([self._still_asked(alert), put], "claiming an alert", revision)

    def close(self, alert: Alert, *, now: datetime, state: AlertState = AlertState.SENT) -> None:
        """See `AlertStore.close`."""
        item = self._kept(items.alert_out(alert, state, now), alert)
        with contextlib.suppress(Conflict):
            self._table.put(item, "closing an alert", equals={"state": AlertState.CLAIMED.value})

    def adopt(self, orphan: AlertRecord, alert: Alert, *, revision: int) -> int:
        """See `AlertStore.adopt`."""
        heir = self._kept(items.alert_out(alert, orphan.state, orphan.at), alert)
        writes = [self._still_asked(alert), self._removal(orphan), self._table.putting(heir, new=True)]
        return self._change(writes, "letting an alert take the place of another", revision)

    def forget(self, orphan: AlertRecord, *, revision: int) -> int:
        """See `AlertStore.forget`."""
        return self._change([self._removal(orphan)], "forgetting an alert", revision)

    def _still_asked(self, alert: Alert) -> Item:
        key = items.alert_key(alert, items.ASKS)
        return self._table.checking(key["pk"], key["sk"])

    def _removal(self, orphan: AlertRecord) -> Item:
        key = items.alert_key(orphan.alert, items.ALERTS)
        return self._table.deleting(key["pk"], key["sk"], equals=_identity(orphan))

    def _change(self, writes: list[Item], doing: str, revision: int) -> int:
        counted = {**items.REVISION, "number": revision + 1}
        equals = {"number": revision} if revision else None
        count = self._table.putting(counted, new=not revision, equals=equals)
        self._table.transact([count, *writes], doing)
        return revision + 1

    def _kept(self, item: Item, alert: Alert) -> Item:
        return items.kept(item, alert.asked_at, self._days)

    def _span(self, begin: datetime, end: datetime, kind: str) -> list[Item]:
        days = utc_days(begin, end)
        found: list[Item] = []
        for day in days:
            low = items.alert_sort(kind, begin) if day == days[0] else kind
            # Midnight as an end belongs to the day before it.
            high = items.alert_sort(kind, end - MILLISECOND) if day == days[-1] else kind
            found += self._table.query(items.alerts_partition(day), low, high + _LAST)
        return found


# After every sort key that begins so: '~' is the last printable character of ASCII.
_LAST = "~"


def _identity(record: AlertRecord) -> Item:
    item = items.alert_out(record.alert, record.state, record.at)
    return {"state": item["state"], "at": item["at"]}
