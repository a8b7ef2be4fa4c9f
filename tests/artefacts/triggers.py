"""What makes each function run: things put where an edge or another function puts them, and its event."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3

from infra.local.resources import Resources
from infra.local.runner import sqs_event
from infra.parts import Function
from tests.builders import report, seen
from tests.fakes import FakeReportFiles
from vigie.aws import clients
from vigie.aws.health_store import DynamoHealthStore
from vigie.aws.notifier import SnsNotifier, SnsReportPublisher
from vigie.aws.report_store import DynamoReportStore
from vigie.aws.rollup_store import DynamoRollupStore
from vigie.aws.site_store import SITE_DOCUMENT
from vigie.documents import to_json
from vigie.domain.cameras import CANARY
from vigie.domain.frames import FrameKey
from vigie.domain.heartbeats import CameraLife, Heartbeat, heartbeat_key
from vigie.domain.instants import MILLISECOND, whole_milliseconds
from vigie.domain.reports import FrameReport, reports_key
from vigie.domain.series import VisitsChange
from vigie.domain.sites import Site
from vigie.domain.visits import begin_visit
from vigie.messages import write_report_lines
from vigie.steps.prove import announce_canary
from vigie.steps.store import store_reports

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

SITE = {
    "time_zone": "Europe/Paris",
    "rules": [{"rule_id": "people", "cooldown_s": 0}],
    "cameras": [{"camera_id": "hall", "faces": True}, {"camera_id": "yard"}],
    "watchfulness": {"dark_after_s": 200},
}
_BAD = "no message of ours"
# More than the absence that ends a visit: each report begins another.
_APART_S = 10
_SECONDS = 10.0


class Triggers:
    """Puts the number-th thing for a function into the cloud, and returns the event that comes of it."""

    def __init__(self, resources: Resources, jpeg: bytes = b"") -> None:
        self._resources = resources
        self._jpeg = jpeg
        self._begun = whole_milliseconds(datetime.now(UTC)) - timedelta(minutes=1)
        self._put(SITE_DOCUMENT, json.dumps(SITE).encode())

    def key(self, number: int) -> FrameKey:
        """Return the number-th frame's key: young enough for alerts."""
        return FrameKey("hall", self._begun + timedelta(seconds=_APART_S * number))

    def event(self, function: Function, number: int = 0, *, bad: bool = False) -> dict[str, Any]:
        """Return a function's event; with `bad` a last message beside says nothing that we know."""
        causes: dict[str, Callable[[int], object]] = {
            "detect_frame": lambda number: self._put(str(self.key(number)), self._jpeg),
            "store_reports": self._send_reports,
            "send_alert": self._begin_visit,
            "record_proof": self._announce_canary,
            "watch_cameras": self._darken,
            "render_charts": self._begin_visit,
        }
        url = self._resources.queue_urls[function.queue] if function.queue else None
        if url:
            while take(url):
                pass  # what other functions have caused is not of here
        if cause := causes.get(function.name):
            cause(number)
        if url:
            return self._receive(url, bad=bad)
        return {}

    def _send_reports(self, number: int) -> None:
        sent = [self._report(number)]
        self._put(reports_key(sent), write_report_lines(sent).encode())

    def _begin_visit(self, number: int) -> None:
        found = [self._report(number)]
        store_reports(
            reports_key(found),
            site=Site(),
            files=FakeReportFiles({reports_key(found): write_report_lines(found).encode()}),
            reports=DynamoReportStore(clients.dynamodb(), self._resources.table),
            stale=DynamoRollupStore(clients.dynamodb(), self._resources.table),
            publisher=SnsReportPublisher(clients.sns(), self._resources.topic_arns["reports"]),
            clock=lambda: datetime.now(UTC),
        )

    def _announce_canary(self, number: int) -> None:
        frame_key = FrameKey(CANARY, whole_milliseconds(datetime.now(UTC)) + number * MILLISECOND)
        begun = begin_visit(seen(), frame_key, 1)
        announce_canary(
            frame_key,
            VisitsChange((begun,), frame_key.captured_at, frame_key.captured_at + MILLISECOND),
            site=Site(),
            proofs=DynamoHealthStore(clients.dynamodb(), self._resources.table),
            notifier=SnsNotifier(clients.sns_notices(), self._resources.topic_arns["alerts"]),
        )

    def _darken(self, _: int) -> None:
        now = datetime.now(UTC)
        life = CameraLife(
            camera_id="yard", state="failing", last_captured_at=now - timedelta(hours=1), error="no route"
        )
        heartbeat = Heartbeat(agent_id="attic", at=now, version="1", cameras=(life,))
        self._put(heartbeat_key("attic"), to_json(Heartbeat, heartbeat))

    def _report(self, number: int) -> FrameReport:
        return replace(report(0, seen()), key=self.key(number))

    def _put(self, name: str, content: bytes) -> None:
        clients.s3().put_object(Bucket=self._resources.bucket, Key=name, Body=content)

    def _receive(self, url: str, *, bad: bool) -> dict[str, Any]:
        deadline = time.monotonic() + _SECONDS
        while not (messages := take(url)):
            assert time.monotonic() < deadline, f"nothing came to {url}"
        if bad:
            boto3.client("sqs").send_message(QueueUrl=url, MessageBody=_BAD)
            messages += take(url)
        return sqs_event(messages, url)


def take(url: str) -> "list[MessageTypeDef]":
    """Take what a queue holds, ten messages at most, as Lambda's poller does."""
    sqs = boto3.client("sqs")
    messages = sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0, MessageSystemAttributeNames=["All"]
    ).get("Messages", [])
    for message in messages:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return messages
