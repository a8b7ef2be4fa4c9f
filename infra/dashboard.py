"""The dashboard: rows of widgets that an owner can read, from what came in to what it cost."""

from collections.abc import Mapping, Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from infra.config import Settings
from infra.metrics import Metrics
from infra.parts import Catalog

_FULL, _HALF, _THIRD = 24, 12, 8
_HOUR, _DAY = Duration.hours(1), Duration.days(1)


def dashboard_rows(
    catalog: Catalog, settings: Settings, metrics: Metrics, alarms: Sequence[cloudwatch.IAlarm]
) -> list[list[cloudwatch.IWidget]]:
    """Return the dashboard's rows."""
    frames = catalog.bucket.notifies
    functions = [function.name for function in catalog.functions]
    return [
        [
            cloudwatch.AlarmStatusWidget(
                title="Is anything wrong?", alarms=list(alarms), width=_FULL, height=6
            )
        ],
        [
            _graph(
                "Frames an hour",
                {frames: metrics.of_queue(frames, "NumberOfMessagesSent", "Sum", _HOUR)},
                _THIRD,
            ),
            _graph(
                f"Frames a day (alarm over {settings.alarms.frames_per_day})",
                {frames: metrics.of_queue(frames, "NumberOfMessagesSent", "Sum", _DAY)},
                _THIRD,
            ),
            _graph("Dark cameras", {"dark": metrics.dark_cameras()}, _THIRD),
        ],
        [
            _graph(
                "How long the oldest message waits (s)",
                {
                    queue.name: metrics.of_queue(queue.name, "ApproximateAgeOfOldestMessage", "Maximum")
                    for queue in catalog.queues
                },
                _HALF,
            ),
            _graph(
                "Messages that failed for good",
                {
                    queue.name: metrics.of_queue(
                        queue.dead_letter, "ApproximateNumberOfMessagesVisible", "Maximum"
                    )
                    for queue in catalog.queues
                },
                _HALF,
            ),
        ],
        [
            _graph(
                "Calls", {name: metrics.of_function(name, "Invocations", "Sum") for name in functions}, _HALF
            ),
            _graph(
                "How long 19 calls of 20 take at most (ms)",
                {name: metrics.of_function(name, "Duration", "p95") for name in functions},
                _HALF,
            ),
        ],
        [
            _graph(
                "Calls that failed",
                {name: metrics.of_function(name, "Errors", "Sum") for name in functions},
                _THIRD,
            ),
            _graph(
                "Calls that AWS held back",
                {name: metrics.of_function(name, "Throttles", "Sum") for name in functions},
                _THIRD,
            ),
            _graph(
                f"Spent this month, whole account (USD, budget {settings.monthly_budget_usd:g})",
                {"USD": metrics.spent()},
                _THIRD,
            ),
        ],
    ]


def _graph(title: str, curves: Mapping[str, cloudwatch.Metric], width: int) -> cloudwatch.GraphWidget:
    left: list[cloudwatch.IMetric] = [metric.with_(label=label) for label, metric in curves.items()]
    return cloudwatch.GraphWidget(title=title, left=left, width=width, height=6)
