"""What each function reads from its environment, in one call: a field `table` comes from `VIGIE_TABLE`.

What Lambda itself says comes from the variable that the field names.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from vigie.documents import read_object
from vigie.domain.lamps import LAMP_THINGS
from vigie.errors import ConfigError

T = TypeVar("T")

_PREFIX = "VIGIE_"
# What Lambda itself says of a function.
_MEMORY = {"variable": "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectFrameSettings:
    """Settings of `detect_frame`; `threads` is the vCPUs that its memory buys, 1,769 MB each.

    Without `face_model` no faces are kept, whatever a camera asks. `memory_mb` is what Lambda charges for.
    """

    bucket: str
    table: str
    reports_topic: str
    model: Path
    threads: int = 1
    face_model: Path | None = None
    memory_mb: int = field(default=1_769, metadata=_MEMORY)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreReportsSettings:
    """Settings of `store_reports`; `memory_mb` is what Lambda charges for."""

    bucket: str
    table: str
    reports_topic: str
    memory_mb: int = field(default=512, metadata=_MEMORY)


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
class SetLightsSettings:
    """Settings of `set_lights`; `lamp_things` is what the names of lamp groups' things begin with.

    `memory_mb` is what Lambda charges for.
    """

    bucket: str
    table: str
    lamp_things: str = LAMP_THINGS
    memory_mb: int = field(default=512, metadata=_MEMORY)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareLabelsSettings:
    """Settings of `compare_labels`; `memory_mb` is what Lambda charges for."""

    bucket: str
    table: str
    memory_mb: int = field(default=512, metadata=_MEMORY)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderChartsSettings:
    """Settings of `render_charts`; with `page_refresh_s` above 0 an open page reloads itself.

    With `recorded_answers` pages say that Rekognition's answers are recorded ones, as on one machine.
    """

    bucket: str
    table: str
    page_refresh_s: int = 0
    recorded_answers: bool = False


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
    for one in fields(kind):  # type: ignore[arg-type]
        name = one.metadata.get("variable", variable(one.name))
        if text := environ.get(name):
            given[one.name] = read_object(one.type, text, source=name)  # type: ignore[arg-type]
        elif one.default is MISSING:
            missing.append(name)
    if missing:
        raise ConfigError(f"the environment lacks {', '.join(missing)}")
    return kind(**given)
