"""Heartbeats: what an edge agent says of itself and its cameras each minute.

An agent that says nothing is off or cut off; one that says that a camera fails is well. So a camera that
went dark can be told with its reason.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Literal

from vigie.domain.cameras import check_camera_id, check_name
from vigie.domain.instants import minute_of

HEARTBEATS_PREFIX = "heartbeats/"

CameraState = Literal["starting", "running", "waiting", "failing", "ended", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldSpan:
    """Minutes in a row, begin <= t < end, in which the day's cap held back all pictures that were to go."""

    begins_at: datetime
    ends_at: datetime

    def __post_init__(self) -> None:
        for name in ("begins_at", "ends_at"):
            instant = getattr(self, name)
            if instant.tzinfo is None or instant != minute_of(instant):
                raise ValueError(f"{name} is the beginning of a minute, with its time zone")


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraLife:
    """One camera as its agent sees it; counts are since the agent started.

    `starting` no picture yet, `running`, `waiting` to be started again, `failing` tried again rarely, `ended`
    or `failed` for good. `sampled` are pictures taken, `gated_out` those that the motion gate held back,
    `held_back` those for which the day's cap leaves nothing at their time, `held_in` the newest spans of
    minutes of which nothing else came,
    `uploaded` those that arrived in S3, `spooled` those that wait on disk now, `dropped` those that were
    lost, the last one at `dropped_at` for the reason `dropped_why`. `last_captured_at` is the newest
    picture's capture time, gated out or not. `error` holds no credentials.
    """

    camera_id: str
    state: CameraState = "starting"
    sampled: int = 0
    gated_out: int = 0
    held_back: int = 0
    held_in: tuple[HeldSpan, ...] = ()
    uploaded: int = 0
    spooled: int = 0
    dropped: int = 0
    dropped_at: datetime | None = None
    dropped_why: str | None = None
    started_at: datetime | None = None
    last_captured_at: datetime | None = None
    error: str | None = None

    def __post_init__(self) -> None:
        check_camera_id(self.camera_id)
        _check_zones(self, "dropped_at", "started_at", "last_captured_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class LampLife:
    """One lamp group as the agent that drives it sees it; `switches` are since the agent started.

    `wanted` is the level that its lease and the clock ask for since `since`, for the `reason` told; `level`
    the one that its lamps have taken on (None: none yet, or one was given up on its way to another). `error`
    says which lamp does not follow, and why.
    """

    group_id: str
    wanted: int
    reason: str
    level: int | None = None
    since: datetime | None = None
    switches: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """One agent at the instant `at` of its own clock; what it does not know is None.

    `upload_error`, `report_error` and `heartbeat_error` say why frames, local mode's reports and heartbeats
    do not arrive. `clock_ahead_s` says how far its clock is ahead of S3's. `site_etag` names the site
    document that it follows, `site_error` says why it refused a newer one, `site_denied` why it could read
    none. `agent_error` is a fault of the agent's own, a programming error, of the last few minutes.
    `lamps_error` says why it does not hear what its lamps are asked for.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "ignore"}

    agent_id: str
    at: datetime
    version: str
    cameras: tuple[CameraLife, ...] = ()
    spool_bytes: int = 0
    upload_error: str | None = None
    report_error: str | None = None
    heartbeat_error: str | None = None
    clock_ahead_s: float | None = None
    temperature_c: float | None = None
    site_etag: str | None = None
    site_error: str | None = None
    site_denied: str | None = None
    agent_error: str | None = None
    lamps: tuple[LampLife, ...] = ()
    lamps_error: str | None = None

    def __post_init__(self) -> None:
        check_name("agent_id", self.agent_id)
        _check_zones(self, "at")


def _check_zones(said: object, *names: str) -> None:
    for name in names:
        instant = getattr(said, name)
        if instant is not None and instant.tzinfo is None:
            raise ValueError(f"{name} needs a time zone, as in 2026-01-31T18:00:00Z")


def heartbeat_key(agent_id: str) -> str:
    """Return the key of the object that holds an agent's newest heartbeat, as JSON."""
    return f"{HEARTBEATS_PREFIX}{check_name('agent_id', agent_id)}.json"
