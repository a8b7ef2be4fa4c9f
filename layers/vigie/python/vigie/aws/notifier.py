"""SNS: the reports topic for the rest of the system, the alerts topic for people."""

import json
from typing import TYPE_CHECKING, Any

from vigie.aws.clients import translated, was_refused
from vigie.domain.notices import Delivery
from vigie.domain.phrases import plain_subject
from vigie.errors import CloudError, NotSent
from vigie.messages import report_attributes, write_report_message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_sns import SNSClient

    from vigie.domain.notices import Notice
    from vigie.domain.reports import FrameReport
    from vigie.domain.series import VisitsChange

# SNS takes 256 KiB with the attributes, which stay far below the rest of it.
_MOST_BYTES = 224 * 1024
_NAMING = frozenset({"version", "kind", "alert_id", "rule", "at", "number", "since", "picture"})


class SnsReportPublisher:
    """Implements `ReportPublisher` on the reports topic."""

    def __init__(self, client: "SNSClient", topic_arn: str) -> None:
        self._sns = client
        self._topic = topic_arn

    def publish_report(
        self,
        report: "FrameReport",
        change: "VisitsChange",
        *,
        tells_lamps: bool = False,
        compare: bool = False,
    ) -> None:
        """See `ReportPublisher.publish_report`."""
        with translated(f"publishing the report of {report.key}"):
            self._sns.publish(
                TopicArn=self._topic,
                Message=write_report_message(report, change),
                MessageAttributes=_attributes(
                    report_attributes(report, change, tells_lamps=tells_lamps, compare=compare)
                ),
            )


class SnsNotifier:
    """Implements `Notifier` on the alerts topic.

    The client must try once (`clients.sns_notices`): after a second try nobody knows what the first did.
    """

    def __init__(self, client: "SNSClient", topic_arn: str) -> None:
        self._sns = client
        self._topic = topic_arn

    def notify(self, notice: "Notice") -> Delivery:
        """See `Notifier.notify`; a subscription can filter by the notice's kind and attributes.

        Mail boxes get the e-mail, telephones and mobile apps the SMS, everybody else (SQS, Lambda, HTTPS,
        Firehose, e-mail as JSON) the data, with the words that people get under `words`.

        Raises:
            NotSent: SNS refused it, or could not be reached.
            CloudError: nobody knows whether it went out.

        """
        try:
            with translated(f"sending a notice of the kind {notice.kind}"):
                self._sns.publish(
                    TopicArn=self._topic,
                    Subject=plain_subject(notice.subject),
                    Message=_bodies(notice),
                    MessageStructure="json",
                    MessageAttributes=_attributes({"kind": notice.kind.value, **notice.attributes}),
                )
        except CloudError as error:
            if was_refused(error.__cause__):
                raise NotSent(str(error)) from error
            raise
        return Delivery.SENT


def _bodies(notice: "Notice") -> str:
    """Return a body for each protocol, within what SNS takes; of data too large only what names it stays."""
    words = {"subject": notice.subject, "email": notice.email, "sms": notice.sms}
    bodies = _encoded(notice, {**notice.data, "words": words})
    if len(bodies.encode()) > _MOST_BYTES:
        named = {name: value for name, value in notice.data.items() if name in _NAMING}
        bodies = _encoded(notice, {**named, "cut": True, "words": words})
    return bodies


def _encoded(notice: "Notice", data: "Mapping[str, Any]") -> str:
    # A protocol without a body of its own gets the default. Characters stay as they are: escaped in JSON in
    # JSON, one would take up to 14 bytes.
    return json.dumps(
        {
            "default": json.dumps(data, ensure_ascii=False),
            "email": notice.email,
            "sms": notice.sms,
            "application": notice.sms,
        },
        ensure_ascii=False,
    )


def _attributes(values: "Mapping[str, str | int | tuple[str, ...]]") -> dict[str, Any]:
    """Return SNS's form of attributes; an empty list is left out, so that filters can ask for its absence."""
    return {name: _attribute(value) for name, value in values.items() if value != ()}


def _attribute(value: "str | int | tuple[str, ...]") -> dict[str, str]:
    match value:
        case tuple():
            return {"DataType": "String.Array", "StringValue": json.dumps(value, ensure_ascii=False)}
        case int():
            return {"DataType": "Number", "StringValue": str(value)}
        case str():
            return {"DataType": "String", "StringValue": value}
