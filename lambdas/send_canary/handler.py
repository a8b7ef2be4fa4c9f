"""send_canary: each hour -> one frame on the way of every frame, to prove that its alert arrives."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from vigie.aws import clients
from vigie.aws.frame_store import S3FrameStore
from vigie.settings import SendCanarySettings, read_settings
from vigie.steps.prove import send_canary
from vigie.vision.canary import draw_canary

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handler(_event: dict[str, Any], _context: "LambdaContext") -> dict[str, str]:
    """Send one canary; return its frame key."""
    return {"frame_key": _build()()}


@cache
def _logger() -> Logger:
    return Logger(service="send_canary")


@cache
def _build() -> Callable[[], str]:
    settings = read_settings(SendCanarySettings, os.environ)
    frames = S3FrameStore(clients.s3(), settings.bucket)
    jpeg = draw_canary()

    def send() -> str:
        frame_key = str(send_canary(jpeg, frames=frames, clock=lambda: datetime.now(UTC)))
        _logger().info("canary sent", frame_key=frame_key)
        return frame_key

    return send
