"""send_alert: an SQS batch of report messages in which visits began -> alerts in the table and by SNS."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from vigie.aws import clients
from vigie.aws.alert_store import DynamoAlertStore
from vigie.aws.batch import handle_batch
from vigie.aws.health_store import DynamoHealthStore
from vigie.aws.notifier import SnsNotifier
from vigie.aws.people_store import DynamoPeopleStore
from vigie.aws.picture_links import S3PictureLinks
from vigie.aws.purse_store import DynamoPurse
from vigie.aws.recipients import SnsRecipients
from vigie.aws.report_store import DynamoReportStore
from vigie.aws.site_store import S3SiteSource
from vigie.domain.cameras import CANARY
from vigie.messages import read_report_message
from vigie.settings import SendAlertSettings, read_settings
from vigie.steps.alert import send_alerts
from vigie.steps.prove import announce_canary
from vigie.steps.tell import BudgetedNotifier

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handler(event: dict[str, Any], context: "LambdaContext") -> "PartialItemFailureResponse":
    """Send the alerts that the batch's visits ask for; return the messages that must come again."""
    return handle_batch(event, context, build=_build, logger=_logger())


@cache
def _logger() -> Logger:
    return Logger(service="send_alert")


def _now() -> datetime:
    return datetime.now(UTC)


@cache
def _build() -> Callable[[str], None]:
    settings = read_settings(SendAlertSettings, os.environ)
    sites = S3SiteSource(clients.s3(), settings.bucket)
    dynamodb = clients.dynamodb()
    # Fixed with the function: a document with another retention counts from the next cold start.
    retention = sites.site().retention
    sns = clients.sns()
    notifier = BudgetedNotifier(
        inner=SnsNotifier(sns, settings.alerts_topic),
        recipients=SnsRecipients(sns, settings.alerts_topic),
        purse=DynamoPurse(dynamodb, settings.table, retention),
        site=sites.site,
        clock=_now,
    )
    announce = partial(announce_canary, proofs=DynamoHealthStore(dynamodb, settings.table), notifier=notifier)
    links = S3PictureLinks(
        settings.bucket,
        page_url=settings.page_url,
        role=settings.picture_role,
        clock=_now,
    )
    send = partial(
        send_alerts,
        minutes=DynamoReportStore(dynamodb, settings.table, retention),
        alerts=DynamoAlertStore(dynamodb, settings.table, retention),
        notifier=notifier,
        clock=_now,
        link_to=links.link,
        who=DynamoPeopleStore(dynamodb, settings.table, retention).suggestion,
    )

    def handle(body: str) -> None:
        message = read_report_message(body)
        if message.key.camera_id == CANARY:
            announced = announce(message.key, message.change, site=sites.site())
            _logger().info("canary announced", frame_key=str(message.key), announced=announced)
            return
        sent = send(message.key.camera_id, message.change, site=sites.site())
        _logger().info("alerts sent", frame_key=str(message.key), sent=sent)

    return handle
