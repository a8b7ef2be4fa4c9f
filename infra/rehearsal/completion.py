"""Fills in, from the deployed templates themselves, what moto leaves out of them and the chain needs.

Everything is done through the services' own API with the template's own values, and said. What the chain does
not need stays out, and is said too: policies, alarms and schedules are asserted on the templates instead.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3

from infra.rehearsal.deployed import Declared, Deployed


@dataclass(slots=True)
class Completion:
    """What was filled in, and what was left out: each "kind property" or kind, in order."""

    filled: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)


def complete(deployed: Deployed) -> Completion:
    """Fill in what the chain needs; return what that was, and what else is missing."""
    done = Completion()
    for kind, name, is_there, fill in _PARTS:
        for resource in deployed.of_kind(kind):
            if name in resource.properties and not is_there(resource):
                if fill is None:
                    done.dropped.append(f"{kind} {name}")
                else:
                    fill(resource, deployed.value(resource.stack, resource.properties[name]))
                    done.filled.append(f"{kind} {name}")
    for resource in deployed.of_kind("AWS::SNS::Subscription"):
        if resource.name is None:
            _subscribe(deployed.value(resource.stack, resource.properties))
            done.filled.append(resource.kind)
    done.dropped += sorted(kind for kind in deployed.skipped().elements() if kind != "AWS::SNS::Subscription")
    return done


def rest_mappings() -> int:
    """Switch the event source mappings off, through Lambda's API; return how many there are.

    moto runs functions in Docker alone: a mapping that is on takes messages away and loses them.
    """
    functions = boto3.client("lambda")
    mappings = functions.list_event_source_mappings()["EventSourceMappings"]
    for mapping in mappings:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    return len(mappings)


def _subscribe(values: dict[str, Any]) -> None:
    attributes: dict[str, str] = {
        "RawMessageDelivery": json.dumps(values.get("RawMessageDelivery", False)),
        **{name: json.dumps(values[name]) for name in ("FilterPolicy", "RedrivePolicy") if name in values},
    }
    boto3.client("sns").subscribe(
        TopicArn=values["TopicArn"],
        Protocol=values["Protocol"],
        Endpoint=values["Endpoint"],
        Attributes=attributes,
    )


def _notify(bucket: Declared, values: dict[str, Any]) -> None:
    boto3.client("s3").put_bucket_notification_configuration(
        Bucket=bucket.name or "",
        NotificationConfiguration={
            "QueueConfigurations": [
                {
                    "QueueArn": each["Queue"],
                    "Events": [each["Event"]],
                    "Filter": {"Key": {"FilterRules": _filter_rules(each["Filter"])}},
                }
                for each in values["QueueConfigurations"]
            ]
        },
    )


def _filter_rules(given: dict[str, Any]) -> Any:  # noqa: ANN401 - boto3 wants its own literals
    return [{"Name": rule["Name"], "Value": rule["Value"]} for rule in given["S3Key"]["Rules"]]


def _expire(table: Declared, values: dict[str, Any]) -> None:
    boto3.client("dynamodb").update_time_to_live(
        TableName=table.name or "",
        TimeToLiveSpecification={
            "Enabled": values["Enabled"],
            "AttributeName": values["AttributeName"],
        },
    )


def _version(bucket: Declared, values: dict[str, Any]) -> None:
    boto3.client("s3").put_bucket_versioning(
        Bucket=bucket.name or "",
        VersioningConfiguration={"Status": values["Status"]},
    )


def _recover(table: Declared, values: dict[str, Any]) -> None:
    wanted = values["PointInTimeRecoveryEnabled"]
    boto3.client("dynamodb").update_continuous_backups(
        TableName=table.name or "",
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": wanted},
    )


def _set_policy(key: Declared, values: dict[str, Any]) -> None:
    boto3.client("kms").put_key_policy(KeyId=key.name or "", PolicyName="default", Policy=json.dumps(values))


def _never(_: Declared) -> bool:
    """Stand for a property that moto keeps in a form which its own API cannot read."""
    return False


def _notifies(bucket: Declared) -> bool:
    answer = boto3.client("s3").get_bucket_notification_configuration(Bucket=bucket.name or "")
    return bool(answer.get("QueueConfigurations"))


def _expires(table: Declared) -> bool:
    answer = boto3.client("dynamodb").describe_time_to_live(TableName=table.name or "")
    return answer["TimeToLiveDescription"].get("TimeToLiveStatus") == "ENABLED"


def _versioned(bucket: Declared) -> bool:
    return boto3.client("s3").get_bucket_versioning(Bucket=bucket.name or "").get("Status") == "Enabled"


def _recovers(table: Declared) -> bool:
    answer = boto3.client("dynamodb").describe_continuous_backups(TableName=table.name or "")
    backups = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    return backups.get("PointInTimeRecoveryStatus") == "ENABLED"


def _layered(function: Declared) -> bool:
    answer = boto3.client("lambda").get_function_configuration(FunctionName=function.name or "")
    return bool(answer.get("Layers"))


_Fill = Callable[[Declared, dict[str, Any]], None]
# Kind, property, whether it is there, what brings it; None where the rehearsal reads the template instead.
_PARTS: tuple[tuple[str, str, Callable[[Declared], bool], _Fill | None], ...] = (
    ("AWS::S3::Bucket", "NotificationConfiguration", _notifies, _notify),
    ("AWS::KMS::Key", "KeyPolicy", _never, _set_policy),
    ("AWS::S3::Bucket", "VersioningConfiguration", _versioned, _version),
    ("AWS::DynamoDB::Table", "TimeToLiveSpecification", _expires, _expire),
    ("AWS::DynamoDB::Table", "PointInTimeRecoverySpecification", _recovers, _recover),
    ("AWS::Lambda::Function", "Layers", _layered, None),
)


def mappings_of(deployed: Deployed) -> Iterator[tuple[Declared, str, int]]:
    """Yield each event source mapping: the function, the URL of its queue, the size of a batch."""
    queues = {
        deployed.value(queue.stack, {"Fn::GetAtt": [queue.identifier, "Arn"]}): queue.name or ""
        for queue in deployed.of_kind("AWS::SQS::Queue")
    }
    functions = {each.name: each for each in deployed.of_kind("AWS::Lambda::Function")}
    for mapping in deployed.of_kind("AWS::Lambda::EventSourceMapping"):
        values = deployed.value(mapping.stack, mapping.properties)
        yield functions[values["FunctionName"]], queues[values["EventSourceArn"]], values["BatchSize"]
