"""Alerting: who is told about which visits."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Any, ClassVar

from vigie.domain.cameras import Camera
from vigie.domain.detections import PERSON
from vigie.domain.instants import seconds_between
from vigie.domain.visits import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """Asks for an alert when a visit begins; an empty list of cameras, labels or zones means any."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    rule_id: str
    cameras: tuple[str, ...] = ()
    labels: tuple[str, ...] = (PERSON,)
    zones: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.rule_id:
            raise ValueError("rule_id must not be empty")

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


def message_for(alert: Alert, *, camera: Camera, zone: tzinfo) -> AlertMessage:
    """Put an alert into words: who, where, and when in the site's own time."""
    visit = alert.visit
    began = visit.started_at.astimezone(zone)
    place = camera.title + (f" ({', '.join(visit.zones)})" if visit.zones else "")
    return AlertMessage(
        subject=f"{visit.label.capitalize()} at {camera.title}, {began:%H:%M:%S}",
        text=(
            f"A {visit.label} came into view of {place} on {began:%A %d %B %Y at %H:%M:%S %Z}.\n"
            f"Confidence {visit.confidence:.0%}, rule {alert.rule_id!r}, visit {visit.visit_id}.\n"
        ),
    )
