"""Every action of every role, as a list that a person reads; handlers' tests prove that it is enough."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from infra.catalog import CATALOG
from infra.permissions import RIGHTS, allows
from tests.infra.conftest import Synthesis
from vigie.domain.frames import FRAMES_PREFIX

GOLDEN = Path(__file__).with_name("rights.txt")
# What only CloudFormation knows, shortened.
SHORT = {
    "Ref AWS::Partition": "aws",
    "Ref AWS::Region": "REGION",
    "Ref AWS::AccountId": "ACCOUNT",
    "Ref AWS::URLSuffix": "amazonaws.com",
}


def words(value: Any) -> str:
    """Write a resource of a template as one word."""
    match value:
        case str():
            return value
        case {"Fn::Join": [between, parts]}:
            return str(between).join(words(part) for part in parts)
        case {"Ref": name}:
            return SHORT.get(f"Ref {name}", str(name))
        case {"Fn::GetAtt": [name, attribute]}:
            return f"{name}.{attribute}"
        case {"Fn::ImportValue": name}:
            return "KEY" if "Key" in words(name) else words(name)
    raise AssertionError(value)


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def role_lines(role: Mapping[str, Any]) -> Iterator[str]:
    properties = role["Properties"]
    for policy in properties.get("Policies", ()):
        for statement in policy["PolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Allow"
            condition = ""
            for test, keys in statement.get("Condition", {}).items():
                for key, values in keys.items():
                    condition += f" if {key} {test} {', '.join(map(words, as_list(values)))}"
            for action in as_list(statement["Action"]):
                for resource in as_list(statement["Resource"]):
                    yield f"  {action} on {words(resource)}{condition}"


def listing(synthesis: Synthesis) -> str:
    lines: list[str] = []
    for stack in sorted(synthesis.templates):
        for role in synthesis.of_type(stack, "AWS::IAM::Role").values():
            assert "ManagedPolicyArns" not in role["Properties"]
            lines += [f"{stack}: {role['Properties']['RoleName']}", *sorted(role_lines(role))]
        # No rights but those in the roles themselves.
        for kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
            assert not synthesis.of_type(stack, kind), stack
    return "\n".join(lines) + "\n"


def test_every_action_of_every_role_is_listed(synthesis: Synthesis) -> None:
    # After a change that was meant: write what the message shows into rights.txt, and have it read.
    assert listing(synthesis) == GOLDEN.read_text()


def test_no_action_is_a_wildcard_and_none_writes_frames_but_the_canarys() -> None:
    lines = [line for line in GOLDEN.read_text().splitlines() if line.startswith("  ")]
    assert not [line for line in lines if "*" in line.split(" on ")[0]]
    everything = [line for line in lines if " on *" in line]
    assert {line.split()[0] for line in everything} == {
        "rekognition:DetectLabels",
        "sns:GetSubscriptionAttributes",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }
    writers = [line for line in lines if "s3:PutObject" in line and f"/{FRAMES_PREFIX}" in line]
    assert sorted(line.rpartition("/frames/")[2] for line in writers) == [
        "gate/*",
        "vigie-canary/*",
        "yard/*",
    ]


def test_every_function_has_its_rights_and_no_other() -> None:
    assert set(RIGHTS) == {function.name for function in CATALOG.functions}


@pytest.mark.parametrize(
    ("name", "action", "resource", "allowed"),
    [
        ("detect_frame", "s3:GetObject", "frames/hall/x.jpg", True),
        ("detect_frame", "s3:PutObject", "frames/hall/x.jpg", False),
        ("detect_frame", "s3:GetObject", "site/config/site.json", True),
        ("detect_frame", "s3:PutObject", "site/config/site.json", False),
        ("detect_frame", "sns:Publish", "reports", True),
        ("detect_frame", "sns:Publish", "alerts", False),
        ("send_alert", "sts:AssumeRole", "pictures", True),
        ("render_charts", "sts:AssumeRole", "pictures", False),
        ("watch_cameras", "sqs:GetQueueAttributes", "", True),
        ("watch_cameras", "s3:ListBucket", "frames/hall/", True),
        ("watch_cameras", "s3:ListBucket", "site/", False),
        ("send_canary", "s3:PutObject", "frames/vigie-canary/x.jpg", True),
        ("send_canary", "s3:PutObject", "frames/hall/x.jpg", False),
        ("record_proof", "dynamodb:DeleteItem", "", False),
        ("send_alert", "sns:ListSubscriptionsByTopic", "alerts", True),
        ("send_alert", "sns:GetSubscriptionAttributes", "reports", False),
        ("detect_frame", "sns:GetSubscriptionAttributes", "reports", False),
        ("render_charts", "dynamodb:UpdateItem", "", False),
        ("set_lights", "iot:UpdateThingShadow", "vigie-lights-street", True),
        ("set_lights", "iot:UpdateThingShadow", "garden", False),
        ("set_lights", "dynamodb:PutItem", "", False),
        ("compare_labels", "rekognition:DetectLabels", "", True),
        ("compare_labels", "s3:PutObject", "frames/hall/x.jpg", False),
        ("send_alert", "rekognition:DetectLabels", "", False),
    ],
)
def test_what_is_not_named_is_not_allowed(name: str, action: str, resource: str, allowed: bool) -> None:
    function = next(each for each in CATALOG.functions if each.name == name)
    assert allows(function, action, resource) is allowed
