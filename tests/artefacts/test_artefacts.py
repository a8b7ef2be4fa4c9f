"""Each function runs from its zips as on Lambda: real events in, right answers out, and nothing else."""

import json
import zipfile
from pathlib import Path

import boto3
import pytest

from infra.local.resources import INBOX, Resources
from layers.limits import LIMIT, loaded, weigh
from tests.artefacts.conftest import FUNCTIONS, Start
from tests.artefacts.isolation import Isolation, Watch
from tests.artefacts.triggers import Triggers, take
from vigie.aws import clients
from vigie.aws.health_store import DynamoHealthStore
from vigie.aws.report_store import DynamoReportStore

# The first of a checkout makes the layers.
pytestmark = pytest.mark.timeout(600)


def failures(answer: object) -> list[str]:
    assert isinstance(answer, dict), answer
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def store(resources: Resources) -> DynamoReportStore:
    return DynamoReportStore(clients.dynamodb(), resources.table)


def test_every_function_stays_well_below_lambdas_limit(artefacts: Path) -> None:
    for function in FUNCTIONS.values():
        total = sum(weigh(artefacts / f"{name}.zip").unzipped for name in loaded(function))
        assert total <= LIMIT - 10_000_000, function.name


def test_store_reports(start: Start, triggers: Triggers, resources: Resources) -> None:
    event = triggers.event(FUNCTIONS["store_reports"], 1, bad=True)
    with start("store_reports") as function:
        answer = function.invoke(event)
        assert not answer.failed, answer.value
        assert failures(answer.value) == [event["Records"][-1]["messageId"]]
        assert store(resources).report(triggers.key(1)) is not None
        assert function.strays() == []


def test_send_alert(start: Start, triggers: Triggers, resources: Resources) -> None:
    event = triggers.event(FUNCTIONS["send_alert"], 2, bad=True)
    with start("send_alert") as function:
        answer = function.invoke(event)
        assert failures(answer.value) == [event["Records"][-1]["messageId"]]
        assert function.strays() == []
    (message,) = take(resources.queue_urls[INBOX])
    said = json.loads(message["Body"])
    assert said["Subject"].startswith("Person at hall, ")


@pytest.mark.parametrize("watched", [False, True], ids=["as elsewhere", "watched"])
def test_record_proof(
    start: Start, triggers: Triggers, resources: Resources, walls: Isolation, *, watched: bool
) -> None:
    event = triggers.event(FUNCTIONS["record_proof"], bad=True)
    with start("record_proof", Watch() if watched else walls) as function:
        answer = function.invoke(event)
        assert failures(answer.value) == [event["Records"][-1]["messageId"]]
        assert function.strays() == []
    proof = DynamoHealthStore(clients.dynamodb(), resources.table).last_proof()
    assert proof is not None
    assert 0 < proof.seconds < 60


def test_watch_cameras(start: Start, triggers: Triggers) -> None:
    event = triggers.event(FUNCTIONS["watch_cameras"])
    with start("watch_cameras") as function:
        told = function.invoke(event).value["told"]
        assert "camera/yard" in told
        assert "camera/yard" not in function.invoke(event).value["told"]
        assert function.strays() == []


def test_render_charts(start: Start, triggers: Triggers, resources: Resources) -> None:
    event = triggers.event(FUNCTIONS["render_charts"], 0)
    with start("render_charts") as function:
        files = function.invoke(event).value["files"]
        assert function.strays() == []
    s3 = boto3.client("s3")
    bodies = {
        path: s3.get_object(Bucket=resources.bucket, Key=f"site/{path}")["Body"].read() for path in files
    }
    charts = {path.rpartition("/")[2]: body for path, body in bodies.items() if "/cameras/" in path}
    assert charts["hall.png"].startswith(b"\x89PNG")
    assert charts["hall.svg"].startswith(b"<?xml")
    assert b"hall" in bodies["charts/index.html"]


def test_detect_frame(start: Start, triggers: Triggers, resources: Resources) -> None:
    event = triggers.event(FUNCTIONS["detect_frame"], 3, bad=True)
    with start("detect_frame") as function:
        answer = function.invoke(event)
        assert failures(answer.value) == [event["Records"][-1]["messageId"]]
        report = store(resources).report(triggers.key(3))
        assert report is not None
        assert [detection.label for detection in report.detections].count("person") >= 3
        assert report.model.startswith("yolov8/detector@")
        assert function.strays() == []
        assert "none are kept" not in function.words.read_text(encoding="utf-8"), "YuNet is in the layer"
    s3 = boto3.client("s3")
    for prefix in ("faces/hall/", "site/pictures/hall/"):
        assert s3.list_objects_v2(Bucket=resources.bucket, Prefix=prefix)["KeyCount"] > 0, prefix


def test_pictures_have_letters_with_accents(artefacts: Path) -> None:
    with zipfile.ZipFile(artefacts / "layer-vision.zip") as layer:
        names = set(layer.namelist())
    for font in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"):
        assert f"python/matplotlib/mpl-data/fonts/ttf/{font}" in names


def test_send_canary(start: Start, triggers: Triggers, resources: Resources) -> None:
    with start("send_canary") as function:
        frame_key = function.invoke(triggers.event(FUNCTIONS["send_canary"])).value["frame_key"]
        assert function.strays() == []
    body = boto3.client("s3").get_object(Bucket=resources.bucket, Key=frame_key)["Body"].read()
    assert body.startswith(b"\xff\xd8")
