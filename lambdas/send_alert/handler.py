"""send_alert: an SQS batch of report messages in which visits began -> alerts in the table and by SNS."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from vigie.aws import clients
from vigie.aws.batch import handle_batch
from vigie.aws.notifier import SnsNotifier
from vigie.aws.report_store import DynamoReportStore
from vigie.aws.site_store import S3SiteSource
from vigie.messages import read_report_message
from vigie.settings import SendAlertSettings, read_settings
from vigie.steps.alert import send_alerts

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handler(event: dict[str, Any], context: "LambdaContext") -> "PartialItemFailureResponse":
    """Send the alerts that the batch's visits ask for; return the messages that must come again."""
    return handle_batch(event, context, build=_build, logger=_logger())


@cache
def _logger() -> Logger:
    return Logger(service="send_alert")


@cache
def _build() -> Callable[[str], None]:
    settings = read_settings(SendAlertSettings, os.environ)
    sites = S3SiteSource(clients.s3(), settings.bucket)
    send = partial(
        send_alerts,
        store=DynamoReportStore(clients.dynamodb(), settings.table),
        notifier=SnsNotifier(clients.sns(), settings.alerts_topic),
        clock=lambda: datetime.now(UTC),
    )

    def handle(body: str) -> None:
        message = read_report_message(body)
        sent = send(message.key.camera_id, message.change, site=sites.site())
        _logger().info("alerts sent", frame_key=str(message.key), sent=sent)

    return handle
