"""Alerting: who is told about which visits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Any, ClassVar

from vigie.domain.cameras import Camera, check_name
from vigie.domain.detections import PERSON
from vigie.domain.instants import seconds_between
from vigie.domain.visits import Visit

_SUBJECT_LENGTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """Asks for an alert when a visit begins; an empty list of cameras, labels or zones means any."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    rule_id: str
    cameras: tuple[str, ...] = ()
    labels: tuple[str, ...] = (PERSON,)
    zones: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_name("rule_id", self.rule_id)

    def matches(self, visit: Visit) -> bool:
        """Tell whether the rule asks for an alert about this visit, as it was when it began."""
        return (
            (not self.cameras or visit.camera_id in self.cameras)
            and (not self.labels or visit.label in self.labels)
            and (not self.zones or not set(self.zones).isdisjoint(visit.zones))
        )


@dataclass(frozen=True, slots=True)
class Alert:
    """One message about one visit, by one rule."""

    rule_id: str
    visit: Visit

    @property
    def alert_id(self) -> str:
        """`<rule_id>/<visit_id>`: an alert is the same however often its event comes."""
        return f"{self.rule_id}/{self.visit.visit_id}"


class AlertState(StrEnum):
    """How far an alert has come: claimed by a sender, sent, or recorded only, being too old to send."""

    CLAIMED = "claimed"
    SENT = "sent"
    TOO_OLD = "too_old"


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """An alert as stored: its state, and when that was reached."""

    alert: Alert
    state: AlertState
    at: datetime


@dataclass(frozen=True, slots=True)
class AlertPlan:
    """What brings the stored alerts of a span of time in line with its visits.

    `adoptions` pair an alert whose visit is no more with the one that takes its place untold, since people
    know already; `orphans` found no such heir; `due` are yet to be sent, or being sent.
    """

    adoptions: tuple[tuple[AlertRecord, Alert], ...]
    orphans: tuple[AlertRecord, ...]
    due: tuple[Alert, ...]


def plan_alerts(
    visits: Sequence[Visit], rules: Iterable[AlertRule], stored: Iterable[AlertRecord]
) -> AlertPlan:
    """Compare the alerts that the rules ask for with those that are stored about the same span of time.

    A frame that came late may have shown that two visits were one, or that one began earlier: its alert
    then goes over to the nearest visit of the same rule and label that has none.
    """
    known = {visit.visit_id for visit in visits}
    records = {record.alert.alert_id: record for record in stored}
    lost = [record for record in records.values() if record.alert.visit.visit_id not in known]
    adoptions: list[tuple[AlertRecord, Alert]] = []
    due: list[Alert] = []
    for alert in alerts_for((visit.beginning for visit in visits), rules):
        record = records.get(alert.alert_id)
        if record is not None:
            if record.state is AlertState.CLAIMED:
                due.append(alert)
            continue
        heirs = [orphan for orphan in lost if _may_inherit(alert, orphan)]
        if heirs:
            orphan = min(heirs, key=lambda orphan: _apart(alert, orphan))
            lost.remove(orphan)
            adoptions.append((orphan, alert))
        else:
            due.append(alert)
    return AlertPlan(tuple(adoptions), tuple(lost), tuple(due))


def _may_inherit(alert: Alert, orphan: AlertRecord) -> bool:
    other = orphan.alert
    return alert.rule_id == other.rule_id and alert.visit.label == other.visit.label


def _apart(alert: Alert, orphan: AlertRecord) -> float:
    return abs(seconds_between(alert.visit.started_at, orphan.alert.visit.started_at))


def alerts_for(visits: Iterable[Visit], rules: Iterable[AlertRule]) -> tuple[Alert, ...]:
    """Return the alerts that the rules ask for when these visits begin, in order of visit, then rule."""
    rules = tuple(rules)
    return tuple(Alert(rule.rule_id, visit) for visit in visits for rule in rules if rule.matches(visit))


def is_too_old(alert: Alert, *, now: datetime, max_alert_age_s: float) -> bool:
    """Tell whether what the alert is about lies so far back that nobody should be woken for it."""
    return seconds_between(alert.visit.started_at, now) > max_alert_age_s


@dataclass(frozen=True, slots=True)
class AlertMessage:
    """An alert in words for people."""

    subject: str
    text: str


def plain_subject(text: str) -> str:
    """Return a subject that mail and SNS take: one line of at most 100 ASCII characters."""
    return " ".join(text.split()).encode("ascii", "replace").decode()[:_SUBJECT_LENGTH]


def message_for(alert: Alert, *, camera: Camera, tz: tzinfo) -> AlertMessage:
    """Put an alert into words: who, where, and when in the site's own time."""
    visit = alert.visit
    began = visit.started_at.astimezone(tz)
    place = camera.title + (f" ({', '.join(visit.zones)})" if visit.zones else "")
    return AlertMessage(
        subject=f"{visit.label.capitalize()} at {camera.title}, {began:%H:%M:%S}",
        text=(
            f"A {visit.label} came into view of {place} on {began:%A %d %B %Y at %H:%M:%S %Z}.\n"
            f"Confidence {visit.confidence:.0%}, rule {alert.rule_id!r}, visit {visit.visit_id}.\n"
        ),
    )
