"""The site: the one document that says what is watched, and by which rules."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from vigie.domain.alerting import AlertPolicy
from vigie.domain.cameras import Camera, Engine, check_own_camera
from vigie.domain.caps import Caps
from vigie.domain.comparison import LABELS_THERE, Comparison
from vigie.domain.detections import DEFAULT_LABELS
from vigie.domain.following import Following
from vigie.domain.hours import is_time_of_day
from vigie.domain.lamps import LampGroup, check_lamp_groups
from vigie.domain.lighting import tells_lamps
from vigie.domain.people import KnownFaces
from vigie.domain.rules import LONGEST_COOLDOWN_S, AlertRule, CameraRules
from vigie.domain.series import Minute, VisitsChange
from vigie.domain.sun import Position
from vigie.domain.visits import VisitLimits

_MOST_DAYS = 36_500


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A spot that several cameras show: what they see at the same time is one visit, and one alert."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    name: str
    cameras: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(set(self.cameras)) < 2 or len(set(self.cameras)) != len(self.cameras):
            raise ValueError(f"place {self.name!r} needs at least two different cameras")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How many days the table keeps reports (with their detections), minutes and alerts.

    Daily sums are kept for good. How long pictures and frames are kept is decided when Vigie is deployed.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    reports_days: int = 30
    minutes_days: int = 400
    alerts_days: int = 400

    def __post_init__(self) -> None:
        for name in ("reports_days", "minutes_days", "alerts_days"):
            if not 1 <= getattr(self, name) <= _MOST_DAYS:
                raise ValueError(f"{name} is 1 to {_MOST_DAYS}")
        if self.minutes_days < self.reports_days:
            raise ValueError(
                "minutes_days must be at least reports_days, since late reports need their minutes"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Watchfulness:
    """When people are told that the system itself does not see: seconds of silence.

    A camera without a frame or heartbeat for `dark_after_s` is dark (0: nobody is told). Frames that lie in
    the dead-letter queue are told after `dead_after_s`; an alert path that has not been proven for
    `unproven_after_s` too.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    dark_after_s: float = 300.0
    dead_after_s: float = 60.0
    unproven_after_s: float = 9000.0

    def __post_init__(self) -> None:
        for name in ("dark_after_s", "dead_after_s", "unproven_after_s"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is 0 or more seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What `site/config/site.json` holds; every key has a default, so an empty document is a site.

    After any alert all rules are quiet for `cooldown_s`, and until `snoozed_until`.

    From `daily_bill_at` on, such as 07:30, people hear each day what the day before cost; None: nobody does.

    A camera that the document does not name is watched all the same, without a name or zones. `position`
    tells lamp groups when dusk and dawn are.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    name: str = "Vigie"
    time_zone: str = "UTC"
    cameras: tuple[Camera, ...] = ()
    labels: tuple[str, ...] = DEFAULT_LABELS
    visits: VisitLimits = field(default_factory=VisitLimits)
    rules: tuple[AlertRule, ...] = (AlertRule(rule_id="people"),)
    max_alert_age_s: float = 900.0
    cooldown_s: float = 0.0
    snoozed_until: datetime | None = None
    places: tuple[Place, ...] = ()
    retention: Retention = field(default_factory=Retention)
    watchfulness: Watchfulness = field(default_factory=Watchfulness)
    position: Position | None = None
    lamp_groups: tuple[LampGroup, ...] = ()
    caps: Caps = field(default_factory=Caps)
    daily_bill_at: str | None = None
    comparison: Comparison = field(default_factory=Comparison)
    known_faces: KnownFaces = field(default_factory=KnownFaces)

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
        for camera in self.cameras:
            check_own_camera(camera.camera_id)
        if not self.labels:
            raise ValueError("labels must name at least one thing to look for")
        for rule in self.rules:
            self._check_rule(rule)
        self._check_engines()
        if self.max_alert_age_s <= 0:
            raise ValueError("max_alert_age_s must be more than 0 seconds")
        if not 0 <= self.cooldown_s <= LONGEST_COOLDOWN_S:
            raise ValueError(f"cooldown_s is 0 to {LONGEST_COOLDOWN_S:.0f} seconds")
        if self.snoozed_until is not None and self.snoozed_until.tzinfo is None:
            raise ValueError("snoozed_until needs a time zone, as in 2026-01-31T18:00:00Z")
        if self.daily_bill_at is not None and not is_time_of_day(self.daily_bill_at):
            raise ValueError(f"daily_bill_at is a time of day such as 07:30, not {self.daily_bill_at!r}")
        self._check_places()
        check_lamp_groups(self.lamp_groups, cameras=self.cameras, labels=self.labels, position=self.position)

    def _check_places(self) -> None:
        """Refuse a place of cameras that are unknown, or of one that is in two places."""
        known = {camera.camera_id for camera in self.cameras}
        placed: dict[str, str] = {}
        for place in self.places:
            for camera_id in place.cameras:
                if camera_id not in known:
                    there = ", ".join(sorted(known)) or "none"
                    raise ValueError(f"place {place.name!r} has a camera {camera_id!r}; there is {there}")
                if camera_id in placed:
                    raise ValueError(f"camera {camera_id!r} is in {placed[camera_id]!r} and {place.name!r}")
                placed[camera_id] = place.name

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

    def _check_engines(self) -> None:
        """Refuse labels that Rekognition is not asked for, where nothing else looks."""
        known, there = set(LABELS_THERE.values()), ", ".join(LABELS_THERE.values())
        for camera in self.cameras:
            if camera.engine is Engine.REKOGNITION and not known.intersection(self.labels):
                raise ValueError(
                    f"camera {camera.camera_id!r} has Rekognition look for {there}; labels has none of these"
                )
        for rule in self.rules:
            engines = {camera.engine for camera in self.cameras if rule.looks_at(camera.camera_id)}
            unknown = [label for label in rule.labels if label not in known]
            if engines == {Engine.REKOGNITION} and unknown:
                raise ValueError(
                    f"rule {rule.rule_id!r} asks for label {unknown[0]!r} of cameras that have Rekognition "
                    f"look; it looks for {there}"
                )

    @property
    def tz(self) -> ZoneInfo:
        """The site's time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def alert_policy(self) -> AlertPolicy:
        """What the site says of sending alerts."""
        return AlertPolicy(
            rules=self.rules,
            cooldown_s=self.cooldown_s,
            snoozed_until=self.snoozed_until,
            max_alert_age_s=self.max_alert_age_s,
            places=tuple(place.cameras for place in self.places),
        )

    def following(self, camera_id: str) -> Following:
        """Return how the frames of a camera are followed."""
        rules = tuple(rule for rule in self.rules if rule.looks_at(camera_id))
        is_shared = self.place_of(camera_id) is not None
        return Following(self.visits, CameraRules(rules, self.tz), is_shared)

    def place_of(self, camera_id: str) -> Place | None:
        """Return the place that the camera shows together with others, if any."""
        return next((place for place in self.places if camera_id in place.cameras), None)

    def tells_lamps(self, minute: Minute, before: Minute | None, change: VisitsChange) -> bool:
        """Tell whether a frame may change the lease of a lamp group; see `lighting.tells_lamps`."""
        return tells_lamps(
            self.lamp_groups,
            minute,
            before,
            change,
            limits=self.visits,
            tz=self.tz,
            position=self.position,
        )

    def camera(self, camera_id: str) -> Camera:
        """Return the camera of that id; a bare one when the document does not name it."""
        known = (camera for camera in self.cameras if camera.camera_id == camera_id)
        return next(known, Camera(camera_id))
