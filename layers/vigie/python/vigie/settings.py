"""What each function reads from its environment, in one call: a field `table` comes from `VIGIE_TABLE`."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from vigie.documents import read_object
from vigie.errors import ConfigError

T = TypeVar("T")

_PREFIX = "VIGIE_"


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectFrameSettings:
    """Settings of `detect_frame`; `threads` is the vCPUs that its memory buys, 1,769 MB each.

    Without `face_model` no faces are kept, whatever a camera asks.
    """

    bucket: str
    table: str
    reports_topic: str
    model: Path
    threads: int = 1
    face_model: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreReportsSettings:
    """Settings of `store_reports`."""

    bucket: str
    table: str
    reports_topic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendAlertSettings:
    """Settings of `send_alert`.

    Messages link to pictures on the page at `page_url`; without it by links that `picture_role` signs, the
    ARN of an IAM role; without either by those that lasting credentials sign.
    """

    bucket: str
    table: str
    alerts_topic: str
    page_url: str | None = None
    picture_role: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderChartsSettings:
    """Settings of `render_charts`; with `page_refresh_s` above 0 an open page reloads itself."""

    bucket: str
    table: str
    page_refresh_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchCamerasSettings:
    """Settings of `watch_cameras`; `dead_letters` are the dead-letter queues' URLs, with spaces between."""

    bucket: str
    table: str
    alerts_topic: str
    dead_letters: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendCanarySettings:
    """Settings of `send_canary`."""

    bucket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordProofSettings:
    """Settings of `record_proof`."""

    table: str


def variable(field: str) -> str:
    """Return the environment variable that holds the setting."""
    return _PREFIX + field.upper()


def read_settings(kind: type[T], environ: Mapping[str, str]) -> T:
    """Build a settings object from the environment.

    Raises:
        ConfigError: a variable is missing or does not fit; names the variable.

    """
    given: dict[str, Any] = {}
    missing: list[str] = []
    for field in fields(kind):  # type: ignore[arg-type]
        name = variable(field.name)
        if text := environ.get(name):
            given[field.name] = read_object(field.type, text, source=name)  # type: ignore[arg-type]
        elif field.default is MISSING:
            missing.append(name)
    if missing:
        raise ConfigError(f"the environment lacks {', '.join(missing)}")
    return kind(**given)
