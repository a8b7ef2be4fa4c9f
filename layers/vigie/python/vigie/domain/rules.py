"""Rules: what the site asks to be told about."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, ClassVar

from vigie.domain.cameras import check_name
from vigie.domain.detections import PERSON
from vigie.domain.hours import Hours

CHANNELS = ("email", "sms", "machine")
MOST_AT_ONCE = 1000
LONGEST_STAY_S = LONGEST_COOLDOWN_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """Asks for an alert about visits; an empty list of cameras, labels, zones or hours means any.

    A visit counts when it has been in view (with `zones`, in one of them) for `min_stay_s`, within `hours` of
    the site's time. With `min_number` above 1 one alert is asked for when so many are there at once. After an
    alert that was sent the rule is quiet for `cooldown_s` of capture time, and until `snoozed_until`.
    `channels` name the ways on which people hear of it.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    rule_id: str
    cameras: tuple[str, ...] = ()
    labels: tuple[str, ...] = (PERSON,)
    zones: tuple[str, ...] = ()
    min_number: int = 1
    min_stay_s: float = 0.0
    hours: tuple[Hours, ...] = ()
    cooldown_s: float = 60.0
    snoozed_until: datetime | None = None
    channels: tuple[str, ...] = CHANNELS

    def __post_init__(self) -> None:
        check_name("rule_id", self.rule_id)
        if not 1 <= self.min_number <= MOST_AT_ONCE:
            raise ValueError(f"min_number is 1 to {MOST_AT_ONCE}")
        if not 0 <= self.min_stay_s <= LONGEST_STAY_S:
            raise ValueError(f"min_stay_s is 0 to {LONGEST_STAY_S:.0f} seconds")
        if not 0 <= self.cooldown_s <= LONGEST_COOLDOWN_S:
            raise ValueError(f"cooldown_s is 0 to {LONGEST_COOLDOWN_S:.0f} seconds")
        if self.snoozed_until is not None and self.snoozed_until.tzinfo is None:
            raise ValueError("snoozed_until needs a time zone, as in 2026-01-31T18:00:00Z")
        if not self.channels:
            raise ValueError(f"channels must name at least one of {', '.join(CHANNELS)}")
        unknown = [channel for channel in self.channels if channel not in CHANNELS]
        if unknown:
            raise ValueError(f"channels are {', '.join(CHANNELS)}, not {unknown[0]!r}")

    def looks_at(self, camera_id: str) -> bool:
        """Tell whether the rule is about that camera."""
        return not self.cameras or camera_id in self.cameras

    def counts(self, label: str, zones: Iterable[str]) -> bool:
        """Tell whether the rule counts a thing of that label that stands in those zones."""
        return (not self.labels or label in self.labels) and (
            not self.zones or not set(self.zones).isdisjoint(zones)
        )

    def is_on(self, instant: datetime, tz: tzinfo) -> bool:
        """Tell whether the instant lies in the rule's hours."""
        return not self.hours or any(hours.hold(instant, tz) for hours in self.hours)


@dataclass(frozen=True, slots=True)
class CameraRules:
    """What follows the visits of one camera must know beside their limits: its rules, and the site's time."""

    rules: tuple[AlertRule, ...] = ()
    tz: tzinfo = UTC
