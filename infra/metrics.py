"""The figures that alarms and the dashboard look at, by the names of what they are of."""

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from infra.names import Names

# The one metric of our own; watch_cameras logs it each minute.
CAMERAS_DARK = "CamerasDark"

_FIVE_MINUTES = Duration.minutes(5)


@dataclass(frozen=True, slots=True)
class Metrics:
    """Metrics of one stage; those of functions and queues AWS measures at no cost."""

    names: Names

    @property
    def namespace(self) -> str:
        """Where the metric of our own lies."""
        return f"Vigie/{self.names.stage}"

    def of_function(
        self, function: str, metric: str, statistic: str, period: Duration = _FIVE_MINUTES
    ) -> cloudwatch.Metric:
        """Return a function's metric, such as Errors."""
        return cloudwatch.Metric(
            namespace="AWS/Lambda",
            metric_name=metric,
            dimensions_map={"FunctionName": self.names.of(function)},
            statistic=statistic,
            period=period,
        )

    def of_queue(
        self, queue: str, metric: str, statistic: str, period: Duration = _FIVE_MINUTES
    ) -> cloudwatch.Metric:
        """Return a queue's metric, such as ApproximateAgeOfOldestMessage."""
        return cloudwatch.Metric(
            namespace="AWS/SQS",
            metric_name=metric,
            dimensions_map={"QueueName": self.names.of(queue)},
            statistic=statistic,
            period=period,
        )

    def dark_cameras(self) -> cloudwatch.Metric:
        """Return how many cameras are dark; people were told of each."""
        return cloudwatch.Metric(
            namespace=self.namespace,
            metric_name=CAMERAS_DARK,
            statistic="Maximum",
            period=_FIVE_MINUTES,
        )

    def spent(self) -> cloudwatch.Metric:
        """Return what the account has spent this month; AWS measures it in one region, where asked to."""
        return cloudwatch.Metric(
            namespace="AWS/Billing",
            metric_name="EstimatedCharges",
            dimensions_map={"Currency": "USD"},
            statistic="Maximum",
            period=Duration.hours(6),
            region="us-east-1",
        )
