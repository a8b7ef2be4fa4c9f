"""What the system consists of, as plain data: CDK builds it on AWS, and `infra.local` runs it on one machine.

Names are short and without a stage; whoever builds from the catalog adds its own prefix. A function's
environment names, for each setting of its class in `vigie.settings`, the resource that gives the value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from vigie.domain.frames import FRAMES_PREFIX
from vigie.domain.pictures import FACES_PREFIX, PICTURES_PREFIX
from vigie.messages import VISITS_CHANGED

# A message may be tried again only when the function that took it has surely ended: AWS's rule of six.
_VISIBILITY_FACTOR = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The DynamoDB table: string keys `pk` and `sk`."""

    name: str


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """An SNS topic."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A queue that follows a topic, messages raw, and the attributes that it asks for."""

    topic: str
    queue: str
    filter_policy: dict[str, list[object]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A Lambda function: the folder below lambdas/, what triggers it, and the resources that it is told of.

    Exactly one of `queue` and `every` is set. `layers` are folders below layers/. `environment` maps a
    setting's name to the resource whose name (bucket, table) or ARN (topic) it holds.
    """

    name: str
    layers: tuple[str, ...]
    memory_mb: int
    timeout: timedelta
    environment: Mapping[str, Table | Bucket | Topic]
    queue: str | None = None
    batch_size: int = 1
    every: timedelta | None = None

    @property
    def module(self) -> str:
        """The module in this checkout that holds the function `handler`."""
        return f"lambdas.{self.name}.handler"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """An SQS queue with its dead-letter queue, which takes a message after `max_receives` failures."""

    name: str
    max_receives: int = 5

    @property
    def dead_letter(self) -> str:
        """The name of its dead-letter queue."""
        return f"{self.name}-dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """The whole system; people subscribe to `people_topic`."""

    table: Table
    bucket: Bucket
    topics: tuple[Topic, ...]
    queues: tuple[Queue, ...]
    subscriptions: tuple[Subscription, ...]
    functions: tuple[Function, ...]
    people_topic: str

    def function_of(self, queue: str) -> Function:
        """Return the function that the queue feeds."""
        return next(function for function in self.functions if function.queue == queue)

    def visibility(self, queue: str) -> timedelta:
        """Return how long a received message stays hidden from other receivers."""
        return self.function_of(queue).timeout * _VISIBILITY_FACTOR


_REPORTS = Table(name="reports")
_DATA = Bucket(
    name="data",
    notifies="frames",
    prefix=FRAMES_PREFIX,
    suffix=".jpg",
    expires=((FACES_PREFIX, timedelta(days=1)), (PICTURES_PREFIX, timedelta(days=30))),
)
_REPORTS_TOPIC = Topic(name="reports")
_ALERTS_TOPIC = Topic(name="alerts")

CATALOG = Catalog(
    table=_REPORTS,
    bucket=_DATA,
    topics=(_REPORTS_TOPIC, _ALERTS_TOPIC),
    people_topic="alerts",
    queues=(Queue(name="frames"), Queue(name="alerts")),
    subscriptions=(
        Subscription(
            topic="reports", queue="alerts", filter_policy={VISITS_CHANGED: [{"numeric": ["=", 1]}]}
        ),
    ),
    functions=(
        Function(
            name="detect_frame",
            layers=("runtime", "vision", "vigie"),
            memory_mb=1769,
            timeout=timedelta(seconds=30),
            environment={"bucket": _DATA, "table": _REPORTS, "reports_topic": _REPORTS_TOPIC},
            queue="frames",
            batch_size=10,
        ),
        Function(
            name="send_alert",
            layers=("runtime", "vigie"),
            memory_mb=512,
            timeout=timedelta(seconds=10),
            environment={"bucket": _DATA, "table": _REPORTS, "alerts_topic": _ALERTS_TOPIC},
            queue="alerts",
            batch_size=10,
        ),
        Function(
            name="render_charts",
            layers=("runtime", "charts", "vigie"),
            memory_mb=1769,
            timeout=timedelta(minutes=2),
            environment={"bucket": _DATA, "table": _REPORTS},
            every=timedelta(minutes=15),
        ),
    ),
)
