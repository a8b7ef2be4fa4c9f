"""watch_cameras: each minute -> dark cameras, dead letters and unproven alerts told by SNS, once."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from vigie.aws import clients
from vigie.aws.dead_letters import SqsDeadLetters
from vigie.aws.frame_store import S3FrameStore
from vigie.aws.health_store import DynamoHealthStore
from vigie.aws.heartbeat_store import S3HeartbeatSource
from vigie.aws.notifier import SnsNotifier
from vigie.aws.purse_store import DynamoPurse
from vigie.aws.recipients import SnsRecipients
from vigie.aws.report_store import DynamoReportStore
from vigie.aws.rollup_store import DynamoRollupStore
from vigie.aws.site_store import S3SiteSource
from vigie.aws.usage_book import DynamoUsageBook
from vigie.documents import PRICE_LIST, read_toml
from vigie.domain.prices import Prices
from vigie.settings import WatchCamerasSettings, read_settings
from vigie.steps.daily_bill import Ledger
from vigie.steps.tell import BudgetedNotifier
from vigie.steps.watch import Senses, dark_cameras, watch_cameras

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handler(_event: dict[str, Any], _context: "LambdaContext") -> dict[str, list[str]]:
    """Look once; return the subjects of which people were told."""
    return {"told": _build()()}


@cache
def _logger() -> Logger:
    return Logger(service="watch_cameras")


def _now() -> datetime:
    return datetime.now(UTC)


@cache
def _build() -> Callable[[], list[str]]:
    settings = read_settings(WatchCamerasSettings, os.environ)
    s3, dynamodb = clients.s3(), clients.dynamodb()
    sites = S3SiteSource(s3, settings.bucket)
    health = DynamoHealthStore(dynamodb, settings.table)
    purse = DynamoPurse(dynamodb, settings.table)
    minutes = DynamoReportStore(dynamodb, settings.table)
    rollups = DynamoRollupStore(dynamodb, settings.table)
    senses = Senses(
        heartbeats=S3HeartbeatSource(s3, settings.bucket),
        minutes=minutes,
        frames=S3FrameStore(s3, settings.bucket),
        letters=SqsDeadLetters(clients.sqs(), settings.dead_letters.split()),
        proofs=health,
        purse=purse,
        marks=purse,
        ledger=Ledger(
            minutes=minutes,
            rollups=rollups,
            purse=purse,
            prices=read_toml(Prices, PRICE_LIST),
            book=DynamoUsageBook(dynamodb, settings.table),
        ),
        stale=rollups,
    )
    notifier = BudgetedNotifier(
        inner=SnsNotifier(clients.sns_notices(), settings.alerts_topic),
        recipients=SnsRecipients(clients.sns(), settings.alerts_topic),
        purse=purse,
        site=sites.site,
        clock=_now,
    )

    def look() -> list[str]:
        told = watch_cameras(
            site=sites.site(),
            senses=senses,
            vigils=health,
            notifier=notifier,
            clock=_now,
        )
        # The operators' alarm counts dark cameras by this line.
        _logger().info("looked", told=list(told), dark=len(dark_cameras(health.vigils())))
        return list(told)

    return look
