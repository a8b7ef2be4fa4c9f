"""SNS: the reports topic for the rest of the system, the alerts topic for people."""

from typing import TYPE_CHECKING

from vigie.aws.clients import translated
from vigie.messages import VISITS_BEGUN, write_report_message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_sns import SNSClient

    from vigie.domain.alerting import Alert
    from vigie.domain.reports import FrameReport
    from vigie.domain.visits import Visit

# SNS refuses longer subjects, line breaks, and what is not ASCII.
_SUBJECT_LENGTH = 100


class SnsReportPublisher:
    """Implements `ReportPublisher` on the reports topic."""

    def __init__(self, client: "SNSClient", topic_arn: str) -> None:
        self._sns = client
        self._topic = topic_arn

    def publish_report(self, report: "FrameReport", visits_begun: "Sequence[Visit]") -> None:
        """See `ReportPublisher.publish_report`; attributes let a subscription filter without the body."""
        with translated(f"publishing the report of {report.key}"):
            self._sns.publish(
                TopicArn=self._topic,
                Message=write_report_message(report, visits_begun),
                MessageAttributes={
                    "camera_id": {"DataType": "String", "StringValue": report.key.camera_id},
                    VISITS_BEGUN: {"DataType": "Number", "StringValue": str(len(visits_begun))},
                },
            )


class SnsNotifier:
    """Implements `Notifier` on the alerts topic."""

    def __init__(self, client: "SNSClient", topic_arn: str) -> None:
        self._sns = client
        self._topic = topic_arn

    def notify(self, alert: "Alert", *, subject: str, text: str) -> None:
        """See `Notifier.notify`; a subscriber can filter by camera, label and rule."""
        attributes = {
            "camera_id": alert.visit.camera_id,
            "label": alert.visit.label,
            "rule_id": alert.rule_id,
        }
        with translated(f"sending the alert {alert.alert_id}"):
            self._sns.publish(
                TopicArn=self._topic,
                Subject=_subject(subject),
                Message=text,
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
                },
            )


def _subject(text: str) -> str:
    flat = " ".join(text.split())
    return flat.encode("ascii", "replace").decode()[:_SUBJECT_LENGTH]
