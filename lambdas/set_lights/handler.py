"""set_lights: an SQS batch of report messages that may light lamps -> levels in device shadows of AWS IoT."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from vigie.aws import clients
from vigie.aws.batch import handle_batch
from vigie.aws.lights import IotLampShadows
from vigie.aws.meter import UsageMeter
from vigie.aws.report_store import DynamoReportStore
from vigie.aws.site_store import S3SiteSource
from vigie.aws.usage_book import DynamoUsageBook
from vigie.domain.lighting import Lease
from vigie.domain.usage import Usage
from vigie.messages import read_report_message
from vigie.settings import SetLightsSettings, read_settings
from vigie.steps.charging import Charging
from vigie.steps.light import set_lights

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handler(event: dict[str, Any], context: "LambdaContext") -> "PartialItemFailureResponse":
    """Renew the leases that the batch's reports prolong; return the messages that must come again."""
    return handle_batch(event, context, build=_build, logger=_logger())


@cache
def _logger() -> Logger:
    return Logger(service="set_lights")


def _now() -> datetime:
    return datetime.now(UTC)


@cache
def _build() -> Callable[[str], None]:
    settings = read_settings(SetLightsSettings, os.environ)
    meter = UsageMeter(settings.memory_mb, each=Usage(messages=1))
    dynamodb, iot_data = meter.watch(clients.dynamodb()), meter.watch(clients.iot_data())
    sites = S3SiteSource(meter.watch(clients.s3()), settings.bucket)
    charging = Charging(meter=meter, book=DynamoUsageBook(dynamodb, settings.table), clock=_now)
    known: dict[str, Lease] = {}
    light = partial(
        set_lights,
        minutes=DynamoReportStore(dynamodb, settings.table),
        shadows=IotLampShadows(iot_data, settings.lamp_things),
        known=known,
        clock=_now,
    )

    def handle(body: str) -> None:
        message = read_report_message(body)
        site = sites.site()
        with charging.message(message.key.camera_id, site.tz):
            done = light(message.key.camera_id, message.change, site=site)
        if done.written:
            _logger().info("lights set", frame_key=str(message.key), groups=list(done.written))
        if done.unknown:
            _logger().warning(
                "no thing of that name is at AWS IoT, so no edge drives these lamps",
                things=[settings.lamp_things + group_id for group_id in done.unknown],
            )

    return handle
