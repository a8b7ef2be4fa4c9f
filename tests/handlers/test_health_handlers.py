"""The canary through the real handlers, to its proof; and the look that comes each minute."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.catalog import CATALOG
from infra.local.invoke import invoke
from infra.local.resources import INBOX, Resources
from infra.local.runner import take_batch
from tests.handlers.called import Calls
from vigie.aws import clients
from vigie.aws.frame_store import S3FrameStore
from vigie.aws.health_store import DynamoHealthStore
from vigie.aws.report_store import DynamoReportStore
from vigie.aws.site_store import SITE_DOCUMENT
from vigie.documents import to_json
from vigie.domain.frames import FrameKey
from vigie.domain.health import Stage, Trouble, Vigil
from vigie.domain.heartbeats import CameraLife, Heartbeat, LampLife, heartbeat_key
from vigie.settings import variable

FUNCTIONS = {function.name: function for function in CATALOG.functions}
# Nothing of all this may hold a canary back.
DEAF = {
    "cooldown_s": 3600,
    "snoozed_until": "2099-01-01T00:00:00Z",
    "max_alert_age_s": 0.001,
    "rules": [
        {
            "rule_id": "never",
            "cameras": ["hall"],
            "hours": [{"days": ["mon"], "begin": "00:00", "end": "00:01"}],
        }
    ],
    "cameras": [{"camera_id": "hall"}],
    "visits": {"begin_confidence": 1, "keep_confidence": 0.25},
}


def take_all(resources: Resources, queue: str) -> int:
    sqs, taken = boto3.client("sqs"), 0
    while came := take_batch(sqs, CATALOG.function_of(queue), resources.queue_urls[queue]):
        taken += came
    return taken


def put_site(resources: Resources, **said: Any) -> None:
    boto3.client("s3").put_object(Bucket=resources.bucket, Key=SITE_DOCUMENT, Body=json.dumps(said).encode())


def heard(resources: Resources, queue: str) -> list[dict[str, Any]]:
    answer = boto3.client("sqs").receive_message(QueueUrl=resources.queue_urls[queue], MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in answer.get("Messages", ())]


def test_a_canary_goes_all_the_way_whatever_the_rules(
    resources: Resources, calls: Calls, model_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable("model"), str(model_path))
    put_site(resources, **DEAF)
    key = FrameKey.parse(invoke(FUNCTIONS["send_canary"], {})["frame_key"])
    assert [take_all(resources, queue) for queue in ("frames", "alerts", "canary")] == [1, 1, 1]
    health = DynamoHealthStore(clients.dynamodb(), resources.table)
    proof = health.last_proof()
    assert proof is not None
    assert proof.frame_key == health.last_told() == key
    assert 0 < proof.seconds < 60
    report = DynamoReportStore(clients.dynamodb(), resources.table).report(key)
    assert report is not None
    assert [detection.label for detection in report.detections] == ["person", "car"]
    assert heard(resources, INBOX) == [], "people hear nothing of it"
    assert S3FrameStore(clients.s3(), resources.bucket).camera_ids() == ()
    files = invoke(FUNCTIONS["render_charts"], {})["files"]
    assert not any("canary" in path for path in files)
    page = boto3.client("s3").get_object(Bucket=resources.bucket, Key="site/charts/index.html")["Body"].read()
    assert b"vigie-canary" not in page
    items = boto3.client("dynamodb").scan(TableName=resources.table)["Items"]
    assert not any("ALERT" in item["sk"]["S"] + item["pk"]["S"] for item in items), "no cooldown is charged"
    kept = [item for item in items if item["pk"]["S"].startswith(key.camera_id)]
    assert len(kept) >= 2
    # The functions' calls are heard, so that their rights are asked for: see `Calls`.
    assert {name for name, _, _ in calls.made} == {
        function.name
        for function in CATALOG.functions
        # No lamp hears of a canary, and no second opinion is paid for.
        if function.name not in {"store_reports", "watch_cameras", "set_lights", "compare_labels"}
    }
    assert ("send_canary", "s3:PutObject", str(key)) in calls.made
    assert ("detect_frame", "s3:GetObject", str(key)) in calls.made
    stray = ("send_canary", "s3:GetObject", "frames/hall/x.jpg")
    calls.made.add(stray)
    assert calls.refused() == ["send_canary may not s3:GetObject on 'frames/hall/x.jpg'"]
    calls.made.remove(stray)
    a_day_on = key.captured_at.timestamp() + 86_400
    assert all(int(item["ttl"]["N"]) <= a_day_on for item in kept), "nothing of it is kept for long"


def test_what_is_no_canarys_alert_is_no_proof(resources: Resources) -> None:
    url = resources.queue_urls["canary"]
    for body in ("{}", '{"frame_key": "frames/hall/2026/01/31/12/20260131T120000000Z.jpg"}', "no JSON"):
        boto3.client("sqs").send_message(QueueUrl=url, MessageBody=body)
    assert take_batch(boto3.client("sqs"), FUNCTIONS["record_proof"], url) > 0
    assert DynamoHealthStore(clients.dynamodb(), resources.table).last_proof() is None


def test_a_look_tells_of_dead_letters_and_dark_cameras_once(
    resources: Resources, caplog: pytest.LogCaptureFixture
) -> None:
    put_site(
        resources, cameras=[{"camera_id": "hall"}], watchfulness={"dark_after_s": 200, "dead_after_s": 0}
    )
    now = datetime.now(UTC)
    life = CameraLife(
        camera_id="hall", state="failing", last_captured_at=now - timedelta(hours=1), error="no route to host"
    )
    heartbeat = Heartbeat(agent_id="attic", at=now, version="1", cameras=(life,))
    boto3.client("s3").put_object(
        Bucket=resources.bucket, Key=heartbeat_key("attic"), Body=to_json(Heartbeat, heartbeat)
    )
    boto3.client("sqs").send_message(QueueUrl=resources.queue_urls["frames-dead"], MessageBody="{}")
    assert invoke(FUNCTIONS["watch_cameras"], {}) == {"told": ["letters/test-frames-dead", "camera/hall"]}
    assert invoke(FUNCTIONS["watch_cameras"], {}) == {"told": []}
    # What the operators' alarm counts: infra/ops_stack.py.
    assert [getattr(each, "dark", None) for each in caplog.records if each.message == "looked"] == [1, 1]
    said = {
        json.loads(each["Message"])["kind"]: json.loads(each["Message"]) for each in heard(resources, INBOX)
    }
    assert set(said) == {"dead_letters", "camera_dark"}
    assert said["camera_dark"]["reason"] == "its agent attic says that it is failing: no route to host"


def test_a_look_tells_of_lamps_that_have_failed_for_minutes(resources: Resources) -> None:
    group = {
        "group_id": "street",
        "covered_by": [{"camera": "hall"}],
        "hours": [{"begin": "20:00", "end": "06:00"}],
    }
    put_site(
        resources,
        cameras=[{"camera_id": "hall"}],
        lamp_groups=[group, {**group, "group_id": "park"}],
        watchfulness={"dark_after_s": 300, "unproven_after_s": 0},
    )
    now = datetime.now(UTC)
    earlier = now - timedelta(minutes=6)
    heartbeat = Heartbeat(
        agent_id="attic",
        at=now,
        version="1",
        cameras=(CameraLife(camera_id="hall", state="running", last_captured_at=now),),
        lamps=(LampLife(group_id="street", wanted=70, reason="no reports from hall", error="timed out"),),
    )
    boto3.client("s3").put_object(
        Bucket=resources.bucket, Key=heartbeat_key("attic"), Body=to_json(Heartbeat, heartbeat)
    )
    # A look six minutes ago found the same.
    DynamoHealthStore(clients.dynamodb(), resources.table).put_vigil(
        Vigil(
            subject="lamps/street",
            since=earlier,
            stage=Stage.AILING,
            at=earlier,
            trouble=Trouble(earlier, "timed out"),
        ),
        replaces=None,
    )
    assert invoke(FUNCTIONS["watch_cameras"], {}) == {"told": ["lamps/street"]}
    assert invoke(FUNCTIONS["watch_cameras"], {}) == {"told": []}
    (said,) = [json.loads(each["Message"]) for each in heard(resources, INBOX)]
    assert (said["kind"], said["lamp_group"]["id"]) == ("lamps_failed", "street")
    assert said["reason"] == "the agent attic says that they do not follow: timed out"
