"""The real handlers on SQS batches: bad input beside good, redelivery, the chain to an alert and a chart."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import cv2
import numpy as np
import pytest
import requests

from infra.catalog import CATALOG
from infra.local.invoke import invoke
from infra.local.resources import INBOX, Resources
from infra.local.runner import sqs_event, take_batch
from infra.parts import Function
from tests.builders import NOON, at
from vigie.aws import clients
from vigie.aws.alert_store import DynamoAlertStore
from vigie.aws.frame_store import S3FrameStore
from vigie.aws.report_store import DynamoReportStore
from vigie.aws.rollup_store import DynamoRollupStore
from vigie.aws.site_store import SITE_DOCUMENT
from vigie.domain.alerting import AlertRecord, AlertState
from vigie.domain.frames import FrameKey
from vigie.domain.series import MINUTE
from vigie.errors import ConfigError
from vigie.settings import variable

EVENTS = Path(__file__).parents[1] / "events"
FUNCTIONS: Mapping[str, Function] = {function.name: function for function in CATALOG.functions}
# No alert may be too old in a test that stands at noon of a day gone by.
SITE = b"""{"max_alert_age_s": 1e10, "time_zone": "Europe/Paris",
            "rules": [{"rule_id": "people", "cooldown_s": 0}]}"""


@pytest.fixture
def model(model_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable("model"), str(model_path))


@pytest.fixture
def street(coco_folder: Path) -> bytes:
    """A JPEG with several people in it."""
    return (coco_folder / "000000001000.jpg").read_bytes()


def put(resources: Resources, object_key: str, content: bytes) -> None:
    boto3.client("s3").put_object(Bucket=resources.bucket, Key=object_key, Body=content)


def drain(resources: Resources, queue: str) -> int:
    """Let the queue's function take what is there, batch by batch, until nothing comes."""
    taken = 0
    while came := take_batch(boto3.client("sqs"), CATALOG.function_of(queue), resources.queue_urls[queue]):
        taken += came
    return taken


def depth(resources: Resources, queue: str) -> int:
    answer = boto3.client("sqs").get_queue_attributes(
        QueueUrl=resources.queue_urls[queue], AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def store(resources: Resources) -> DynamoReportStore:
    return DynamoReportStore(clients.dynamodb(), resources.table)


def key(seconds: float) -> str:
    return str(FrameKey("hall", at(seconds)))


def grey(width: int, height: int) -> bytes:
    encoded: bytes = cv2.imencode(".jpg", np.full((height, width, 3), 90, np.uint8))[1].tobytes()
    return encoded


def forged(width: int, height: int) -> bytes:
    """A small JPEG whose header claims another size."""
    jpeg = bytearray(grey(64, 64))
    start = jpeg.index(b"\xff\xc0") + 5
    jpeg[start : start + 4] = height.to_bytes(2) + width.to_bytes(2)
    return bytes(jpeg)


@pytest.mark.usefixtures("model")
def test_bad_frames_go_to_quarantine_and_the_others_go_through(resources: Resources, street: bytes) -> None:
    bad = {
        key(1): (street[: len(street) // 2], "cut short"),
        key(2): (b"", "empty object"),
        key(3): (b"hello, this is a text file", "no JPEG: begins with b'hello, t'"),
        key(4): (grey(1, 1), "1x1 pixels, too small"),
        key(5): (forged(20_000, 20_000), "20000x20000 pixels, at most"),
        "frames/hall/holiday 2026 é.jpg": (street, "is no frame key"),
    }
    put(resources, key(0), street)
    for object_key, (content, _) in bad.items():
        put(resources, object_key, content)
    put(resources, key(6), street)
    assert drain(resources, "frames") == 8
    assert depth(resources, CATALOG.queues[0].dead_letter) == 0
    frames = S3FrameStore(clients.s3(), resources.bucket)
    for object_key, (_, words) in bad.items():
        assert words in frames.quarantine_reason(object_key)
    reports = store(resources).reports("hall", NOON, at(60))
    assert [str(report.key) for report in reports] == [key(0), key(6)]
    assert all(report.detections for report in reports)


@pytest.mark.usefixtures("model")
def test_a_batch_fails_in_part(resources: Resources, street: bytes) -> None:
    put(resources, key(0), street)
    messages: list[Any] = [
        {"MessageId": name, "ReceiptHandle": name, "Body": body, "MD5OfBody": ""}
        for name, body in (
            ("s3-test", (EVENTS / "s3_test_event.json").read_text()),
            ("good", (EVENTS / "s3_notification.json").read_text().replace("120000500Z", "120000000Z")),
            ("gone", (EVENTS / "s3_notification.json").read_text()),
            ("nonsense", "hello"),
        )
    ]
    event = sqs_event(messages, "http://127.0.0.1/123456789012/frames")
    answer = invoke(FUNCTIONS["detect_frame"], event)
    assert [failure["itemIdentifier"] for failure in answer["batchItemFailures"]] == ["gone", "nonsense"]
    assert store(resources).report(FrameKey("hall", NOON)) is not None


def test_a_message_that_always_fails_ends_in_the_dead_letter_queue(resources: Resources) -> None:
    boto3.client("sqs").send_message(QueueUrl=resources.queue_urls["alerts"], MessageBody="hello")
    assert drain(resources, "alerts") == CATALOG.queues[1].max_receives
    assert depth(resources, CATALOG.queues[1].dead_letter) == 1


def alerts_of(resources: Resources) -> tuple[AlertRecord, ...]:
    return DynamoAlertStore(clients.dynamodb(), resources.table).alerts(NOON, at(60))


@pytest.mark.usefixtures("model")
def test_from_a_frame_to_alert_and_chart(resources: Resources, street: bytes) -> None:
    put(resources, SITE_DOCUMENT, SITE)
    for second in (0, 1, 2):
        put(resources, key(second), street)
    drain(resources, "frames")
    people = [visit for visit in visits(resources) if visit.label == "person"]
    assert len(people) >= 3
    drain(resources, "alerts")
    alerts = alerts_of(resources)
    assert {record.alert.visit.visit_id for record in alerts} == {visit.visit_id for visit in people}
    assert {record.state for record in alerts} == {AlertState.SENT}
    assert depth(resources, INBOX) == len(people)

    # All events once more: nothing new in the tables, nothing new for people.
    for second in (0, 1, 2):
        put(resources, key(second), street)
    drain(resources, "frames")
    drain(resources, "alerts")
    assert alerts_of(resources) == alerts
    assert depth(resources, INBOX) == len(people)

    files = invoke(FUNCTIONS["render_charts"], {"days": ["2026-01-31"]})["files"]
    assert "charts/index.html" in files
    bodies = {path: read(resources, path) for path in files}
    assert bodies["charts/2026-01-31/cameras/hall.png"].startswith(b"\x89PNG")
    assert bodies["charts/2026-01-31/cameras/hall.svg"].startswith(b"<?xml")
    rows = bodies["exports/hall/2026-01-31.csv"].decode().splitlines()
    detections = sum(len(report.detections) for report in store(resources).reports("hall", NOON, at(60)))
    assert len(rows) == 1 + detections


def visits(resources: Resources) -> tuple[Any, ...]:
    minutes = store(resources).minutes("hall", NOON, NOON + MINUTE)
    return tuple(visit for minute in minutes for visit in minute.visits)


def read(resources: Resources, path: str) -> bytes:
    body: bytes = boto3.client("s3").get_object(Bucket=resources.bucket, Key=f"site/{path}")["Body"].read()
    return body


def test_what_a_person_gets_is_readable(resources: Resources, street: bytes, model: None) -> None:
    put(resources, SITE_DOCUMENT, SITE)
    put(resources, key(0), street)
    drain(resources, "frames")
    drain(resources, "alerts")
    (message,) = boto3.client("sqs").receive_message(QueueUrl=resources.queue_urls[INBOX])["Messages"][:1]
    envelope = json.loads(message["Body"])
    assert envelope["Subject"] == "Person at hall, 13:00:00"
    data = json.loads(envelope["Message"])
    email = data["words"]["email"]
    assert email.startswith("A person came into view of hall on Saturday 31 January 2026 at 13:00:00 CET.\n")
    assert data["link"]["url"] in email
    picture = requests.get(data["link"]["url"], timeout=10)
    assert picture.content.startswith(b"\xff\xd8")
    assert data["picture"] in data["link"]["url"]
    assert envelope["MessageAttributes"]["rule_id"]["Value"] == "people"


def test_a_schedule_without_days_draws_today(resources: Resources) -> None:
    files = invoke(FUNCTIONS["render_charts"], {})["files"]
    assert "charts/index.html" in files
    assert b"Vigie" in read(resources, "charts/index.html")


def test_a_day_that_a_late_frame_has_changed_is_drawn_again_once(resources: Resources) -> None:
    rollups = DynamoRollupStore(clients.dynamodb(), resources.table)
    rollups.mark("hall", NOON)
    assert "charts/2026-01-31.html" in invoke(FUNCTIONS["render_charts"], {})["files"]
    assert rollups.marked() == ()
    again = invoke(FUNCTIONS["render_charts"], {})["files"]
    assert "charts/index.html" in again
    assert "charts/2026-01-31.html" not in again
    assert b"Updated" in read(resources, "charts/2026-01-31.html")


@pytest.mark.usefixtures("resources")
def test_a_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(variable("table"))
    with pytest.raises(ConfigError, match="the environment lacks VIGIE_TABLE"):
        invoke(FUNCTIONS["send_alert"], {"Records": []})


@pytest.mark.usefixtures("model")
def test_a_bad_site_document_is_said_and_nothing_is_lost(resources: Resources, street: bytes) -> None:
    put(resources, SITE_DOCUMENT, b'{"time_zone": "Mars"}')
    put(resources, key(0), street)
    with pytest.raises(ConfigError, match=r"site/config/site\.json: time_zone 'Mars' is no name"):
        drain(resources, "frames")
    put(resources, SITE_DOCUMENT, b"{}")
    drain(resources, "frames")
    assert store(resources).report(FrameKey("hall", NOON)) is not None
