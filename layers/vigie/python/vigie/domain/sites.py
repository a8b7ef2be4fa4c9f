"""The site: the one document that says what is watched, and by which rules."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from vigie.domain.alerting import AlertRule
from vigie.domain.cameras import Camera
from vigie.domain.detections import DEFAULT_LABELS
from vigie.domain.visits import VisitLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What `site/config/site.json` holds; every key has a default, so an empty document is a site.

    A camera that the document does not name is watched all the same, without a name or zones.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    name: str = "Vigie"
    time_zone: str = "UTC"
    cameras: tuple[Camera, ...] = ()
    labels: tuple[str, ...] = DEFAULT_LABELS
    visits: VisitLimits = field(default_factory=VisitLimits)
    rules: tuple[AlertRule, ...] = (AlertRule(rule_id="people"),)
    max_alert_age_s: float = 900.0

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, IsADirectoryError) as error:
            raise ValueError(
                f"time_zone {self.time_zone!r} is no name such as Europe/Paris of the time zone database"
            ) from error
        for what, names in (
            ("camera_id", [camera.camera_id for camera in self.cameras]),
            ("rule_id", [rule.rule_id for rule in self.rules]),
        ):
            twice = [name for name, times in Counter(names).items() if times > 1]
            if twice:
                raise ValueError(f"{what} {twice[0]!r} is given twice")
        if not self.labels:
            raise ValueError("labels must name at least one thing to look for")
        for rule in self.rules:
            self._check_rule(rule)
        if self.max_alert_age_s <= 0:
            raise ValueError("max_alert_age_s must be more than 0 seconds")

    def _check_rule(self, rule: AlertRule) -> None:
        """Refuse a rule that asks for what this site cannot see, since it would be silent for ever."""
        cameras = [camera for camera in self.cameras if not rule.cameras or camera.camera_id in rule.cameras]
        for what, asked, known in (
            ("camera", rule.cameras, [camera.camera_id for camera in self.cameras]),
            ("label", rule.labels, self.labels),
            ("zone", rule.zones, [zone.name for camera in cameras for zone in camera.zones]),
        ):
            unknown = [name for name in asked if name not in known]
            if unknown:
                there = ", ".join(known) or "none"
                raise ValueError(f"rule {rule.rule_id!r} asks for {what} {unknown[0]!r}; there is {there}")

    @property
    def tz(self) -> ZoneInfo:
        """The site's time zone."""
        return ZoneInfo(self.time_zone)

    def camera(self, camera_id: str) -> Camera:
        """Return the camera of that id; a bare one when the document does not name it."""
        known = (camera for camera in self.cameras if camera.camera_id == camera_id)
        return next(known, Camera(camera_id))
