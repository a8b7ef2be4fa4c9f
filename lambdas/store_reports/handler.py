"""store_reports: a batch of S3 notifications of reports/ -> reports and minutes, then the reports topic."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from vigie.aws import clients
from vigie.aws.batch import handle_batch
from vigie.aws.meter import UsageMeter
from vigie.aws.notifier import SnsReportPublisher
from vigie.aws.purse_store import DynamoPurse
from vigie.aws.report_files import S3ReportFiles
from vigie.aws.report_store import DynamoReportStore
from vigie.aws.rollup_store import DynamoRollupStore
from vigie.aws.site_store import S3SiteSource
from vigie.domain.frames import camera_of
from vigie.messages import object_keys
from vigie.settings import StoreReportsSettings, read_settings
from vigie.steps.allowance import FrameAllowance, FrameBudget
from vigie.steps.store import store_reports

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handler(event: dict[str, Any], context: "LambdaContext") -> "PartialItemFailureResponse":
    """Store every report that the batch's objects bring; return the messages that must come again."""
    return handle_batch(event, context, build=_build, logger=_logger())


@cache
def _logger() -> Logger:
    return Logger(service="store_reports")


@cache
def _build() -> Callable[[str], None]:
    settings = read_settings(StoreReportsSettings, os.environ)
    meter = UsageMeter(settings.memory_mb)
    s3, dynamodb = meter.watch(clients.s3()), meter.watch(clients.dynamodb())
    sites = S3SiteSource(s3, settings.bucket)
    retention = sites.site().retention
    purse = DynamoPurse(dynamodb, settings.table, retention)
    store = partial(
        store_reports,
        files=S3ReportFiles(s3, settings.bucket),
        reports=DynamoReportStore(dynamodb, settings.table, retention),
        stale=DynamoRollupStore(dynamodb, settings.table),
        publisher=SnsReportPublisher(meter.watch(clients.sns()), settings.reports_topic),
        clock=lambda: datetime.now(UTC),
        budget=FrameBudget(FrameAllowance(purse), purse),
        meter=meter,
    )

    def handle(body: str) -> None:
        for object_key in object_keys(body):
            with meter.working_for(camera_of(object_key)):
                count = store(object_key, site=sites.site())
            _logger().info("reports stored", object_key=object_key, reports=count)

    return handle
