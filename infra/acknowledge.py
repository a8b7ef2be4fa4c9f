"""What cdk-nag finds and we mean: each finding is acknowledged on one resource, with the reason."""

from collections.abc import Iterable, Mapping
from typing import Any

from aws_cdk import Acknowledgment, Aws, Validations
from constructs import Construct

_PACK = "AwsSolutions-"
# How cdk-nag writes what only CloudFormation knows.
_WRITTEN = {
    Aws.PARTITION: "<AWS::Partition>",
    Aws.REGION: "<AWS::Region>",
    Aws.ACCOUNT_ID: "<AWS::AccountId>",
}
_OBJECTS = "frames, pictures and files of one prefix, whose keys nobody knows beforehand"
_STREAMS = "the streams of one log group, which Lambda names"
_NO_RESOURCE = "X-Ray's actions, SNS's on one subscription and Rekognition's looks know no resource but '*'"
_THINGS = "the shadows of lamp groups, which the site document names"
_COLLECTIONS = "the collection of known faces, which the site document names"


def acknowledge(construct: Construct, **reasons: str) -> None:
    """Acknowledge findings on a construct by the rules' short names, as in `S1="its reason"`."""
    acknowledge_findings(construct, reasons)


def acknowledge_findings(construct: Construct, reasons: Mapping[str, str]) -> None:
    """Acknowledge findings by what follows `AwsSolutions-`, as in `IAM5[Resource::*]`, with their reasons."""
    for rule, reason in reasons.items():
        Validations.of(construct).acknowledge(Acknowledgment(id=f"{_PACK}{rule}", reason=reason))


def acknowledge_wildcards(role: Construct, statements: Iterable[Mapping[str, Any]]) -> None:
    """Acknowledge the wildcards of a role's statements, each by itself: any other is a finding."""
    for statement in statements:
        named = statement["Resource"]
        for resource in [named] if isinstance(named, str) else named:
            if "*" in resource:
                written = resource
                for token, word in _WRITTEN.items():
                    written = written.replace(token, word)
                acknowledge_findings(role, {f"IAM5[Resource::{written}]": _reason(resource)})


def _reason(resource: str) -> str:
    if resource == "*":
        return _NO_RESOURCE
    if ":thing/" in resource:
        return _THINGS
    if ":collection/" in resource:
        return _COLLECTIONS
    return _STREAMS if ":log-group:" in resource else _OBJECTS
