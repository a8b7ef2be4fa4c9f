"""detect_frame: a batch of S3 notifications -> reports and minutes in the table, then the reports topic."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import cv2
from aws_lambda_powertools import Logger

from vigie.aws import clients
from vigie.aws.batch import handle_batch
from vigie.aws.frame_store import S3FrameStore
from vigie.aws.notifier import SnsReportPublisher
from vigie.aws.picture_store import S3PictureStore
from vigie.aws.report_store import DynamoReportStore
from vigie.aws.rollup_store import DynamoRollupStore
from vigie.aws.site_store import S3SiteSource
from vigie.domain.health import CANARY_FRAMES, canary_site
from vigie.messages import object_keys
from vigie.settings import DetectFrameSettings, read_settings
from vigie.steps.detect import detect_frame
from vigie.vision.detector import YoloDetector
from vigie.vision.stills import StillArtist

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handler(event: dict[str, Any], context: "LambdaContext") -> "PartialItemFailureResponse":
    """Take every frame of the batch through the pipeline; return the messages that must come again."""
    return handle_batch(event, context, build=_build, logger=_logger())


@cache
def _logger() -> Logger:
    return Logger(service="detect_frame")


@cache
def _build() -> Callable[[str], None]:
    settings = read_settings(DetectFrameSettings, os.environ)
    cv2.setNumThreads(settings.threads)
    s3 = clients.s3()
    sites = S3SiteSource(s3, settings.bucket)
    site = sites.site()
    store = partial(DynamoReportStore, clients.dynamodb(), settings.table)
    reports, canary_reports = store(site.retention), store(canary_site(site).retention)
    take = partial(
        detect_frame,
        # Fixed with the session: a document with other labels, thresholds or retention counts from the
        # next cold start.
        detector=YoloDetector(
            model=settings.model,
            labels=site.labels,
            confidence=site.visits.keep_confidence,
            threads=settings.threads,
        ),
        frames=S3FrameStore(s3, settings.bucket),
        artist=StillArtist(settings.face_model),
        stale=DynamoRollupStore(clients.dynamodb(), settings.table),
        pictures=S3PictureStore(s3, settings.bucket),
        publisher=SnsReportPublisher(clients.sns(), settings.reports_topic),
        clock=lambda: datetime.now(UTC),
    )

    def handle(body: str) -> None:
        for object_key in object_keys(body):
            if object_key.startswith(CANARY_FRAMES):
                outcome = take(object_key, site=canary_site(sites.site()), reports=canary_reports)
            else:
                outcome = take(object_key, site=sites.site(), reports=reports)
            _logger().info("frame taken", frame_key=object_key, outcome=outcome.value)

    return handle
