"""The order of a deployment: nothing is changed before everything is right and somebody has said yes."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from unittest import mock

import boto3
import pytest

from infra import deploy
from infra.config import Config, Settings
from infra.deployment.account import Stack
from infra.deployment.preflight import Preflight
from tests.infra.conftest import ACCOUNT
from vigie.errors import CloudError, SetupError

pytestmark = pytest.mark.usefixtures("fresh_account")

ALERTS = "arn:aws:sns:eu-west-1:123456789012:vigie-trial-alerts"
OUTPUTS = {
    "Bucket": "data",
    "TableName": "reports",
    "ReportsTopicArn": "arn:reports",
    "AlertsTopicArn": ALERTS,
}


class Steps:
    """Stands for the programs that a deployment runs: notes them, and fails at one."""

    def __init__(self, fails_at: str = "") -> None:
        self.ran: list[str] = []
        self.words: dict[str, Sequence[str]] = {}
        self.fails_at = fails_at

    def __call__(self, command: Sequence[str]) -> int:
        name = " ".join(command[:2]) if command[0] == "infra.cdk" else command[0]
        self.ran.append(name)
        self.words[name] = command
        if name == "infra.cdk deploy":
            template = {
                "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
                "Outputs": {key: {"Value": value} for key, value in OUTPUTS.items()},
            }
            boto3.client("cloudformation").create_stack(
                StackName="Vigie-trial-Data", TemplateBody=json.dumps(template)
            )
        return 1 if name == self.fails_at else 0


@pytest.fixture
def preflight() -> Preflight:
    return Preflight(config=Config(stage="trial", settings=Settings(retain=False)), account=ACCOUNT)


def test_the_steps_and_then_the_doctor(preflight: Preflight, monkeypatch: pytest.MonkeyPatch) -> None:
    steps, doctored = Steps(), []

    def doctor(words: list[str]) -> int:
        doctored.append(words)
        return 1

    monkeypatch.setattr(deploy, "vigie", doctor)
    assert deploy.deploy(preflight, yes=True, run=steps) == 1  # the doctor's own word
    assert steps.ran == ["layers.build", "infra.synth", "infra.cdk diff", "infra.cdk deploy"]
    # The other methods make change sets, and stacks for them, before anybody has agreed.
    assert "--method=template" in steps.words["infra.cdk diff"]
    (words,) = doctored
    assert words[0] == "doctor"
    assert dict(zip(words[1::2], words[2::2], strict=True)) == {
        "--bucket": "data",
        "--table": "reports",
        "--reports-topic": "arn:reports",
        "--alerts-topic": ALERTS,
    }
    document = json.loads(preflight.stage.outputs_file.read_text())
    assert document["stacks"]["Vigie-trial-Data"] == OUTPUTS
    assert preflight.stage.deployed_to() == ("123456789012", "eu-west-1")


def test_after_a_first_deployment_it_is_said_how_to_hear_alerts() -> None:
    sns = boto3.client("sns")
    topic = sns.create_topic(Name="vigie-trial-alerts")["TopicArn"]
    # The canary's own queue is nobody.
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:eu-west-1:123456789012:proofs")
    said = deploy.words_on_followers(topic, ["--alerts-topic", topic])
    assert f"python -m vigie subscribe --topic {topic} --email ADDRESS" in said
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@vigie.example")
    assert deploy.words_on_followers(topic, []) == ""
    assert deploy.words_on_followers(topic + "-gone", []) == ""


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        ("layers.build", "building the layers failed, as said above; nothing was changed"),
        ("infra.synth", "synthesising failed, as said above; nothing was changed"),
        ("infra.cdk diff", "comparing with what is deployed failed, as said above; nothing was changed"),
    ],
)
def test_a_step_that_fails_is_the_last(preflight: Preflight, step: str, sentence: str) -> None:
    steps = Steps(fails_at=step)
    with pytest.raises(SetupError, match=sentence):
        deploy.deploy(preflight, yes=True, run=steps)
    assert steps.ran[-1] == step


def test_a_no_deploys_nothing(preflight: Preflight, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploy, "agreed", lambda question: "trial" not in question)
    steps = Steps()
    with pytest.raises(SetupError, match="nothing was changed"):
        deploy.deploy(preflight, yes=False, run=steps)
    assert "infra.cdk deploy" not in steps.ran


def test_cloudformation_s_own_reason_is_told(preflight: Preflight, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Stack(name="Vigie-trial-Data", status="ROLLBACK_COMPLETE")
    monkeypatch.setattr(deploy, "stacks", lambda *_: (broken,))
    monkeypatch.setattr(deploy, "first_failure", lambda *_: "Bucket: it already exists")
    with pytest.raises(CloudError, match="Vigie-trial-Data is in ROLLBACK_COMPLETE: Bucket: it already"):
        deploy.deploy(preflight, yes=True, run=Steps(fails_at="infra.cdk deploy"))


def test_stacks_without_outputs_are_said() -> None:
    with pytest.raises(CloudError, match="no output TableName"):
        deploy.doctor_options({"Data": {key: OUTPUTS[key] for key in OUTPUTS if key != "TableName"}})


def test_a_failed_check_ends_it_before_anything_is_built(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(deploy, "run_module", lambda _: pytest.fail("something was run"))
    assert deploy.main(["--stage", "trial", "--yes"]) == 2
    told = capsys.readouterr()
    assert "the CDK is not bootstrapped" in told.out
    assert "nothing was changed" in told.err


def test_an_unknown_stage_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert deploy.main(["--stage", "nowhere"]) == 2
    assert "stage 'nowhere' is unknown; trial, prod are" in capsys.readouterr().err


def test_no_credentials_are_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gone = {name for name in os.environ if name.startswith("AWS_")}
    with mock.patch.dict(os.environ):
        for name in gone:
            del os.environ[name]
        os.environ |= {
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
            "AWS_CONFIG_FILE": str(tmp_path / "none"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_REGION": "eu-west-1",
        }
        assert deploy.main(["--stage", "trial"]) == 2
    assert capsys.readouterr().err.startswith("vigie deploy: no AWS credentials were found on this machine")
