"""Findings: how a check came out, what was found and what to do; and the facts that checks are about."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: its state, what was found, and what to do about it."""

    state: State
    what: str
    remedy: str = ""


def ok(what: str) -> Finding:
    """Return a finding that nothing is wrong."""
    return Finding(State.OK, what)


def warning(what: str, remedy: str) -> Finding:
    """Return a finding of what will cause trouble, or is unwise."""
    return Finding(State.WARNING, what, remedy)


def failure(what: str, remedy: str) -> Finding:
    """Return a finding of what keeps Vigie from working."""
    return Finding(State.FAILURE, what, remedy)


def unknown(what: str, remedy: str) -> Finding:
    """Return a finding that a check could not be made."""
    return Finding(State.UNKNOWN, what, remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFacts:
    """An SQS queue; `dead` is None without a dead-letter queue, `oldest_s` when nobody knows."""

    name: str
    waiting: int
    in_flight: int
    visibility_s: int
    max_receives: int | None = None
    dead: int | None = None
    dead_name: str = ""
    oldest_s: float | None = None
    key_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionFacts:
    """A subscription; its address is shortened, as it may be a person's."""

    protocol: str
    address: str
    state: str  # "confirmed", "pending", "deleted"
    filter_policy: Mapping[str, Any] | None = None
    by_body: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationFacts:
    """One rule by which a bucket announces new objects to a queue."""

    queue: str
    events: tuple[str, ...]
    prefix: str
    suffix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFacts:
    """The table's settings."""

    status: str
    ttl_attribute: str | None
    recovery: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsFacts:
    """The account's right to send SMS; amounts are dollars of this month, None when nobody knows."""

    sandbox: bool
    verified: int
    limit: float | None
    spent: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFacts:
    """The KMS key of a topic or queue; `policy` is None when AWS manages it, and nobody can change it."""

    key_id: str
    enabled: bool
    policy: Mapping[str, Any] | None
