"""record_proof: an SQS batch of canaries' alerts -> "alerts last proven at" in the table."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from vigie.aws import clients
from vigie.aws.batch import handle_batch
from vigie.aws.health_store import DynamoHealthStore
from vigie.messages import read_canary_message
from vigie.settings import RecordProofSettings, read_settings
from vigie.steps.prove import record_proof

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handler(event: dict[str, Any], context: "LambdaContext") -> "PartialItemFailureResponse":
    """Record the canaries of the batch that came out; return the messages that must come again."""
    return handle_batch(event, context, build=_build, logger=_logger())


@cache
def _logger() -> Logger:
    return Logger(service="record_proof")


@cache
def _build() -> Callable[[str], None]:
    settings = read_settings(RecordProofSettings, os.environ)
    proofs = DynamoHealthStore(clients.dynamodb(), settings.table)

    def handle(body: str) -> None:
        frame_key = read_canary_message(body)
        proof = record_proof(frame_key, proofs=proofs, clock=lambda: datetime.now(UTC))
        _logger().info("alerts proven", frame_key=str(frame_key), seconds=proof.seconds)

    return handle
