"""detect_frame: a batch of S3 notifications -> reports and minutes in the table, then the reports topic."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from vigie.aws import clients
from vigie.aws.batch import handle_batch
from vigie.aws.frame_store import S3FrameStore
from vigie.aws.meter import UsageMeter
from vigie.aws.notifier import SnsReportPublisher
from vigie.aws.pause_store import DynamoPauseStore
from vigie.aws.picture_store import S3PictureStore
from vigie.aws.purse_store import DynamoPurse
from vigie.aws.rekognition import RekognitionLabels
from vigie.aws.report_store import DynamoReportStore
from vigie.aws.rollup_store import DynamoRollupStore
from vigie.aws.site_store import S3SiteSource
from vigie.domain.frames import camera_of
from vigie.domain.health import CANARY_FRAMES, canary_site
from vigie.messages import object_keys
from vigie.settings import DetectFrameSettings, read_settings
from vigie.steps.allowance import FrameAllowance, FrameBudget
from vigie.steps.detect import detect_frame
from vigie.steps.engine import Engines
from vigie.steps.pausing import Pauses
from vigie.vision.detector import YoloDetector
from vigie.vision.headers import read_header
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


def _now() -> datetime:
    return datetime.now(UTC)


def _size(jpeg: bytes) -> tuple[int, int]:
    return read_header(jpeg).size


@cache
def _build() -> Callable[[str], None]:
    settings = read_settings(DetectFrameSettings, os.environ)
    meter = UsageMeter(settings.memory_mb)
    s3, dynamodb = meter.watch(clients.s3()), meter.watch(clients.dynamodb())
    sites = S3SiteSource(s3, settings.bucket)
    site = sites.site()
    store = partial(DynamoReportStore, dynamodb, settings.table)
    purse = DynamoPurse(dynamodb, settings.table, site.retention)
    reports, canary_reports = store(site.retention), store(canary_site(site).retention)
    # Made when it is first asked for: most sites need none, and every cold start would wait for it.
    rekognition = cache(clients.rekognition_engine)
    engines = Engines(
        # Fixed with the session: a document with other labels, thresholds or retention counts from the
        # next cold start.
        ours=YoloDetector(
            model=settings.model,
            labels=site.labels,
            confidence=site.visits.keep_confidence,
            threads=settings.threads,
        ),
        service=lambda: RekognitionLabels(rekognition(), s3, settings.bucket),
        purse=purse,
        marks=purse,
        measure=_size,
        clock=_now,
        pauses=Pauses(DynamoPauseStore(dynamodb, settings.table), _now),
    )
    take = partial(
        detect_frame,
        frames=S3FrameStore(s3, settings.bucket),
        artist=StillArtist(settings.face_model),
        stale=DynamoRollupStore(dynamodb, settings.table),
        pictures=S3PictureStore(s3, settings.bucket),
        publisher=SnsReportPublisher(meter.watch(clients.sns()), settings.reports_topic),
        clock=_now,
        budget=FrameBudget(FrameAllowance(purse), purse),
        meter=meter,
    )

    def handle(body: str) -> None:
        for object_key in object_keys(body):
            site, store = sites.site(), reports
            if object_key.startswith(CANARY_FRAMES):
                site, store = canary_site(site), canary_reports
            with meter.working_for(camera_of(object_key)):
                detector = engines.detector(object_key, site)
                outcome = take(object_key, site=site, reports=store, detector=detector)
            _logger().info("frame taken", frame_key=object_key, outcome=outcome.value)

    return handle
