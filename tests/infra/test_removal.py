"""What a removal takes for the stage's own, and what of it stays, by the templates that were deployed."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from infra import destroy
from infra.deployment.account import Account
from infra.deployment.removal import Removal
from infra.deployment.stage import Stage
from infra.local.cloud import aws_environ
from tests.infra.conftest import Synthesis

ACCOUNT = Account(
    account_id="123456789012", region="eu-west-1", arn="arn:aws:sts::123456789012:assumed-role/dev/x"
)


@pytest.fixture(autouse=True)
def cloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name, value in aws_environ("").items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.setattr("infra.deployment.stage.BUILD", tmp_path / "build")
    with mock.patch.dict(os.environ), mock_aws():
        yield


def test_a_stack_that_was_only_compared_goes_too() -> None:
    """`cdk diff` by change set leaves a stack in REVIEW_IN_PROGRESS, which has no template."""
    formation = boto3.client("cloudformation")
    formation.create_change_set(
        StackName="Vigie-trial-Data",
        ChangeSetName="compared",
        ChangeSetType="CREATE",
        TemplateBody='{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}',
    )
    assert formation.describe_stacks()["Stacks"][0]["StackStatus"] == "REVIEW_IN_PROGRESS"
    with Stubber(formation) as stub:
        stub.add_response("get_template", {"StagesAvailable": ["Original", "Processed"]})
        assert list(removal_of("trial", formation).resources("Vigie-trial-Data")) == []
    assert destroy.destroy(Stage("trial"), ACCOUNT, yes=True, poll_s=0) == 0
    assert formation.describe_stacks()["Stacks"] == []


def test_of_a_half_failed_stage_only_what_was_made_is_its_own(synthesis: Synthesis) -> None:
    """Its creation failed at names that are another stage's: that one's agent and bucket are not touched."""
    formation = boto3.client("cloudformation")
    edge, data = synthesis.templates["Edge"], synthesis.templates["Data"]
    ((thing, _),) = synthesis.of_type("Edge", "AWS::IoT::Thing").items()
    (bucket, *_) = synthesis.of_type("Data", "AWS::S3::Bucket")
    ((table, _),) = synthesis.of_type("Data", "AWS::DynamoDB::Table").items()
    with Stubber(formation) as stub:
        for template, status, names in (
            (edge, "CREATE_FAILED", [thing]),
            (edge, "CREATE_COMPLETE", [thing]),
            (data, "CREATE_FAILED", [bucket, table]),
            (data, "DELETE_COMPLETE", [bucket, table]),
        ):
            stub.add_response("get_template", {"TemplateBody": json.dumps(template)})
            stub.add_response("list_stack_resources", listed(template, names, status))
        removal = removal_of("prod", formation)
        assert list(removal.resources("Vigie-prod-Edge")) == []
        assert [each.kind for each in removal.resources("Vigie-prod-Edge")] == ["AWS::IoT::Thing"]
        assert list(removal.resources("Vigie-prod-Data")) == []
        assert list(removal.resources("Vigie-prod-Data")) == []


def test_the_real_templates_of_production_keep_state_alone(synthesis: Synthesis) -> None:
    formation = boto3.client("cloudformation")
    stays: set[str] = set()
    with Stubber(formation) as stub:
        for name, template in synthesis.templates.items():
            stub.add_response("get_template", {"TemplateBody": json.dumps(template)})
            everything = list(template["Resources"])
            stub.add_response("list_stack_resources", listed(template, everything, "CREATE_COMPLETE"))
            resources = list(removal_of("prod", formation).resources(f"Vigie-prod-{name}"))
            assert len(resources) == len(everything)
            stays |= {each.kind for each in resources if each.stays}
    assert stays == {"AWS::KMS::Key", "AWS::S3::Bucket", "AWS::DynamoDB::Table"}


def removal_of(stage: str, formation: Any) -> Removal:
    return Removal(
        stage=Stage(stage),
        formation=formation,
        s3=boto3.client("s3"),
        logs=boto3.client("logs"),
        revoke=lambda _: 0,
        say=lambda _: None,
        poll_s=0,
    )


def listed(template: Any, names: list[str], status: str) -> dict[str, Any]:
    """CloudFormation's answer about these resources of a template."""
    return {
        "StackResourceSummaries": [
            {
                "LogicalResourceId": name,
                "PhysicalResourceId": f"physical-{name}",
                "ResourceType": template["Resources"][name]["Type"],
                "LastUpdatedTimestamp": datetime(2026, 11, 22, tzinfo=UTC),
                "ResourceStatus": status,
            }
            for name in names
        ]
    }
