"""compare_labels: an SQS batch of reports of chosen frames -> Rekognition's look at each -> comparisons."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from vigie.aws import clients
from vigie.aws.batch import handle_batch
from vigie.aws.comparison_store import DynamoComparisonStore
from vigie.aws.meter import UsageMeter
from vigie.aws.pause_store import DynamoPauseStore
from vigie.aws.purse_store import DynamoPurse
from vigie.aws.rekognition import RekognitionLabels
from vigie.aws.report_store import DynamoReportStore
from vigie.aws.review_shelf import S3ReviewShelf
from vigie.aws.site_store import S3SiteSource
from vigie.aws.usage_book import DynamoUsageBook
from vigie.documents import PRICE_LIST, read_toml
from vigie.domain.prices import Prices
from vigie.domain.usage import Usage
from vigie.messages import read_report_message
from vigie.settings import CompareLabelsSettings, read_settings
from vigie.steps.charging import Charging
from vigie.steps.compare import compare_labels
from vigie.steps.pausing import Pauses

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handler(event: dict[str, Any], context: "LambdaContext") -> "PartialItemFailureResponse":
    """Compare every frame of the batch; return the messages that must come again."""
    return handle_batch(event, context, build=_build, logger=_logger())


@cache
def _logger() -> Logger:
    return Logger(service="compare_labels")


def _now() -> datetime:
    return datetime.now(UTC)


@cache
def _build() -> Callable[[str], None]:
    settings = read_settings(CompareLabelsSettings, os.environ)
    meter = UsageMeter(settings.memory_mb, each=Usage(messages=1))
    s3, dynamodb = meter.watch(clients.s3()), meter.watch(clients.dynamodb())
    sites = S3SiteSource(s3, settings.bucket)
    # Fixed with the function: a document with another retention counts from the next cold start.
    retention = sites.site().retention
    charging = Charging(meter=meter, book=DynamoUsageBook(dynamodb, settings.table, retention), clock=_now)
    compare = partial(
        compare_labels,
        reports=DynamoReportStore(dynamodb, settings.table, retention),
        comparisons=DynamoComparisonStore(dynamodb, settings.table, retention),
        service=RekognitionLabels(clients.rekognition(), s3, settings.bucket),
        shelf=S3ReviewShelf(s3, settings.bucket),
        purse=DynamoPurse(dynamodb, settings.table, retention),
        micro_usd=round(read_toml(Prices, PRICE_LIST).rekognition_image.of(1) * 1_000_000),
        clock=_now,
        pauses=Pauses(DynamoPauseStore(dynamodb, settings.table), _now),
    )

    def handle(body: str) -> None:
        key = read_report_message(body).key
        site = sites.site()
        with charging.message(key.camera_id, site.tz):
            outcome = compare(key, site=site)
        _logger().info("frame compared", frame_key=str(key), outcome=outcome.value)

    return handle
