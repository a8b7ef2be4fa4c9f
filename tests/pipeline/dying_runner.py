"""The runner, killed by the operating system between storing a report and publishing it."""

import itertools
import json
import os
import signal
import sys
import time

import boto3

from infra.local import runner
from vigie.aws.notifier import SnsReportPublisher

_DIES_AT = 3
_calls = itertools.count(1)
_publish = SnsReportPublisher.publish_report


def _publish_or_die(self: SnsReportPublisher, *arguments: object, **options: object) -> None:
    if next(_calls) == _DIES_AT:
        _await_alerts()
        os.kill(os.getpid(), signal.SIGKILL)
    _publish(self, *arguments, **options)  # type: ignore[arg-type]


def _await_alerts() -> None:
    """Let the alerts of the frames before be sent: this kill is about the report, not about an alert."""
    url = json.loads(os.environ[runner.QUEUES_VARIABLE])["alerts"]
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    sqs = boto3.client("sqs")
    while any(
        int(count)
        for count in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"].values()  # type: ignore[arg-type]
    ):
        time.sleep(0.1)


SnsReportPublisher.publish_report = _publish_or_die  # type: ignore[method-assign]
sys.exit(runner.main([]))
