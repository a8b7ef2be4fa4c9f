"""What a removal takes for the stage's own, and what of it stays, by the templates that were deployed."""

import json
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from infra import destroy
from infra.deployment.removal import Removal
from infra.deployment.stage import Stage
from tests.infra.conftest import ACCOUNT, Synthesis

pytestmark = pytest.mark.usefixtures("fresh_account")


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
