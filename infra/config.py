"""The settings of a deployment, as cdk.json holds them: one document, and for each stage what differs there.

`stage` picks one of `stages`; `settings` holds every setting with its default, and a stage's go before them.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from edge_agent.rights import edge_rights
from vigie.documents import read_object
from vigie.domain.cameras import check_name, check_own_camera
from vigie.errors import ConfigError

SOURCE = "cdk.json"

_STAGE = re.compile(r"[a-z][a-z0-9]{0,11}")
_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]+")
# No spaces, no control characters; what stands outside ASCII is written with '%' or as xn--.
_PAGE = re.compile(r"https?://(?!/)[!\"$->@-~]+")
_LONGEST_PAGE = 500  # all variables of a function share 4 KB
_MOST_DAYS = 3650
# What CloudWatch Logs takes.
_LOG_DAYS = (
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)
_LEAST_CONCURRENCY, _MOST_CONCURRENCY = 2, 1000
# What AWS takes: of one thing's attribute, of one role's policies, and of resources in a stack.
_LONGEST_ATTRIBUTE, _LONGEST_POLICY, _MOST_AGENTS = 800, 10_240, 100
# The longest that stand in an agent's policy, for what only CloudFormation knows.
_LONG_BUCKET, _LONG_PARTITION, _LONG_KEY = "b" * 63, "aws-us-gov", "k" * 110
_SWITCHES = {"retain", "tracing"}
_STRICT = {"extra": "forbid"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How many days what is in the bucket stays, with its old versions; what is not named here stays.

    `old_versions` is for what is written over: the site document, pages, exports.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    frames: int = 7
    faces: int = 1
    pictures: int = 30
    quarantine: int = 30
    access_logs: int = 90
    old_versions: int = 30

    def __post_init__(self) -> None:
        for name in self.__slots__:
            _between(f"{name} days", getattr(self, name), 1, _MOST_DAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarms:
    """When the operators are told.

    `oldest_message_s`: a message has waited so long. `frames_per_day`: more frames than this came in 24
    hours. `duration_share`: of a function's time-out, that its slowest twentieth (p95) takes.
    `unproven_hours`: no canary has come out of the alert path for so long.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    oldest_message_s: int = 300
    frames_per_day: int = 200_000
    duration_share: float = 0.5
    unproven_hours: int = 3

    def __post_init__(self) -> None:
        _between("oldest_message_s", self.oldest_message_s, 60, 86_400)
        _between("frames_per_day", self.frames_per_day, 1, 100_000_000)
        _between("unproven_hours", self.unproven_hours, 2, 24)
        if not 0 < self.duration_share <= 1:
            raise ValueError(f"duration_share is over 0 and at most 1, not {self.duration_share:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that a person may choose about a deployment; docs/deploy.md says more of each.

    `retain`: bucket, table and key outlive the stacks. `tracing`: X-Ray follows some of the calls. `agents`
    maps an edge agent's name to its cameras.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    retain: bool
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    operators: tuple[str, ...] = ()
    agents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    keep: Keep = field(default_factory=Keep)
    alarms: Alarms = field(default_factory=Alarms)
    monthly_budget_usd: float = 20.0
    log_days: int = 30
    log_level: Literal["DEBUG", "INFO", "WARN", "ERROR"] = "INFO"
    tracing: bool = True
    max_concurrency: int = 4
    batch_window_s: int = 1
    page_url: str | None = None

    def __post_init__(self) -> None:
        for address in self.operators:
            if not _EMAIL.fullmatch(address):
                raise ValueError(f"operators are e-mail addresses such as ops@vigie.example, not {address!r}")
        if twice := _first_twice(address.lower() for address in self.operators):
            raise ValueError(f"operators names {twice!r} twice")
        _check_agents(self.agents)
        if not 0 < self.monthly_budget_usd <= 1_000_000:
            raise ValueError(
                f"monthly_budget_usd is over 0 and at most 1000000, not {self.monthly_budget_usd:g}"
            )
        if self.log_days not in _LOG_DAYS:
            raise ValueError(f"log_days is one of {', '.join(map(str, _LOG_DAYS))}, not {self.log_days}")
        _between("max_concurrency", self.max_concurrency, _LEAST_CONCURRENCY, _MOST_CONCURRENCY)
        _between("batch_window_s", self.batch_window_s, 0, 300)
        if self.page_url is not None:
            _check_page(self.page_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A stage and its settings."""

    stage: str
    settings: Settings


def read_config(context: Mapping[str, object], *, source: str = SOURCE) -> Config:
    """Read the settings of the stage that the context names.

    Raises:
        ConfigError: the stage is unknown, or a setting does not fit; names the key and what is allowed.

    """
    stages, stage = _mapping(context, "stages", source), context.get("stage")
    for name in stages:
        if not _STAGE.fullmatch(name):
            raise ConfigError(
                f"{source}: a stage is 1 to 12 of a-z and 0-9 and begins with a letter, not {name!r}"
            )
    if not isinstance(stage, str) or stage not in stages:
        raise ConfigError(
            f"{source}: stage {stage!r} is unknown; {', '.join(stages) or 'no stages'} are; "
            "make synth STAGE=... picks one"
        )
    common, own = _mapping(context, "settings", source), _mapping(stages, stage, f"{source}: stages")
    merged, place = _merged(common, own), f"{source}: settings of the stage {stage}"
    # To Python true is 1, and would pass as a day or a dollar.
    if switched := [name for name in _switches(merged) if name not in _SWITCHES]:
        raise ConfigError(f"{place}: {switched[0]} is no switch, and neither true nor false")
    settings = read_object(Settings, merged, source=place)
    return Config(stage=stage, settings=settings)


def _mapping(document: Mapping[str, object], key: str, source: str) -> Mapping[str, object]:
    value = document.get(key, {})
    if not isinstance(value, Mapping):
        raise ConfigError(f"{source}: {key} is an object, not {value!r}")
    return value


def _merged(common: Mapping[str, object], own: Mapping[str, object]) -> dict[str, object]:
    """Lay a stage's settings over the common ones; groups of settings key by key, agents as a whole."""
    merged = dict(common)
    for key, value in own.items():
        below = merged.get(key)
        grouped = key in {"keep", "alarms"} and isinstance(value, Mapping) and isinstance(below, Mapping)
        merged[key] = {**below, **value} if grouped else value  # type: ignore[dict-item]
    return merged


def _between(name: str, value: float, least: int, most: int) -> None:
    if not least <= value <= most:
        raise ValueError(f"{name} must be {least} to {most}, not {value}")


def _switches(document: Mapping[str, object], prefix: str = "") -> Iterator[str]:
    """Yield the keys whose values are true or false."""
    for key, value in document.items():
        if isinstance(value, bool):
            yield f"{prefix}{key}"
        elif isinstance(value, Mapping) and key in {"keep", "alarms"}:
            yield from _switches(value, f"{key}.")


def _first_twice(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def _check_page(address: str) -> None:
    if not _PAGE.fullmatch(address):
        raise ValueError(f"page_url is an address such as https://vigie.example, not {address[:80]!r}")
    if len(address) > _LONGEST_PAGE:
        raise ValueError(f"page_url is {len(address)} characters long; {_LONGEST_PAGE} are the most")


def _check_agents(agents: Mapping[str, Sequence[str]]) -> None:
    if len(agents) > _MOST_AGENTS:
        raise ValueError(f"agents names {len(agents)}; a stack holds {_MOST_AGENTS} at the most")
    for agent, cameras in agents.items():
        check_name("agent", agent)
        if not cameras:
            raise ValueError(f"the agent {agent!r} has no camera")
        for camera in cameras:
            try:
                check_own_camera(camera)
            except ValueError as error:
                raise ValueError(f"agents, {agent!r}: {error}") from error
        _check_size(agent, cameras)
    if twice := _first_twice(camera for cameras in agents.values() for camera in cameras):
        raise ValueError(f"agents names the camera {twice!r} twice; a camera has one agent")


def _check_size(agent: str, cameras: Sequence[str]) -> None:
    """Refuse what AWS would refuse in the middle of a deployment."""
    rights = edge_rights(
        bucket=_LONG_BUCKET, cameras=cameras, agent=agent, partition=_LONG_PARTITION, key_arn=_LONG_KEY
    )
    policy = len(json.dumps(rights, separators=(",", ":")))  # IAM does not count white space
    attribute = len(camera_attribute(cameras))
    for what, length, most in (
        ("its role's policy", policy, _LONGEST_POLICY),
        ("its thing's attribute", attribute, _LONGEST_ATTRIBUTE),
    ):
        if length > most:
            raise ValueError(
                f"the agent {agent!r} has too many cameras: with these {len(cameras)}, {what} may have "
                f"{length} characters, and AWS takes {most}; let a second agent have some"
            )


def camera_attribute(cameras: Sequence[str]) -> str:
    """Return an agent's cameras as its thing's attribute `cameras` holds them."""
    return ",".join(cameras)
