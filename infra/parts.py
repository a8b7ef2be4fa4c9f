"""The parts that a system is made of: what `infra.catalog` is written in, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

# A message may be tried again only when the function that took it has surely ended: AWS's rule of six, to
# which the time that a batch waits to fill is added, since a message is hidden from when it is taken.
_VISIBILITY_FACTOR = 6
# The least that a queue's function can be limited to. A new account runs ten at once, of all functions: what
# only follows the frames leaves the room to them.
_FEW = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The DynamoDB table: string keys `pk` and `sk`; items go when the attribute `expires` says."""

    name: str
    expires: str = "ttl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """A queue that hears of each new object of a prefix and suffix."""

    queue: str
    prefix: str
    suffix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """The data bucket, and where it announces new objects of a prefix and suffix.

    What lies under a prefix of `expires` is removed after that time, with its old versions.
    """

    name: str
    notifies: str
    prefix: str
    suffix: str
    expires: tuple[tuple[str, timedelta], ...] = ()
    others: tuple[Wire, ...] = ()

    @property
    def wires(self) -> tuple[Wire, ...]:
        """All that it announces: frames, and what else."""
        return (Wire(queue=self.notifies, prefix=self.prefix, suffix=self.suffix), *self.others)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """An SNS topic."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetters:
    """All dead-letter queues, as one setting: their URLs, with spaces between."""


Resource = Table | Bucket | Topic | DeadLetters


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A queue that follows a topic, messages raw, and the attributes that it asks for."""

    topic: str
    queue: str
    filter_policy: dict[str, list[object]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A Lambda function: the folder below lambdas/, what triggers it, and the resources that it is told of.

    Exactly one of `queue` and `every` is set. `layers` are what `layers.build` makes. `environment` maps a
    setting's name to the resource whose name (bucket, table), ARN (topic) or URLs (dead letters) it holds;
    `settings` are values that are the same wherever Lambda runs it. A function with `every` is called with
    the event `{}`. `at_once` is how many calls a queue may cause at one time; None is what the settings say.
    `log_level` goes before that of the settings: an alarm reads this log.
    """

    name: str
    layers: tuple[str, ...]
    memory_mb: int
    timeout: timedelta
    environment: Mapping[str, Resource]
    settings: Mapping[str, str] = field(default_factory=dict)
    queue: str | None = None
    batch_size: int = 1
    at_once: int | None = _FEW
    every: timedelta | None = None
    log_level: str | None = None

    @property
    def module(self) -> str:
        """The module in this checkout that holds the function `handler`."""
        return f"lambdas.{self.name}.handler"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """An SQS queue with its dead-letter queue, which takes a message after `max_receives` failures.

    A `prompt` one lets no message wait for others to fill its batch.
    """

    name: str
    max_receives: int = 5
    prompt: bool = False

    @property
    def dead_letter(self) -> str:
        """The name of its dead-letter queue."""
        return f"{self.name}-dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """The whole system; people subscribe to `people_topic`, with `people_filter` to get what is for them.

    `batch_window` is how long a batch of messages waits to fill, before a function is called; see `window`.
    """

    table: Table
    bucket: Bucket
    topics: tuple[Topic, ...]
    queues: tuple[Queue, ...]
    subscriptions: tuple[Subscription, ...]
    functions: tuple[Function, ...]
    people_topic: str
    people_filter: dict[str, list[object]] = field(default_factory=dict)
    batch_window: timedelta = timedelta(0)

    def function_of(self, queue: str) -> Function:
        """Return the function that the queue feeds."""
        return next(function for function in self.functions if function.queue == queue)

    def window(self, queue: str) -> timedelta:
        """Return how long a batch of the queue's messages waits to fill."""
        is_prompt = any(each.prompt for each in self.queues if each.name == queue)
        return timedelta(0) if is_prompt else self.batch_window

    def visibility(self, queue: str) -> timedelta:
        """Return how long a received message stays hidden from other receivers."""
        return self.function_of(queue).timeout * _VISIBILITY_FACTOR + self.window(queue)
