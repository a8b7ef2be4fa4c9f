"""SNS: the reports topic for the rest of the system, the alerts topic for people."""

from typing import TYPE_CHECKING, Any

from vigie.aws.clients import translated
from vigie.domain.alerting import plain_subject
from vigie.domain.pictures import picture_key
from vigie.messages import report_attributes, write_report_message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_sns import SNSClient

    from vigie.domain.alerting import Alert
    from vigie.domain.reports import FrameReport
    from vigie.domain.series import VisitsChange


class SnsReportPublisher:
    """Implements `ReportPublisher` on the reports topic."""

    def __init__(self, client: "SNSClient", topic_arn: str) -> None:
        self._sns = client
        self._topic = topic_arn

    def publish_report(self, report: "FrameReport", change: "VisitsChange") -> None:
        """See `ReportPublisher.publish_report`."""
        with translated(f"publishing the report of {report.key}"):
            self._sns.publish(
                TopicArn=self._topic,
                Message=write_report_message(report, change),
                MessageAttributes=_attributes(report_attributes(report, change)),
            )


class SnsNotifier:
    """Implements `Notifier` on the alerts topic."""

    def __init__(self, client: "SNSClient", topic_arn: str) -> None:
        self._sns = client
        self._topic = topic_arn

    def notify(self, alert: "Alert", *, subject: str, text: str) -> None:
        """See `Notifier.notify`; a subscriber can filter by camera, label and rule.

        `picture` is the key of the visit's picture in the data bucket, for whoever makes links of it.
        """
        attributes = {
            "camera_id": alert.visit.camera_id,
            "label": alert.visit.label,
            "rule_id": alert.rule_id,
            "picture": picture_key(alert.visit),
        }
        with translated(f"sending the alert {alert.alert_id}"):
            self._sns.publish(
                TopicArn=self._topic,
                Subject=plain_subject(subject),
                Message=text,
                MessageAttributes=_attributes(attributes),
            )


def _attributes(values: "Mapping[str, str | int]") -> dict[str, Any]:
    return {
        name: {"DataType": "Number" if isinstance(value, int) else "String", "StringValue": str(value)}
        for name, value in values.items()
    }
