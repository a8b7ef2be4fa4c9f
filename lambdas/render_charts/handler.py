"""render_charts: on a schedule -> charts, page and exports of the day under site/ in the bucket."""

import os
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from vigie.aws import clients
from vigie.aws.alert_store import DynamoAlertStore
from vigie.aws.comparison_store import DynamoComparisonStore
from vigie.aws.energy_store import DynamoEnergyStore
from vigie.aws.frame_store import S3FrameStore
from vigie.aws.health_store import DynamoHealthStore
from vigie.aws.people_store import DynamoPeopleStore
from vigie.aws.purse_store import DynamoPurse
from vigie.aws.report_store import DynamoReportStore
from vigie.aws.rollup_store import DynamoRollupStore
from vigie.aws.site_store import S3Shelf, S3SiteSource
from vigie.aws.usage_book import DynamoUsageBook
from vigie.charts.daily import render_day
from vigie.documents import PRICE_LIST, read_toml
from vigie.domain.prices import Prices
from vigie.domain.workloads import Deployment
from vigie.messages import read_schedule
from vigie.settings import RenderChartsSettings, read_settings
from vigie.steps.agree import day_agreement
from vigie.steps.alert import alerts_withheld
from vigie.steps.chart import chart_days, days_to_chart, stale_days
from vigie.steps.recognise import suggested_today

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handler(event: dict[str, Any], _context: "LambdaContext") -> dict[str, list[str]]:
    """Draw the days that the event names in `days`, else today and what late frames have changed.

    Returns the paths below site/.
    """
    return {"files": _build()(read_schedule(event))}


@cache
def _logger() -> Logger:
    return Logger(service="render_charts")


@cache
def _build() -> Callable[[Sequence[date]], list[str]]:
    settings = read_settings(RenderChartsSettings, os.environ)
    s3, dynamodb = clients.s3(), clients.dynamodb()
    rollups = DynamoRollupStore(dynamodb, settings.table)
    sites = S3SiteSource(s3, settings.bucket)
    purse = DynamoPurse(dynamodb, settings.table)
    alerts = DynamoAlertStore(dynamodb, settings.table)
    prices = read_toml(Prices, PRICE_LIST)
    chart = partial(
        chart_days,
        frames=S3FrameStore(s3, settings.bucket),
        reports=DynamoReportStore(dynamodb, settings.table),
        rollups=rollups,
        shelf=S3Shelf(s3, settings.bucket),
        proofs=DynamoHealthStore(dynamodb, settings.table),
        purse=purse,
        marks=purse,
        book=DynamoUsageBook(dynamodb, settings.table),
        energies=DynamoEnergyStore(dynamodb, settings.table),
        render=partial(
            render_day,
            clock=_now,
            refresh_s=settings.page_refresh_s,
            recorded=settings.recorded_answers,
            prices=prices,
        ),
        clock=_now,
    )
    agreement = partial(
        day_agreement,
        comparisons=DynamoComparisonStore(dynamodb, settings.table),
        our_usd_a_second=_usd_a_second(prices),
    )
    suggested = partial(suggested_today, people=DynamoPeopleStore(dynamodb, settings.table), clock=_now)

    def render(days: Sequence[date]) -> list[str]:
        site = sites.site()
        today = _now().astimezone(site.tz).date()
        stale = {} if days else stale_days(site, rollups.marked(), today=today)
        anew = {*days, *stale}
        chosen = sorted(anew | set(days or days_to_chart(site, _now)))
        files = chart(
            chosen,
            anew=anew,
            site=site,
            agreement=partial(agreement, site=site),
            suggested=partial(suggested, site=site),
            withheld=partial(alerts_withheld, alerts=alerts, site=site),
        )
        for mark in {mark for marks in stale.values() for mark in marks}:
            rollups.clear(mark)
        _logger().info("days drawn", days=[day.isoformat() for day in chosen], files=len(files))
        return list(files)

    return render


def _usd_a_second(prices: Prices) -> float:
    """Return what a second of detect_frame costs, by the price list."""
    gigabytes = Deployment().detect_memory_mb / 1024
    return prices.lambda_gb_second_x86_64.of(gigabytes)


def _now() -> datetime:
    return datetime.now(UTC)
