"""The alerts' store in memory, under the contract test of its real twin."""

from dataclasses import dataclass, field
from datetime import datetime

from vigie.domain.alerting import Alert, AlertRecord, AlertState
from vigie.errors import Conflict


@dataclass
class FakeAlertStore:
    """`AlertStore` in memory."""

    _asked: dict[tuple[datetime, str], Alert] = field(default_factory=dict)
    _alerts: dict[tuple[datetime, str], AlertRecord] = field(default_factory=dict)
    _revision: int = 0

    def asked(self, begin: datetime, end: datetime) -> tuple[Alert, ...]:
        return tuple(alert for _, alert in sorted(self._asked.items()) if begin <= alert.asked_at < end)

    def ask(self, alert: Alert) -> None:
        self._asked[alert.order] = alert

    def unask(self, alert: Alert) -> None:
        self._asked.pop(alert.order, None)

    def alerts(self, begin: datetime, end: datetime) -> tuple[AlertRecord, ...]:
        records = (record for _, record in sorted(self._alerts.items(), key=lambda entry: entry[0]))
        return tuple(record for record in records if begin <= record.alert.asked_at < end)

    def revision(self) -> int:
        return self._revision

    def record(
        self,
        alert: Alert,
        state: AlertState,
        *,
        replaces: AlertRecord | None,
        now: datetime,
        revision: int,
    ) -> int:
        self._check(revision, alert.order in self._asked and self._alerts.get(alert.order) == replaces)
        self._alerts[alert.order] = AlertRecord(alert, state, now)
        return self._revision

    def close(self, alert: Alert, *, now: datetime, state: AlertState = AlertState.SENT) -> None:
        stored = self._alerts.get(alert.order)
        if stored is not None and stored.state is AlertState.CLAIMED:
            self._alerts[alert.order] = AlertRecord(alert, state, now)

    def adopt(self, orphan: AlertRecord, alert: Alert, *, revision: int) -> int:
        there = self._alerts.get(orphan.alert.order) == orphan
        self._check(revision, there and alert.order in self._asked and alert.order not in self._alerts)
        del self._alerts[orphan.alert.order]
        self._alerts[alert.order] = AlertRecord(alert, orphan.state, orphan.at)
        return self._revision

    def forget(self, orphan: AlertRecord, *, revision: int) -> int:
        self._check(revision, self._alerts.get(orphan.alert.order) == orphan)
        del self._alerts[orphan.alert.order]
        return self._revision

    def _check(self, revision: int, holds: bool) -> None:
        if revision != self._revision or not holds:
            raise Conflict("another change came first")
        self._revision += 1
