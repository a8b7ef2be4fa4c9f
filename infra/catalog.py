"""What the system consists of, as plain data: CDK builds it on AWS, and `infra.local` runs it on one machine.

Names are short and without a stage; whoever builds from the catalog adds its own prefix. A function's
environment names, for each setting of its class in `vigie.settings`, the resource that gives the value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from vigie.domain.cameras import CANARY
from vigie.domain.comparison import REVIEW_PREFIX
from vigie.domain.frames import FRAMES_PREFIX
from vigie.domain.health import CANARY_FRAMES
from vigie.domain.notices import NoticeKind
from vigie.domain.pictures import FACES_PREFIX, PICTURES_PREFIX
from vigie.domain.reports import REPORTS_PREFIX
from vigie.messages import COMPARE, KIND, LIGHTS, VISITS_CHANGED

# Where the layer `model` puts the detector's file.
MODEL_ON_LAMBDA = "/opt/model/detector.onnx"
# And the file that finds faces, where the layer was built with one.
FACE_MODEL_ON_LAMBDA = "/opt/model/face.onnx"
MODEL_LAYER = "model"

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
    """An SQS queue with its dead-letter queue, which takes a message after `max_receives` failures."""

    name: str
    max_receives: int = 5

    @property
    def dead_letter(self) -> str:
        """The name of its dead-letter queue."""
        return f"{self.name}-dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """The whole system; people subscribe to `people_topic`, with `people_filter` to get what is for them.

    `batch_window` is how long a batch of messages waits to fill, before a function is called.
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

    def visibility(self, queue: str) -> timedelta:
        """Return how long a received message stays hidden from other receivers."""
        return self.function_of(queue).timeout * _VISIBILITY_FACTOR + self.batch_window


_REPORTS = Table(name="reports")
_DATA = Bucket(
    name="data",
    notifies="frames",
    prefix=FRAMES_PREFIX,
    suffix=".jpg",
    expires=(
        (FACES_PREFIX, timedelta(days=1)),
        (PICTURES_PREFIX, timedelta(days=30)),
        (CANARY_FRAMES, timedelta(days=1)),
        (f"{PICTURES_PREFIX}{CANARY}/", timedelta(days=1)),
        (REPORTS_PREFIX, timedelta(days=7)),
        (REVIEW_PREFIX, timedelta(days=90)),
    ),
    others=(Wire(queue="local-reports", prefix=REPORTS_PREFIX, suffix=".jsonl"),),
)
_REPORTS_TOPIC = Topic(name="reports")
_ALERTS_TOPIC = Topic(name="alerts")

CATALOG = Catalog(
    table=_REPORTS,
    bucket=_DATA,
    topics=(_REPORTS_TOPIC, _ALERTS_TOPIC),
    people_topic="alerts",
    people_filter={KIND: [{"anything-but": [NoticeKind.CANARY.value]}]},
    queues=(
        Queue(name="frames"),
        Queue(name="alerts"),
        Queue(name="canary"),
        Queue(name="local-reports"),
        Queue(name="lights"),
        Queue(name="compare"),
    ),
    subscriptions=(
        Subscription(
            topic="reports", queue="alerts", filter_policy={VISITS_CHANGED: [{"numeric": ["=", 1]}]}
        ),
        Subscription(topic="reports", queue="compare", filter_policy={COMPARE: [{"numeric": ["=", 1]}]}),
        Subscription(topic="alerts", queue="canary", filter_policy={KIND: [NoticeKind.CANARY.value]}),
        Subscription(topic="reports", queue="lights", filter_policy={LIGHTS: [{"numeric": ["=", 1]}]}),
    ),
    functions=(
        Function(
            name="detect_frame",
            layers=("runtime", "vision", "vigie", MODEL_LAYER),
            memory_mb=1769,
            timeout=timedelta(seconds=30),
            environment={"bucket": _DATA, "table": _REPORTS, "reports_topic": _REPORTS_TOPIC},
            settings={"model": MODEL_ON_LAMBDA, "threads": "1"},
            queue="frames",
            batch_size=10,
            at_once=None,
        ),
        Function(
            name="store_reports",
            layers=("runtime", "vigie"),
            memory_mb=512,
            timeout=timedelta(seconds=30),
            environment={"bucket": _DATA, "table": _REPORTS, "reports_topic": _REPORTS_TOPIC},
            queue="local-reports",
            batch_size=10,
        ),
        Function(
            name="send_alert",
            layers=("runtime", "vigie"),
            memory_mb=512,
            timeout=timedelta(seconds=15),
            environment={"bucket": _DATA, "table": _REPORTS, "alerts_topic": _ALERTS_TOPIC},
            queue="alerts",
            batch_size=10,
        ),
        Function(
            name="compare_labels",
            layers=("runtime", "vigie"),
            memory_mb=512,
            timeout=timedelta(seconds=60),
            environment={"bucket": _DATA, "table": _REPORTS},
            queue="compare",
            batch_size=1,  # a look takes a second or two, and only one that failed should come again
        ),
        Function(
            name="render_charts",
            layers=("runtime", "charts", "vigie"),
            memory_mb=1769,
            timeout=timedelta(minutes=2),
            environment={"bucket": _DATA, "table": _REPORTS},
            every=timedelta(minutes=15),
        ),
        Function(
            name="watch_cameras",
            layers=("runtime", "vigie"),
            memory_mb=512,
            timeout=timedelta(seconds=45),  # less than the lease of a notice, and than the interval
            environment={
                "bucket": _DATA,
                "table": _REPORTS,
                "alerts_topic": _ALERTS_TOPIC,
                "dead_letters": DeadLetters(),
            },
            every=timedelta(minutes=1),
            log_level="INFO",  # the line that says how many cameras are dark, whatever else is logged
        ),
        Function(
            name="send_canary",
            layers=("runtime", "vision", "vigie"),
            memory_mb=512,
            timeout=timedelta(seconds=30),
            environment={"bucket": _DATA},
            every=timedelta(hours=1),
        ),
        Function(
            name="record_proof",
            layers=("runtime", "vigie"),
            memory_mb=256,
            timeout=timedelta(seconds=15),
            environment={"table": _REPORTS},
            queue="canary",
            batch_size=10,
        ),
        Function(
            name="set_lights",
            layers=("runtime", "vigie"),
            memory_mb=512,
            timeout=timedelta(seconds=15),
            environment={"bucket": _DATA, "table": _REPORTS},
            queue="lights",
            batch_size=10,
        ),
    ),
)
