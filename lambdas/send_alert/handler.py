"""send_alert: an SQS batch of report messages in which visits began -> alerts in the table and by SNS."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from vigie.aws import clients
from vigie.aws.alert_store import DynamoAlertStore
from vigie.aws.batch import handle_batch
from vigie.aws.face_collection import RekognitionFaces
from vigie.aws.health_store import DynamoHealthStore
from vigie.aws.notifier import SnsNotifier
from vigie.aws.pause_store import DynamoPauseStore
from vigie.aws.people_store import DynamoPeopleStore
from vigie.aws.picture_links import S3PictureLinks
from vigie.aws.picture_store import S3PictureStore
from vigie.aws.purse_store import DynamoPurse
from vigie.aws.recipients import SnsRecipients
from vigie.aws.report_store import DynamoReportStore
from vigie.aws.site_store import S3SiteSource
from vigie.domain.cameras import CANARY
from vigie.messages import read_report_message
from vigie.settings import SendAlertSettings, read_settings
from vigie.steps.alert import send_alerts
from vigie.steps.pausing import Pauses
from vigie.steps.prove import announce_canary
from vigie.steps.recognise import Recogniser
from vigie.steps.tell import BudgetedNotifier
from vigie.vision.headers import read_header

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


def _size(jpeg: bytes) -> tuple[int, int]:
    return read_header(jpeg).size


@cache
def _build() -> Callable[[str], None]:
    settings = read_settings(SendAlertSettings, os.environ)
    s3, dynamodb = clients.s3(), clients.dynamodb()
    sites = S3SiteSource(s3, settings.bucket)
    # Fixed with the function: a document with another retention counts from the next cold start.
    retention = sites.site().retention
    purse = DynamoPurse(dynamodb, settings.table, retention)
    people = DynamoPeopleStore(dynamodb, settings.table, retention)
    # Made when it is first asked for: most sites know no faces.
    searches = cache(clients.rekognition_searches)
    recogniser = Recogniser(
        collection=lambda name: RekognitionFaces(searches(), name),
        kept=S3PictureStore(s3, settings.bucket),
        people=people,
        purse=purse,
        pauses=Pauses(DynamoPauseStore(dynamodb, settings.table), _now),
        measure=_size,
        clock=_now,
        steady=time.monotonic,
    )
    notifier = BudgetedNotifier(
        inner=SnsNotifier(clients.sns_notices(), settings.alerts_topic),
        recipients=SnsRecipients(clients.sns(), settings.alerts_topic),
        purse=purse,
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
        who=people.suggestion,
    )

    def handle(body: str) -> None:
        message = read_report_message(body)
        if message.key.camera_id == CANARY:
            announced = announce(message.key, message.change, site=sites.site())
            _logger().info("canary announced", frame_key=str(message.key), announced=announced)
            return
        site = sites.site()
        # Before the alerts, which name whom a face suggests.
        recogniser.look(message.change.begun, site=site)
        recogniser.look(message.change.nearer, site=site, frame=message.key)
        sent = send(message.key.camera_id, message.change, site=site)
        _logger().info("alerts sent", frame_key=str(message.key), sent=sent)

    return handle
