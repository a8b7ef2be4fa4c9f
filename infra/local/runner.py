"""In the place of Lambda's pollers and of the scheduler: a loop over (queue, handler) pairs, and a timer.

`python -m infra.local.runner` reads the queues' URLs from VIGIE_LOCAL_QUEUES (JSON) and runs until SIGTERM.
For each queue it receives a batch, calls the real handler, deletes what succeeded and leaves what failed,
which comes again until the dead-letter queue takes it.
"""

import argparse
import json
import os
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3

from infra.catalog import CATALOG
from infra.local.invoke import invoke
from infra.parts import Catalog, Function
from vigie.signals import stop_on_signals

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

QUEUES_VARIABLE = "VIGIE_LOCAL_QUEUES"
_WAIT_S = 1
_MOST_MESSAGES = 10
_BACK_OFF_S = 1.0


def main(argv: Sequence[str] | None = None) -> int:
    """Run every function of the catalog until SIGTERM, then end after the calls under way."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.runner", description=__doc__)
    parser.add_argument(
        "--every",
        type=_every,
        action="append",
        default=[],
        metavar="FUNCTION=S",
        help="seconds between a scheduled function's calls, in place of the catalog's",
    )
    parser.add_argument(
        "--input",
        type=_input,
        action="append",
        default=[],
        metavar="FUNCTION=JSON",
        help="the event that a scheduled function gets, in place of {}",
    )
    arguments = parser.parse_args(argv)
    run(
        CATALOG,
        json.loads(os.environ[QUEUES_VARIABLE]),
        stop_on_signals(),
        every=dict(arguments.every),
        inputs=dict(arguments.input),
    )
    return 0


def _named(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or name not in {function.name for function in CATALOG.functions if function.every}:
        raise argparse.ArgumentTypeError(f"{text!r} names no scheduled function")
    return name, value


def _every(text: str) -> tuple[str, timedelta]:
    name, seconds = _named(text)
    return name, timedelta(seconds=float(seconds))


def _input(text: str) -> tuple[str, dict[str, Any]]:
    name, event = _named(text)
    return name, json.loads(event)


def run(
    catalog: Catalog,
    queue_urls: dict[str, str],
    stop: threading.Event,
    *,
    every: Mapping[str, timedelta] | None = None,
    inputs: Mapping[str, dict[str, Any]] | None = None,
) -> None:
    """Run one thread a function until `stop` is set; here a function never runs twice at once.

    By the names of scheduled functions, `every` replaces their intervals, `inputs` are the events they get.
    """
    work: dict[str, Callable[[], None]] = {}
    for function in catalog.functions:
        if function.queue:
            work[function.name] = partial(poll, function, queue_urls[function.queue], stop)
        elif interval := (every or {}).get(function.name, function.every):
            event = (inputs or {}).get(function.name, {})
            work[function.name] = partial(repeat, function, event, interval, stop)
    threads = [threading.Thread(target=loop, name=name) for name, loop in work.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def poll(function: Function, queue_url: str, stop: threading.Event) -> None:
    """Feed one function from its queue until `stop` is set."""
    sqs = boto3.client("sqs")
    while not stop.is_set():
        try:
            take_batch(sqs, function, queue_url)
        except Exception:  # noqa: BLE001 - the outermost loop: a poller outlives whatever one batch does
            traceback.print_exc()
            stop.wait(_BACK_OFF_S)


def take_batch(sqs: "SQSClient", function: Function, queue_url: str) -> int:
    """Receive one batch, call the handler, delete what succeeded; return how many messages came."""
    return pass_on(sqs, queue_url, size=function.batch_size, call=partial(invoke, function))


def pass_on(sqs: "SQSClient", queue_url: str, *, size: int, call: Callable[[dict[str, Any]], Any]) -> int:
    """Give one batch of `size` messages to what calls a function; as `take_batch`."""
    messages = sqs.receive_message(
        QueueUrl=queue_url,
        MaxNumberOfMessages=min(size, _MOST_MESSAGES),
        WaitTimeSeconds=_WAIT_S,
        MessageSystemAttributeNames=["All"],
        MessageAttributeNames=["All"],
    ).get("Messages", [])
    if not messages:
        return 0
    answer = call(sqs_event(messages, queue_url))
    failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
    for message in messages:
        if message["MessageId"] not in failed:
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
    return len(messages)


def sqs_event(messages: Sequence["MessageTypeDef"], queue_url: str) -> dict[str, Any]:
    """Shape received messages as the event that Lambda makes of them."""
    account, name = queue_url.rsplit("/", 2)[-2:]
    region = os.environ["AWS_DEFAULT_REGION"]
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message.get("Attributes", {}),
                "messageAttributes": message.get("MessageAttributes", {}),
                "md5OfBody": message["MD5OfBody"],
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{region}:{account}:{name}",
                "awsRegion": region,
            }
            for message in messages
        ]
    }


def repeat(function: Function, event: dict[str, Any], interval: timedelta, stop: threading.Event) -> None:
    """Call a scheduled function at its interval until `stop` is set."""
    while not stop.wait(interval.total_seconds()):
        try:
            invoke(function, event)
        except Exception:  # noqa: BLE001 - as with `poll`: the next call comes whatever this one did
            traceback.print_exc()


if __name__ == "__main__":
    sys.exit(main())
