"""What is looked at before a deployment: each fault one sentence with what to do about it."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.config import Config, Settings
from infra.deployment.account import (
    Account,
    Stack,
)
from infra.deployment.preflight import (
    Preflight,
    judge_account,
    judge_bootstrap,
    judge_concurrency,
    judge_disk,
    judge_left_over,
    judge_model,
    judge_move,
    judge_stacks,
)
from infra.deployment.stage import Stage
from infra.local.cloud import aws_environ
from vigie.aws import inspection
from vigie.aws.site_store import SITE_DOCUMENT
from vigie.domain.findings import State
from vigie.errors import AccessDenied, ModelError, SetupError

ACCOUNT = Account(
    account_id="123456789012", region="eu-west-1", arn="arn:aws:sts::123456789012:assumed-role/dev/x"
)

TRIAL = Config(stage="trial", settings=Settings(retain=False))


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in aws_environ("").items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.delenv("AWS_REGION", raising=False)
    with mock_aws():
        yield


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr("infra.deployment.stage.BUILD", tmp_path / "build")
    return Stage("trial")


@pytest.mark.parametrize(
    ("version", "state"), [(None, State.FAILURE), (5, State.FAILURE), (6, State.OK), (21, State.OK)]
)
def test_the_bootstrap_is_judged(version: int | None, state: State) -> None:
    finding = judge_bootstrap(version, ACCOUNT)
    assert finding.state is state
    assert state is State.OK or "aws://123456789012/eu-west-1" in finding.remedy


@pytest.mark.parametrize(
    ("at_once", "unreserved", "state", "words"),
    [
        (10, 10, State.OK, "at most 50 frames a second"),
        (1000, 900, State.OK, "900 of them free"),
        (1000, 3, State.WARNING, "only 3 are free"),
    ],
)
def test_a_new_account_s_ten_do(at_once: int, unreserved: int, state: State, words: str) -> None:
    finding = judge_concurrency(at_once, unreserved)
    assert finding.state is state
    assert words in finding.what


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("CREATE_COMPLETE", State.OK),
        ("UPDATE_ROLLBACK_COMPLETE", State.OK),
        ("UPDATE_IN_PROGRESS", State.FAILURE),
        ("UPDATE_FAILED", State.FAILURE),
        ("IMPORT_ROLLBACK_FAILED", State.FAILURE),
        ("ROLLBACK_IN_PROGRESS", State.FAILURE),
        ("UPDATE_ROLLBACK_FAILED", State.FAILURE),
        ("ROLLBACK_FAILED", State.FAILURE),
        ("DELETE_FAILED", State.FAILURE),
        ("ROLLBACK_COMPLETE", State.WARNING),
        ("REVIEW_IN_PROGRESS", State.OK),
    ],
)
def test_stacks_are_judged_by_their_states(status: str, state: State) -> None:
    first = next(iter(judge_stacks([Stack(name="Vigie-trial-Data", status=status, reason="no key")])))
    assert first.state is state
    assert state is State.OK or "Vigie-trial-Data" in first.what


def test_small_judgements() -> None:
    root = Account(account_id="1", region="eu-west-1", arn="arn:aws:iam::1:root")
    assert judge_account(root).state is State.WARNING
    assert judge_account(ACCOUNT).state is State.OK
    assert judge_move(ACCOUNT, None, "trial").state is State.OK
    assert judge_move(ACCOUNT, ("123456789012", "eu-west-1"), "trial").state is State.OK
    assert judge_move(ACCOUNT, ("123456789012", "us-east-1"), "trial").state is State.WARNING
    assert [judge_disk(free).state for free in (10**8, 2 * 10**9, 10**10)] == [
        State.FAILURE,
        State.WARNING,
        State.OK,
    ]
    assert judge_left_over([]).state is State.OK
    assert "the bucket b and the table t" in judge_left_over(["the bucket b", "the table t"]).what


def test_the_model_is_judged_by_what_is_found() -> None:
    def missing() -> Path:
        raise ModelError("no model was found; put one into models/")

    assert judge_model(partial(missing)).state is State.FAILURE
    assert judge_model(partial(Path, "yolov8n-prepared.onnx")).state is State.OK
    assert judge_model(partial(Path, "yolov8n.onnx")).state is State.WARNING


def test_all_checks_of_an_empty_account(
    cloud: None, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGIE_MODEL", str(tmp_path / "none.onnx"))

    def forbidden(_client: object) -> tuple[int, int]:
        raise AccessDenied("not allowed")

    monkeypatch.setattr("infra.deployment.preflight.concurrency", forbidden)
    findings = list(Preflight(config=TRIAL, account=ACCOUNT, checkout=tmp_path).findings())
    by_state = {state: [each.what for each in findings if each.state is state] for state in State}
    failed = " ".join(by_state[State.FAILURE])
    assert "not bootstrapped" in failed
    assert "none.onnx" in failed
    assert len(by_state[State.FAILURE]) == 2
    # A check that cannot be made stops nothing.
    assert any("Lambda's limits" in what for what in by_state[State.UNKNOWN])
    assert any("everything will be created" in what for what in by_state[State.OK])
    assert any("nobody hears alerts by SMS yet" in what for what in by_state[State.OK])


def test_where_rekognition_is_not_whoever_asks_for_it_is_warned(cloud: None, stage: Stage) -> None:
    def judged(region: str, document: bytes | None) -> tuple[State, str]:
        account = replace(ACCOUNT, region=region)
        s3 = boto3.client("s3")
        if document:
            at_home: Any = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
            with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
                s3.create_bucket(Bucket=stage.bucket(account), **at_home)
            s3.put_object(Bucket=stage.bucket(account), Key=SITE_DOCUMENT, Body=document)
        findings = Preflight(config=TRIAL, account=account).findings()
        (finding,) = [each for each in findings if "Rekognition" in each.what or "the site" in each.what]
        return finding.state, finding.what

    assert judged("eu-west-3", None)[0] is State.OK
    assert judged("eu-west-3", b'{"comparison": {"share": 0}}')[0] is State.OK
    asks = (
        b'{"comparison": {"share": 0.1}, "known_faces": {"enabled": true},'
        b' "cameras": [{"camera_id": "gate", "engine": "rekognition"}]}'
    )
    assert judged("eu-west-1", asks) == (
        State.OK,
        "Rekognition is in eu-west-1: comparison, engine of gate, known_faces",
    )
    assert judged("eu-west-3", asks) == (
        State.WARNING,
        "Rekognition is not in eu-west-3, as far as the AWS SDK here knows, and the site document asks for "
        "it: comparison, engine of gate, known_faces",
    )
    assert judged("xx-new-1", asks)[1].startswith("Rekognition may not be in xx-new-1")
    assert judged("eu-west-3", b"{")[0] is State.UNKNOWN, "no reason to stop a deployment"


def test_what_a_destroyed_production_kept_is_found_before_it_fails(cloud: None, stage: Stage) -> None:
    boto3.client("s3").create_bucket(
        Bucket=stage.bucket(ACCOUNT), CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    findings = list(Preflight(config=TRIAL, account=ACCOUNT).findings())
    (left,) = [each for each in findings if "without their stack" in each.what]
    assert left.state is State.FAILURE
    assert stage.bucket(ACCOUNT) in left.what


@pytest.mark.parametrize("status", ["REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE"])
def test_what_a_failed_creation_left_is_found_beside_its_stack(
    cloud: None, stage: Stage, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    boto3.client("logs").create_log_group(logGroupName="/aws/lambda/vigie-trial-send_alert")
    logs = stage.buckets(ACCOUNT)[1]
    boto3.client("s3").create_bucket(
        Bucket=logs, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    there = (Stack(name=stage.data_stack, status=status),)
    monkeypatch.setattr("infra.deployment.preflight.stacks", lambda *_: there)
    findings = list(Preflight(config=TRIAL, account=ACCOUNT).findings())
    (left,) = [each for each in findings if "without their stack" in each.what]
    assert left.state is State.FAILURE
    assert f"the bucket {logs} and the log group /aws/lambda/vigie-trial-send_alert of an" in left.what


def test_what_a_healthy_stack_holds_is_not_left_over(
    cloud: None, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    boto3.client("logs").create_log_group(logGroupName="/aws/lambda/vigie-trial-send_alert")
    there = (Stack(name=stage.data_stack, status="UPDATE_COMPLETE"),)
    monkeypatch.setattr("infra.deployment.preflight.stacks", lambda *_: there)
    findings = list(Preflight(config=TRIAL, account=ACCOUNT).findings())
    assert not [each for each in findings if "without their stack" in each.what]


def test_the_sandbox_matters_where_somebody_hears_by_sms(
    cloud: None, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    sns = boto3.client("sns")
    topic = sns.create_topic(Name="vigie-trial-alerts")["TopicArn"]
    assert topic == stage.alerts_topic(ACCOUNT)
    sns.subscribe(TopicArn=topic, Protocol="sms", Endpoint="+33612345678")
    asked: list[str] = []

    def sms(*_: object) -> object:
        asked.append("sandbox")
        raise SetupError("asked")

    monkeypatch.setattr(inspection, "sms", sms)
    with pytest.raises(SetupError, match="asked"):
        list(Preflight(config=TRIAL, account=ACCOUNT).findings())
    assert asked
