"""Which alarms there are: each says what it means and what to do, since an operator reads it at night."""

from collections.abc import Iterator
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from infra.config import Settings
from infra.metrics import Metrics
from infra.parts import Catalog, Function, Queue

_OVER = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
_REACHED = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
_UNDER = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
_QUIET = cloudwatch.TreatMissingData.NOT_BREACHING
_BAD = cloudwatch.TreatMissingData.BREACHING
_HOUR, _DAY = Duration.hours(1), Duration.days(1)
# One slow batch is no trend.
_SLOW_PERIODS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmPlan:
    """An alarm: `periods` of the metric in a row on the wrong side; `missing` says what no figure means."""

    name: str
    meaning: str
    metric: cloudwatch.IMetric
    threshold: float
    comparison: cloudwatch.ComparisonOperator = _REACHED
    periods: int = 1
    missing: cloudwatch.TreatMissingData = _QUIET

    @property
    def identifier(self) -> str:
        """Its identifier in the template."""
        return "".join(word.capitalize() for word in self.name.replace("_", "-").split("-")) + "Alarm"


def alarm_plans(catalog: Catalog, settings: Settings, metrics: Metrics) -> Iterator[AlarmPlan]:
    """Yield every alarm of a deployment."""
    for queue in catalog.queues:
        yield from _of_queue(queue, settings, metrics)
    for function in catalog.functions:
        yield from _of_function(function, settings, metrics)
    yield from _of_the_whole(catalog, settings, metrics)


def _of_queue(queue: Queue, settings: Settings, metrics: Metrics) -> Iterator[AlarmPlan]:
    oldest_s = settings.alarms.oldest_message_s
    yield AlarmPlan(
        name=f"{queue.name}-waits",
        meaning=f"A message of the queue {queue.name} has waited for more than {oldest_s} s. "
        "Is its function throttled or failing? Its log and its alarms tell.",
        metric=metrics.of_queue(queue.name, "ApproximateAgeOfOldestMessage", "Maximum"),
        threshold=oldest_s,
        comparison=_OVER,
    )
    yield AlarmPlan(
        name=f"{queue.dead_letter}-letters",
        meaning=f"Messages of the queue {queue.name} failed for good and lie in {queue.dead_letter}. "
        "The function's log says why; then start the queue's DLQ redrive.",
        metric=metrics.of_queue(queue.dead_letter, "ApproximateNumberOfMessagesVisible", "Maximum"),
        threshold=1,
    )


def _of_function(function: Function, settings: Settings, metrics: Metrics) -> Iterator[AlarmPlan]:
    name = function.name
    yield AlarmPlan(
        name=f"{name}-errors",
        meaning=f"The function {name} failed as a whole: its settings, its rights or the site document. "
        "Its log says why.",
        metric=metrics.of_function(name, "Errors", "Sum"),
        threshold=1,
    )
    yield AlarmPlan(
        name=f"{name}-throttles",
        meaning=f"AWS held back calls of {name}: the account's concurrency is used up. "
        "Ask for more, or lower max_concurrency.",
        metric=metrics.of_function(name, "Throttles", "Sum"),
        threshold=1,
        periods=_SLOW_PERIODS,
    )
    slow_ms = function.timeout.total_seconds() * 1000 * settings.alarms.duration_share
    yield AlarmPlan(
        name=f"{name}-slow",
        meaning=f"One call in twenty of {name} takes more than {slow_ms / 1000:g} s of its "
        f"{function.timeout.total_seconds():g} s. Are batches too large, or is a service slow?",
        metric=metrics.of_function(name, "Duration", "p95"),
        threshold=slow_ms,
        comparison=_OVER,
        periods=_SLOW_PERIODS,
    )


def _of_the_whole(catalog: Catalog, settings: Settings, metrics: Metrics) -> Iterator[AlarmPlan]:
    most = settings.alarms.frames_per_day
    yield AlarmPlan(
        name="frames-a-day",
        meaning=f"More than {most} frames came in 24 hours. A camera without its motion gate costs money: "
        "python -m edge_agent status on the agents says which.",
        metric=metrics.of_queue(catalog.bucket.notifies, "NumberOfMessagesSent", "Sum", _DAY),
        threshold=most,
        comparison=_OVER,
    )
    yield AlarmPlan(
        name="camera-dark",
        meaning="A camera shows nothing; who follows the alerts was told which and why.",
        metric=metrics.dark_cameras(),
        threshold=1,
    )
    yield AlarmPlan(
        name="nobody-watches",
        meaning="watch_cameras has not run for ten minutes: dark cameras go unnoticed. Has it a schedule?",
        metric=metrics.of_function("watch_cameras", "Invocations", "Sum"),
        threshold=1,
        comparison=_UNDER,
        periods=2,
        missing=_BAD,
    )
    hours = settings.alarms.unproven_hours
    yield AlarmPlan(
        name="alerts-unproven",
        meaning=f"No canary has come out of the alert path for {hours} hours: real alerts may not arrive. "
        "python -m vigie doctor says where it stops.",
        metric=metrics.of_function("record_proof", "Invocations", "Sum", _HOUR),
        threshold=1,
        comparison=_UNDER,
        periods=hours,
        missing=_BAD,
    )
