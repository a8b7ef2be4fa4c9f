"""A cloud of its own for a test: moto's server, the catalog's resources, the runner as a program."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from unittest import mock

import boto3
import pytest

from infra.catalog import CATALOG
from infra.local.cloud import local_cloud
from infra.local.inbox import take_alerts
from infra.local.resources import INBOX, Resources, create
from infra.local.runner import QUEUES_VARIABLE
from vigie.aws import clients
from vigie.aws.alert_store import DynamoAlertStore
from vigie.aws.report_store import DynamoReportStore
from vigie.settings import variable

ROOT = Path(__file__).parents[2]
# Short, so that what a killed runner held comes again soon, and longer than any batch takes here.
VISIBILITY = timedelta(seconds=6)


@dataclass(frozen=True, slots=True)
class Cloud:
    """Resources, and how to run the functions on them."""

    resources: Resources
    log: Path

    @property
    def store(self) -> DynamoReportStore:
        return DynamoReportStore(clients.dynamodb(), self.resources.table)

    @property
    def alerts(self) -> DynamoAlertStore:
        return DynamoAlertStore(clients.dynamodb(), self.resources.table)

    def start(self, module: str = "infra.local.runner") -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", module], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def run_until_empty(self) -> None:
        """Run the functions until no queue holds anything."""
        runner = self.start()
        try:
            deadline = time.monotonic() + 90
            while any(self.depth(queue.name) for queue in CATALOG.queues):
                assert runner.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.2)
        finally:
            runner.terminate()
            runner.wait(30)

    def depth(self, queue: str) -> int:
        answer = boto3.client("sqs").get_queue_attributes(
            QueueUrl=self.resources.queue_urls[queue],
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )
        return sum(int(count) for count in answer["Attributes"].values())

    def take_delivered(self) -> int:
        """Count the alerts that people have received since this was last asked."""
        return take_alerts(self.resources.queue_urls[INBOX])


NewCloud = Callable[[str], AbstractContextManager[Cloud]]


@pytest.fixture
def new_cloud(tmp_path: Path, model_path: Path) -> NewCloud:
    """A function that gives a fresh cloud for the length of a `with`."""

    @contextmanager
    def build(name: str) -> Iterator[Cloud]:
        with (
            mock.patch.dict(os.environ),
            (tmp_path / f"{name}-moto.log").open("w", encoding="utf-8") as words,
            local_cloud(words),
        ):
            resources = create(CATALOG, prefix=name, visibility=VISIBILITY)
            os.environ |= resources.environ(CATALOG) | {
                variable("model"): str(model_path),
                QUEUES_VARIABLE: json.dumps(resources.queue_urls),
            }
            yield Cloud(resources, tmp_path / f"{name}.log")

    return build
