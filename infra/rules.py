"""Rules of ours that a template must keep, or the synthesis stops; cdk-nag knows the world's, not these.

They look at what CloudFormation will get, whatever code made it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from aws_cdk import App
from aws_cdk.cx_api import CloudAssembly

from vigie.errors import ConfigError

Template = Mapping[str, Any]

# What a policy must refuse to whoever comes without TLS; SNS takes no wildcard there.
_REFUSED = {
    "AWS::SQS::QueuePolicy": {"*", "sqs:*"},
    "AWS::SNS::TopicPolicy": {"sns:Publish"},
    "AWS::S3::BucketPolicy": {"*", "s3:*"},
}


def synthesise(app: App) -> CloudAssembly:
    """Write the app's templates, and check them.

    Raises:
        ConfigError: CDK or cdk-nag refused them, in its own words, or a rule of ours is broken: one sentence
            for each resource.

    """
    try:
        assembly = app.synth()
    except RuntimeError as error:  # whatever jsii brings over from Node
        raise ConfigError(f"the synthesis failed: {error}") from error
    faults = list(find_faults({stack.stack_name: stack.template for stack in assembly.stacks}))
    if faults:
        raise ConfigError("; ".join(faults))
    return assembly


def find_faults(templates: Mapping[str, Template]) -> Iterator[str]:
    """Yield a sentence for each resource that breaks a rule, such as a queue without a dead-letter queue."""
    alarmed = set(_alarmed(templates))
    for stack, template in templates.items():
        resources = template.get("Resources", {})
        dead = set(_dead_letters(resources))
        for name, resource in resources.items():
            kind, properties = resource["Type"], resource.get("Properties", {})
            place = f"{stack}: {name}"
            match kind:
                case "AWS::SQS::Queue":
                    if "RedrivePolicy" not in properties and name not in dead:
                        yield f"{place} is a queue without a dead-letter queue"
                    if name not in _tls_only(resources, "AWS::SQS::QueuePolicy", "Queues"):
                        yield f"{place} is a queue that takes messages without TLS"
                case "AWS::SNS::Topic":
                    if name not in _tls_only(resources, "AWS::SNS::TopicPolicy", "Topics"):
                        yield f"{place} is a topic that takes messages without TLS"
                case "AWS::S3::Bucket":
                    if name not in _tls_only(resources, "AWS::S3::BucketPolicy", "Bucket"):
                        yield f"{place} is a bucket that answers without TLS"
                case "AWS::Lambda::Function":
                    if properties.get("FunctionName") not in alarmed:
                        yield f"{place} is a function without an alarm on its errors"
                case _ if kind.startswith(("Custom::", "AWS::CloudFormation::CustomResource")):
                    yield f"{place} is a custom resource, {kind}: it would run code of its own in the account"


def _dead_letters(resources: Mapping[str, Any]) -> Iterator[str]:
    """Yield the queues that take another's dead letters."""
    for resource in resources.values():
        if resource["Type"] == "AWS::SQS::Queue":
            target = resource.get("Properties", {}).get("RedrivePolicy", {}).get("deadLetterTargetArn", {})
            yield from target.get("Fn::GetAtt", ())[:1]


def _alarmed(templates: Mapping[str, Template]) -> Iterator[str]:
    """Yield the names of the functions whose errors an alarm with an action watches."""
    for template in templates.values():
        for resource in template.get("Resources", {}).values():
            properties = resource.get("Properties", {})
            if (
                resource["Type"] == "AWS::CloudWatch::Alarm"
                and properties.get("MetricName") == "Errors"
                and properties.get("AlarmActions")
            ):
                yield from (each["Value"] for each in properties.get("Dimensions", ()))


def _tls_only(resources: Mapping[str, Any], kind: str, owners: str) -> set[str]:
    """Return the resources whose policies refuse whoever comes without TLS."""
    found: set[str] = set()
    for resource in resources.values():
        if resource["Type"] != kind:
            continue
        properties = resource["Properties"]
        named = {each.get("Ref", "") for each in _as_list(properties[owners])}
        for statement in properties["PolicyDocument"]["Statement"]:
            if _refuses_plain(statement, _REFUSED[kind]):
                found |= {name for name in named if _is_about(statement, name, kind)}
    return found


def _refuses_plain(statement: Mapping[str, Any], actions: set[str]) -> bool:
    """Tell whether a statement refuses one of these actions to all who come without TLS, and asks no more."""
    return (
        statement["Effect"] == "Deny"
        and statement.get("Principal") in ("*", {"AWS": "*"})
        and statement.get("Condition")
        in ({"Bool": {"aws:SecureTransport": "false"}}, {"Bool": {"aws:SecureTransport": False}})
        and bool(actions & set(_as_list(statement.get("Action", ()))))
    )


def _is_about(statement: Mapping[str, Any], name: str, kind: str) -> bool:
    """Tell whether a statement covers all of the resource: of a bucket its objects too."""
    resources = _as_list(statement.get("Resource", ()))
    arn = {"Fn::GetAtt": [name, "Arn"]}
    if "*" in resources:
        return True
    match kind:
        case "AWS::SNS::TopicPolicy":
            return {"Ref": name} in resources
        case "AWS::S3::BucketPolicy":
            return arn in resources and {"Fn::Join": ["", [arn, "/*"]]} in resources
        case _:
            return arn in resources


def _as_list(value: Any) -> list[Any]:  # noqa: ANN401 - JSON that may leave the brackets out
    return list(value) if isinstance(value, (list, tuple)) else [value]
