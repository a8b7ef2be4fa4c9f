"""`python -m vigie doctor` on moto, with the real handlers at work while it waits for its canary."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.catalog import CATALOG
from infra.local.resources import Resources
from infra.local.runner import take_batch
from vigie.__main__ import _parser, main
from vigie.aws import clients
from vigie.aws.lights import IotLampShadows
from vigie.aws.pause_store import DynamoPauseStore
from vigie.aws.site_store import SITE_DOCUMENT
from vigie.commands.doctor import doctor
from vigie.documents import to_json
from vigie.domain.heartbeats import Heartbeat, LampLife, heartbeat_key
from vigie.errors import AccessDenied
from vigie.settings import variable
from vigie.steps.pausing import ENGINE, Pauses

Rows = list[dict[str, str]]


@pytest.fixture
def deployed(resources: Resources, model_path: Path, monkeypatch: pytest.MonkeyPatch) -> Resources:
    """Everything as a deployment has it: somebody hears the alerts, the table has its settings."""
    monkeypatch.setenv(variable("model"), str(model_path))
    dynamodb = boto3.client("dynamodb")
    dynamodb.update_time_to_live(
        TableName=resources.table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"}
    )
    dynamodb.update_continuous_backups(
        TableName=resources.table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    for queue in CATALOG.queues:
        boto3.client("sqs").set_queue_attributes(
            QueueUrl=resources.queue_urls[queue.name], Attributes={"VisibilityTimeout": "180"}
        )
    return resources


def examine(
    resources: Resources, capsys: pytest.CaptureFixture[str], *arguments: str, working: tuple[str, ...] = ()
) -> tuple[int, Rows]:
    """Run the command; while it waits, the functions of the `working` queues take what is there."""

    def work(_seconds: float) -> None:
        for name in working:
            take_batch(boto3.client("sqs"), CATALOG.function_of(name), resources.queue_urls[name])

    status = doctor(_parser().parse_args(["doctor", "--json", *arguments]), sleep=work)
    text = capsys.readouterr().out
    return status, json.loads(text[text.index('{\n  "findings"') :])["findings"]


def said(rows: Rows, words: str) -> dict[str, str]:
    (row,) = [row for row in rows if words in row["what"]]
    return row


ALL = ("frames", "alerts", "canary")


def test_all_is_well(deployed: Resources, capsys: pytest.CaptureFixture[str]) -> None:
    status, rows = examine(deployed, capsys, working=ALL)
    assert {row["state"] for row in rows} == {"ok"}, rows
    assert status == 0
    assert said(rows, "alerts are proven")
    assert said(rows, "alerts last proven on")
    assert said(rows, "sqs test-inbox hears alerts")
    assert said(rows, "nothing in the site document asks for Rekognition")


@pytest.mark.parametrize(
    ("working", "words", "remedy"),
    [
        ((), "test-frames holds 1 messages", "detect_frame is not triggered"),
        (("frames",), "test-alerts holds 1 messages", "send_alert is not triggered"),
        (("frames", "alerts"), "did not come out at the queue canary", "record_proof"),
    ],
)
def test_the_hop_at_which_a_canary_stops_is_named(
    deployed: Resources, capsys: pytest.CaptureFixture[str], working: tuple[str, ...], words: str, remedy: str
) -> None:
    status, rows = examine(deployed, capsys, "--timeout", "1.5", working=working)
    assert status == 1
    row = said(rows, words)
    assert row["state"] == "failure"
    assert remedy in row["remedy"]


def test_a_wire_that_was_cut_is_found(deployed: Resources, capsys: pytest.CaptureFixture[str]) -> None:
    boto3.client("s3").put_bucket_notification_configuration(
        Bucket=deployed.bucket, NotificationConfiguration={}
    )
    boto3.client("s3").put_object(Bucket=deployed.bucket, Key=SITE_DOCUMENT, Body=b'{"time_zone": "Mars"}')
    boto3.client("sqs").send_message(QueueUrl=deployed.queue_urls["alerts-dead"], MessageBody="{}")
    sns = boto3.client("sns")
    for each in sns.list_subscriptions_by_topic(TopicArn=deployed.topic_arns["alerts"])["Subscriptions"]:
        sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])
    status, rows = examine(deployed, capsys, "--no-canary")
    assert status == 1
    failed = {row["what"] for row in rows if row["state"] == "failure"}
    assert failed == {
        "site/config/site.json: time_zone 'Mars' is no name such as Europe/Paris of the time zone database",
        "the bucket announces no frames/*.jpg to a queue, so no frame is looked at",
        "1 messages failed for good and lie in test-alerts-dead",
        "nobody hears alerts",
        "no queue follows the canaries' alerts, so nothing can be proven",
    }


def test_a_rekognition_that_is_left_alone_is_told_with_its_reason(
    deployed: Resources, capsys: pytest.CaptureFixture[str]
) -> None:
    pauses = Pauses(DynamoPauseStore(clients.dynamodb(), deployed.table), lambda: datetime.now(UTC))
    pauses.after(ENGINE, AccessDenied("looking failed: no right"))
    _, rows = examine(deployed, capsys, "--no-canary")
    found = said(rows, "rekognition#engine is left alone until")
    assert found["state"] == "warning"
    assert found["what"].endswith("since looking failed: no right")
    assert not [row for row in rows if "rekognition#comparison" in row["what"]]


def test_keys_without_grants_lose_messages_without_a_word(
    deployed: Resources, capsys: pytest.CaptureFixture[str]
) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "Resource": "*",
    }
    key = boto3.client("kms").create_key(
        Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    key_id = key["KeyMetadata"]["KeyId"]
    sqs, sns = boto3.client("sqs"), boto3.client("sns")
    for name in ("frames", "alerts"):
        sqs.set_queue_attributes(QueueUrl=deployed.queue_urls[name], Attributes={"KmsMasterKeyId": key_id})
    sns.set_topic_attributes(
        TopicArn=deployed.topic_arns["alerts"], AttributeName="KmsMasterKeyId", AttributeValue=key_id
    )
    _, rows = examine(deployed, capsys, "--no-canary")
    assert said(rows, "test-alerts: its key")["state"] == "ok"
    for words in (
        "s3.amazonaws.com cannot send to test-frames",
        "cloudwatch.amazonaws.com cannot send to the alerts",
    ):
        assert said(rows, words)["state"] == "failure"


def test_lamps_that_give_what_is_asked_for_are_well_and_others_are_named(
    deployed: Resources, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGIE_LAMP_THINGS", "ours-")
    group = {"covered_by": [{"camera": "hall"}], "hours": [{}]}
    document = {
        "cameras": [{"camera_id": "hall"}],
        "lamp_groups": [{**group, "group_id": "yard", "name": "The yard"}, {**group, "group_id": "attic"}],
    }
    s3 = boto3.client("s3")
    s3.put_object(Bucket=deployed.bucket, Key=SITE_DOCUMENT, Body=json.dumps(document).encode())
    life = LampLife(group_id="yard", wanted=70, level=70, reason="no reports from hall")
    beat = Heartbeat(agent_id="garden", at=datetime.now(UTC), version="1", lamps=(life,))
    s3.put_object(Bucket=deployed.bucket, Key=heartbeat_key("garden"), Body=to_json(Heartbeat, beat))
    boto3.client("iot").create_thing(thingName="ours-yard")
    IotLampShadows(clients.iot_data(), "ours-").report("yard", {"level": 70, "error": None})
    status, rows = examine(deployed, capsys, "--no-canary")
    assert said(rows, "The yard")["what"] == "the lamps of The yard give 70 %: no reports from hall"
    assert said(rows, "The yard")["state"] == "ok"
    assert said(rows, "attic")["what"] == "no agent has ever reported what the lamps of attic do"
    assert "--lamps attic" in said(rows, "attic")["remedy"]
    assert status == 1


def test_what_may_not_be_looked_at_is_a_finding(
    deployed: Resources, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: Any) -> None:
        raise AccessDenied("no")

    monkeypatch.setattr("vigie.aws.inspection.table", denied)
    status, rows = examine(deployed, capsys, "--no-canary")
    assert status == 0
    row = said(rows, "the table's settings may not be looked at with these credentials")
    assert (row["state"], row["remedy"][:29]) == ("unknown", "allow dynamodb:DescribeTable,")


def test_what_is_not_there_is_a_failure(deployed: Resources, capsys: pytest.CaptureFixture[str]) -> None:
    status, rows = examine(deployed, capsys, "--no-canary", "--table", "elsewhere")
    assert status == 1
    assert said(rows, "the table's settings")["state"] == "failure"


def test_a_plain_run_is_a_line_a_finding(deployed: Resources, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--no-canary"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert (
        "warning alerts were never proven -> wait for the hourly canary, or let the doctor send one" in lines
    )
    assert all(line.split()[0] in {"ok", "warning", "unknown"} for line in lines)
    assert deployed


@pytest.mark.usefixtures("resources")
def test_resources_that_nobody_named_are_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(variable("table"))
    assert main(["doctor"]) == 2
    assert capsys.readouterr().err == "vigie: which resources? name --table (VIGIE_TABLE)\n"
