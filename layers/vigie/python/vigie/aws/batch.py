"""The one batch rule: an SQS batch is handled message by message, and those that failed are reported.

Thin over Powertools' batch processor, which makes the partial response; it adds the log line that says
why a message failed, and which.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from vigie.errors import VigieError

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handle_batch(
    event: dict[str, Any],
    context: "LambdaContext",
    *,
    build: Callable[[], Callable[[str], object]],
    logger: "Logger",
) -> "PartialItemFailureResponse":
    """Call what `build` gives with each message's body; return the ids of the messages for which it raised.

    Raises:
        VigieError: `build` failed, so no message can be handled; all of them come again.

    """
    try:
        handle = build()
    except VigieError as error:
        logger.error("function cannot work", reason=str(error))  # noqa: TRY400 - the sentence says it all
        raise

    # Powertools passes the record by this argument's name: it must stay `record`.
    def handle_record(record: "SQSRecord") -> None:
        try:
            handle(record.body)
        except VigieError as error:
            logger.warning("message failed", message_id=record.message_id, reason=str(error))
            raise
        except Exception:
            logger.exception("message failed unexpectedly", message_id=record.message_id)
            raise

    return process_partial_response(
        event=event,
        record_handler=handle_record,
        processor=BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False),
        context=context,
    )
