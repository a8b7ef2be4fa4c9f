"""render_charts: on a schedule -> charts, page and exports of the day under site/ in the bucket."""

import os
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from vigie.aws import clients
from vigie.aws.frame_store import S3FrameStore
from vigie.aws.health_store import DynamoHealthStore
from vigie.aws.report_store import DynamoReportStore
from vigie.aws.rollup_store import DynamoRollupStore
from vigie.aws.site_store import S3Shelf, S3SiteSource
from vigie.charts.daily import render_day
from vigie.messages import read_schedule
from vigie.settings import RenderChartsSettings, read_settings
from vigie.steps.chart import chart_days, days_to_chart, stale_days

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
    chart = partial(
        chart_days,
        frames=S3FrameStore(s3, settings.bucket),
        reports=DynamoReportStore(dynamodb, settings.table),
        rollups=rollups,
        shelf=S3Shelf(s3, settings.bucket),
        proofs=DynamoHealthStore(dynamodb, settings.table),
        render=partial(render_day, clock=_now, refresh_s=settings.page_refresh_s),
        clock=_now,
    )

    def render(days: Sequence[date]) -> list[str]:
        site = sites.site()
        today = _now().astimezone(site.tz).date()
        stale = {} if days else stale_days(site, rollups.marked(), today=today)
        anew = {*days, *stale}
        chosen = sorted(anew | set(days or days_to_chart(site, _now)))
        files = chart(chosen, anew=anew, site=site)
        for mark in {mark for marks in stale.values() for mark in marks}:
            rollups.clear(mark)
        _logger().info("days drawn", days=[day.isoformat() for day in chosen], files=len(files))
        return list(files)

    return render


def _now() -> datetime:
    return datetime.now(UTC)
