"""Removing a stage from moto's account: nothing billable stays of a trial, production keeps what it says."""

import io
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from edge_agent.enrolment import Registry
from infra import destroy
from infra.deployment import asking
from infra.deployment.emptying import BATCH, empty_bucket
from infra.deployment.removal import Removal, Removed, Resource
from infra.deployment.stage import Stage
from tests.infra.conftest import ACCOUNT
from tests.infra.small_stages import BUCKET, deploy, fill, stack_names
from vigie.documents import PRICE_LIST, read_toml
from vigie.domain.prices import Prices
from vigie.errors import CloudError, SetupError

pytestmark = pytest.mark.usefixtures("fresh_account")


def test_a_trial_leaves_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    deploy(policy="Delete")
    deploy(policy="Delete", stage="trial2")
    fill(BUCKET, BATCH + 7)
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName="/aws/lambda/vigie-trial-send_alert")
    stage = Stage("trial")
    stage.write_outputs(ACCOUNT, {})
    assert destroy.destroy(stage, ACCOUNT, yes=True, poll_s=0) == 0
    said = capsys.readouterr().out
    assert f"{BATCH + 8} versions" in said
    assert "Nothing of the stage is left that costs anything." in said
    assert "goes in 7 days, and costs nothing meanwhile" in said
    assert "cdk-hnb659fds-assets-123456789012-eu-west-1" in said
    # The other stage, whose name begins alike, is whole.
    assert sorted(stack_names()) == ["Vigie-trial2-Data", "Vigie-trial2-Pipeline"]
    assert [each["Name"] for each in boto3.client("s3").list_buckets()["Buckets"]] == [
        BUCKET.replace("trial", "trial2")
    ]
    assert boto3.client("dynamodb").list_tables()["TableNames"] == ["vigie-trial2-reports"]
    groups = [each["logGroupName"] for each in logs.describe_log_groups()["logGroups"]]
    assert groups == ["/aws/lambda/vigie-trial2-detect_frame"]
    assert stage.deployed_to() is None


def test_production_keeps_what_its_templates_say_and_names_it(capsys: pytest.CaptureFixture[str]) -> None:
    deploy(policy="Retain")
    fill(BUCKET, 3)
    assert destroy.destroy(Stage("trial"), ACCOUNT, yes=True, poll_s=0) == 0
    said = capsys.readouterr().out
    assert "keep it as long as these" in said
    assert said.count(f"{BUCKET} (AWS") == said.count("(AWS::KMS::Key)") == 1
    assert f"{BUCKET} (AWS::S3::Bucket): $0.023 a month for each gigabyte in it" in said
    assert "vigie-trial-reports (AWS::DynamoDB::Table): $0.509 a month for each gigabyte in it" in said
    assert "(AWS::KMS::Key): $1.00 a month" in said
    assert "/aws/lambda/vigie-trial-detect_frame (AWS::Logs::LogGroup)" in said
    versions = boto3.client("s3").list_object_versions(Bucket=BUCKET)
    assert len(versions["Versions"]) == 3


def test_a_no_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    deploy(policy="Delete")
    asked = []

    def no(question: str, *, expected: str) -> bool:
        asked.append((question, expected))
        return False

    monkeypatch.setattr(destroy, "agreed", no)
    assert destroy.destroy(Stage("trial"), ACCOUNT, yes=False, poll_s=0) == 1
    assert asked == [("Remove the stage trial?", "trial")]
    assert len(stack_names()) == 2


def test_without_anybody_to_ask_nothing_is_taken_for_a_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    with pytest.raises(SetupError, match="YES=1"):
        asking.agreed("Deploy?")


def test_a_stage_that_is_not_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert destroy.main(["--stage", "trial", "--yes"]) == 0
    assert "No stack of the stage trial" in capsys.readouterr().out


def test_without_stacks_nothing_is_touched_and_what_is_there_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A production that was removed: its bucket, table and key are there, and a log that came late."""
    deploy(policy="Retain")
    stage, group = Stage("trial"), "/aws/lambda/vigie-trial-send_alert"
    assert destroy.destroy(stage, ACCOUNT, yes=True, poll_s=0) == 0
    (key,) = boto3.client("kms").list_keys()["Keys"]
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName=group)
    stage.write_outputs(ACCOUNT, {})
    capsys.readouterr()
    assert destroy.destroy(stage, ACCOUNT, yes=True, poll_s=0) == 0
    said = capsys.readouterr().out
    assert "nothing was changed" in said
    for name in (BUCKET, "vigie-trial-reports", key["KeyId"], group):
        assert f"  {name} (AWS::" in said
    assert "Nothing of the stage is left" not in said
    groups = [each["logGroupName"] for each in logs.describe_log_groups()["logGroups"]]
    assert group in groups
    assert stage.deployed_to() is not None


def test_the_certificates_of_agents_go_first() -> None:
    """Neither a thing nor a policy goes while a certificate hangs on it."""
    iot = boto3.client("iot")
    made = iot.create_keys_and_certificate(setAsActive=True)
    iot.create_policy(policyName="vigie-trial-garden", policyDocument="{}")
    iot.create_thing(thingName="garden")
    iot.attach_thing_principal(thingName="garden", principal=made["certificateArn"])
    iot.attach_policy(policyName="vigie-trial-garden", target=made["certificateArn"])
    said: list[str] = []
    removal = Removal(
        stage=Stage("trial"),
        formation=boto3.client("cloudformation"),
        s3=boto3.client("s3"),
        logs=boto3.client("logs"),
        revoke=lambda thing: Registry(boto3.Session()).revoke_certificates(thing),
        say=said.append,
        poll_s=0,
    )
    things = [Resource(kind="AWS::IoT::Thing", name=name, stays=False) for name in ("garden", "gone-by-hand")]
    removal._remove_stack("Vigie-trial-Edge", things, Removed())
    assert said[0] == "garden: 1 certificates revoked"
    assert iot.list_certificates()["certificates"] == []


def test_no_stage_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert destroy.main(["--stage", "", "--yes"]) == 2
    assert "which stage?" in capsys.readouterr().err


def test_an_object_that_may_not_be_removed_is_named() -> None:
    s3 = boto3.client("s3", region_name="eu-west-1")
    versions: Any = {"Versions": [{"Key": "locked.jpg", "VersionId": "1"}], "IsTruncated": False}
    with Stubber(s3) as stub:
        stub.add_response("list_object_versions", versions)
        stub.add_response("delete_objects", {"Errors": [{"Key": "locked.jpg", "Message": "Access Denied"}]})
        with pytest.raises(CloudError, match=r"locked.jpg: Access Denied"):
            empty_bucket(s3, "b")


def test_a_bucket_that_fills_up_again_is_emptied_again() -> None:
    """A camera went on sending: the stack did not go the first time."""
    deploy(policy="Delete")
    fill(BUCKET, 2)
    said: list[str] = []
    removal = Removal(
        stage=Stage("trial"),
        formation=boto3.client("cloudformation"),
        s3=boto3.client("s3"),
        logs=boto3.client("logs"),
        revoke=lambda _: 0,
        say=said.append,
        poll_s=0,
    )
    tries = iter([False, True])

    def deleted(self: Removal, stack: str) -> bool:
        if not next(tries):
            fill(BUCKET, 1)
            return False
        return True

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Removal, "_deleted", deleted)
        removed = Removed()
        bucket = Resource(kind="AWS::S3::Bucket", name=BUCKET, stays=False)
        removal._remove_stack("Vigie-trial-Data", [bucket], removed)
    assert removed.objects == 3 + 2
    assert not boto3.client("s3").list_object_versions(Bucket=BUCKET).get("Versions")


def test_a_stack_that_does_not_go_is_told_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    deploy(policy="Delete")
    monkeypatch.setattr(Removal, "_deleted", lambda *_: False)
    monkeypatch.setattr(
        "infra.deployment.removal.first_failure", lambda *_: "Role: it is used by something else"
    )
    with pytest.raises(CloudError, match="could not be removed: Role: it is used by something else"):
        destroy.destroy(Stage("trial"), ACCOUNT, yes=True, poll_s=0)


def test_every_kind_that_is_kept_has_its_price() -> None:
    prices = read_toml(Prices, PRICE_LIST)
    kept = [
        Resource(kind=kind, name="x", stays=True) for kind in (*destroy._GIGABYTE_PRICES, "AWS::KMS::Key")
    ]
    lines = list(destroy.told(Removed(kept=kept), ACCOUNT, prices))
    assert sum("$" in line for line in lines) == len(kept)
