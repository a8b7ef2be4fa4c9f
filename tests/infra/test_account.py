"""The account as deployments read it: who one is there, or in one sentence why nobody knows."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, SSOError
from botocore.stub import Stubber
from moto import mock_aws

from infra import deploy, destroy
from infra.deployment.account import (
    BOOTSTRAP_PARAMETER,
    bootstrap_version,
    concurrency,
    first_failure,
    identify,
    settle_region,
)
from infra.local.cloud import aws_environ
from vigie.errors import SetupError


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in aws_environ("").items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.delenv("AWS_REGION", raising=False)
    with mock_aws():
        yield


class NoSts:
    """An STS that answers with an error."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def get_caller_identity(self) -> None:
        raise self.error


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "GetCallerIdentity")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (NoCredentialsError(), "no AWS credentials were found on this machine"),
        (SSOError(), "the login to AWS is over"),
        (refused("ExpiredToken"), "the AWS credentials have expired"),
        (refused("ExpiredTokenException"), "the AWS credentials have expired"),
        (refused("InvalidClientTokenId"), "does not know these credentials"),
        (refused("AccessDenied"), "does not say who we are"),
        (
            EndpointConnectionError(endpoint_url="https://sts.eu-wset-1.amazonaws.com"),
            "does not answer for the region",
        ),
    ],
)
def test_who_cannot_be_identified_hears_why(error: Exception, sentence: str) -> None:
    sts: Any = NoSts(error)
    with pytest.raises(SetupError, match=sentence):
        identify(lambda: sts, "eu-wset-1")


def test_the_identity_is_sts_s_own(cloud: None) -> None:
    account = identify(lambda: boto3.client("sts"), "eu-west-1")
    assert (account.account_id, account.region) == ("123456789012", "eu-west-1")


def test_one_region_for_all_programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    assert settle_region({"AWS_REGION": "eu-west-3"}) == "eu-west-3"
    both = {"AWS_REGION": "eu-west-3", "AWS_DEFAULT_REGION": "eu-west-1"}
    with pytest.raises(SetupError, match="AWS_REGION=eu-west-3 and AWS_DEFAULT_REGION=eu-west-1"):
        settle_region(both)
    with pytest.raises(SetupError, match="no AWS region is set"):
        settle_region({})
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(SetupError, match="nobody"):
        settle_region({})


def test_the_bootstrap_is_read(cloud: None) -> None:
    ssm = boto3.client("ssm")
    assert bootstrap_version(ssm) is None
    ssm.put_parameter(Name=BOOTSTRAP_PARAMETER, Value="21", Type="String")
    assert bootstrap_version(ssm) == 21


def test_lambda_s_limits_are_read() -> None:
    client = boto3.client("lambda", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stub:
        limits = {"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": 10}
        stub.add_response("get_account_settings", {"AccountLimit": limits})
        assert concurrency(client) == (10, 10)


@pytest.mark.parametrize(
    ("environ", "config", "sentence"),
    [
        ({"AWS_PROFILE": "nope", "AWS_REGION": "eu-west-1"}, "", "AWS_PROFILE names one of ~/.aws/config"),
        ({"AWS_PROFILE": "nope"}, "", "AWS_PROFILE names one of ~/.aws/config"),
        ({"AWS_REGION": "bad region"}, "", "the region 'bad region' is none"),
        ({"AWS_REGION": "eu-west-1"}, "[profile\nregion", "mend the file"),
        ({}, "[profile\nregion", "mend the file"),
    ],
)
@pytest.mark.parametrize("program", [deploy.main, destroy.main])
def test_wrong_aws_settings_are_one_sentence(
    program: Callable[[list[str]], int],
    environ: dict[str, str],
    config: str,
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "config").write_text(config)
    ours = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    ours |= {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_EC2_METADATA_DISABLED": "true", **environ}
    with mock.patch.dict(os.environ, ours, clear=True), mock.patch("boto3.DEFAULT_SESSION", None):
        assert program(["--stage", "trial"]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1


def test_the_first_failure_of_the_newest_run_is_told() -> None:
    formation = boto3.client(
        "cloudformation", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    event: Callable[..., dict[str, Any]] = lambda number, name, status, reason="": {  # noqa: E731
        "StackId": "id",
        "EventId": str(number),
        "StackName": "s",
        "Timestamp": datetime(2026, 11, 22, 12, 0, number, tzinfo=UTC),
        "LogicalResourceId": name,
        "PhysicalResourceId": "id" if name == "s" else name,
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }
    creation = [
        event(9, "s", "ROLLBACK_COMPLETE"),
        event(8, "Queue", "CREATE_FAILED", "Resource creation cancelled"),
        event(7, "Bucket", "CREATE_FAILED", "vigie-trial-data already exists"),
        event(6, "s", "CREATE_IN_PROGRESS"),
        event(5, "Table", "CREATE_FAILED", "of the run before"),
    ]
    # What an older creation failed at explains no removal.
    removal = [
        event(12, "s", "DELETE_FAILED"),
        event(11, "Role", "DELETE_FAILED", "it is used by something else"),
        event(10, "s", "DELETE_IN_PROGRESS"),
    ]
    with Stubber(formation) as stub:
        stub.add_response("describe_stack_events", {"StackEvents": creation})
        assert first_failure(formation, "s") == "Bucket: vigie-trial-data already exists"
        stub.add_response("describe_stack_events", {"StackEvents": removal + creation})
        assert first_failure(formation, "s") == "Role: it is used by something else"
