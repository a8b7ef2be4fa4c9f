"""What each function reads from its environment, in one call: a field `table` comes from `VIGIE_TABLE`."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TypeVar

from vigie.documents import read_object

T = TypeVar("T")

_PREFIX = "VIGIE_"


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectFrameSettings:
    """Settings of `detect_frame`; `threads` is the vCPUs that its memory buys, 1,769 MB each."""

    bucket: str
    table: str
    reports_topic: str
    model: Path
    threads: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SendAlertSettings:
    """Settings of `send_alert`."""

    bucket: str
    table: str
    alerts_topic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderChartsSettings:
    """Settings of `render_charts`; with `page_refresh_s` above 0 an open page reloads itself."""

    bucket: str
    table: str
    page_refresh_s: int = 0


def variable(field: str) -> str:
    """Return the environment variable that holds the setting."""
    return _PREFIX + field.upper()


def read_settings(kind: type[T], environ: Mapping[str, str]) -> T:
    """Build a settings object from the environment.

    Raises:
        ConfigError: a variable is missing or does not fit; names the variable.

    """
    names = {field.name: variable(field.name) for field in fields(kind)}  # type: ignore[arg-type]
    given = {field: environ[name] for field, name in names.items() if environ.get(name)}
    return read_object(kind, given, source="the environment (VIGIE_...)")
