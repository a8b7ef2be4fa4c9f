"""The facts that the doctor judges: queues, subscriptions, keys, the account's SMS, the table, the bucket.

Every call is a read. Addresses of people are shortened as they come in.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3

from vigie.aws.clients import translated
from vigie.domain.findings import (
    KeyFacts,
    NotificationFacts,
    QueueFacts,
    SmsFacts,
    SubscriptionFacts,
    TableFacts,
)
from vigie.errors import CloudError, NotFound

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

_PENDING, _DELETED = "PendingConfirmation", "Deleted"
_SHOWN = 3  # characters of an address of a person's
_METRIC_SPAN = timedelta(minutes=15)

_log = logging.getLogger(__name__)


def has_rekognition(region: str) -> bool | None:
    """Tell by botocore's list whether a region has Rekognition; None of one that it does not know."""
    session = boto3.Session()
    known, having = (
        {
            each
            for partition in session.get_available_partitions()
            for each in session.get_available_regions(service, partition_name=partition)
        }
        for service in ("s3", "rekognition")
    )
    return region in having if region in known | having else None


def notifications(s3: "S3Client", bucket: str) -> tuple[NotificationFacts, ...]:
    """Return the rules by which the bucket announces objects to queues; queues by their ARNs."""
    with translated(f"reading the notifications of the bucket {bucket}"):
        answer = s3.get_bucket_notification_configuration(Bucket=bucket)
    facts = []
    for rule in answer.get("QueueConfigurations", ()):
        rules = rule.get("Filter", {}).get("Key", {}).get("FilterRules", ())
        said = {each["Name"].lower(): each["Value"] for each in rules}
        facts.append(
            NotificationFacts(
                queue=rule["QueueArn"],
                events=tuple(rule["Events"]),
                prefix=said.get("prefix", ""),
                suffix=said.get("suffix", ""),
            )
        )
    return tuple(facts)


def queue(sqs: "SQSClient", cloudwatch: "CloudWatchClient", arn: str) -> QueueFacts:
    """Return a queue's state, with that of its dead-letter queue."""
    attributes = _queue_attributes(sqs, arn)
    redrive: Mapping[str, Any] = json.loads(attributes.get("RedrivePolicy", "{}"))
    dead_arn = redrive.get("deadLetterTargetArn")
    dead = _queue_attributes(sqs, dead_arn) if dead_arn else None
    return QueueFacts(
        name=_name(arn),
        waiting=int(attributes["ApproximateNumberOfMessages"]),
        in_flight=int(attributes["ApproximateNumberOfMessagesNotVisible"]),
        visibility_s=int(attributes["VisibilityTimeout"]),
        max_receives=int(redrive["maxReceiveCount"]) if redrive else None,
        dead=_depth(dead) if dead else None,
        dead_name=_name(dead_arn) if dead_arn else "",
        oldest_s=_oldest_s(cloudwatch, _name(arn)),
        key_id=attributes.get("KmsMasterKeyId", ""),
    )


def subscriptions(
    sns: "SNSClient", topic_arn: str, *, unread_is_open: bool = False
) -> tuple[SubscriptionFacts, ...]:
    """Return who follows a topic; with `unread_is_open` one whose filter cannot be read has none."""
    return tuple(facts for _, facts in _subscriptions(sns, topic_arn, unread_is_open=unread_is_open))


def followed_by(sns: "SNSClient", topic_arn: str) -> tuple[tuple[str, SubscriptionFacts], ...]:
    """Return the ARNs of the queues that follow a topic, with their subscriptions."""
    return tuple(each for each in _subscriptions(sns, topic_arn) if each[1].protocol == "sqs")


def topic_key(sns: "SNSClient", topic_arn: str) -> str:
    """Return the id of the key that encrypts a topic; empty without one."""
    with translated(f"reading the topic {_name(topic_arn)}"):
        attributes = sns.get_topic_attributes(TopicArn=topic_arn)["Attributes"]
    return attributes.get("KmsMasterKeyId", "")


def key(kms: "KMSClient", key_id: str) -> KeyFacts:
    """Return what a key lets services do."""
    with translated(f"reading the key {key_id}"):
        metadata = kms.describe_key(KeyId=key_id)["KeyMetadata"]
        own = metadata.get("KeyManager") == "CUSTOMER"
        policy = kms.get_key_policy(KeyId=metadata["KeyId"], PolicyName="default")["Policy"] if own else None
    return KeyFacts(
        key_id=key_id, enabled=metadata.get("Enabled", False), policy=json.loads(policy) if policy else None
    )


def sms(sns: "SNSClient", cloudwatch: "CloudWatchClient") -> SmsFacts:
    """Return the account's right to send SMS, and how much of its month's money is spent."""
    with translated("reading the account's SMS settings"):
        sandbox = sns.get_sms_sandbox_account_status()["IsInSandbox"]
        limit = sns.get_sms_attributes(attributes=["MonthlySpendLimit"])["attributes"].get(
            "MonthlySpendLimit"
        )
        numbers = (
            [
                number
                for page in sns.get_paginator("list_sms_sandbox_phone_numbers").paginate()
                for number in page["PhoneNumbers"]
                if number.get("Status") == "Verified"
            ]
            if sandbox
            else []
        )
    return SmsFacts(
        sandbox=sandbox,
        verified=len(numbers),
        # Where nobody has set it, it is a dollar.
        limit=float(limit) if limit else 1.0,
        spent=_spent(cloudwatch),
    )


def table(dynamodb: "DynamoDBClient", name: str) -> TableFacts:
    """Return the table's settings."""
    with translated(f"reading the settings of the table {name}"):
        described = dynamodb.describe_table(TableName=name)["Table"]
        ttl = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
    on = ttl.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"}
    return TableFacts(
        status=described["TableStatus"],
        ttl_attribute=ttl.get("AttributeName") if on else None,
        recovery=recovery == "ENABLED",
    )


def _queue_attributes(sqs: "SQSClient", arn: str) -> Mapping[str, str]:
    *_, account, name = arn.split(":")
    with translated(f"reading the queue {name}"):
        url = sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
        answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    return {str(name): value for name, value in answer["Attributes"].items()}


def _depth(attributes: Mapping[str, str]) -> int:
    return int(attributes["ApproximateNumberOfMessages"]) + int(
        attributes["ApproximateNumberOfMessagesNotVisible"]
    )


def _oldest_s(cloudwatch: "CloudWatchClient", name: str) -> float | None:
    try:
        return _newest_metric(
            cloudwatch, "AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": name}, span=_METRIC_SPAN
        )
    except CloudError:
        return None  # a queue's age is known to CloudWatch alone; its depth tells nearly as much


def _spent(cloudwatch: "CloudWatchClient") -> float | None:
    try:
        # Published as messages are sent: without any for days nothing is there.
        return (
            _newest_metric(cloudwatch, "AWS/SNS", "SMSMonthToDateSpentUSD", {}, span=timedelta(days=3)) or 0.0
        )
    except CloudError:
        return None


def _newest_metric(
    cloudwatch: "CloudWatchClient",
    namespace: str,
    name: str,
    dimensions: Mapping[str, str],
    *,
    span: timedelta,
) -> float | None:
    now = datetime.now(UTC)
    with translated(f"reading the metric {name}"):
        answer = cloudwatch.get_metric_statistics(
            Namespace=namespace,
            MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=now - span,
            EndTime=now,
            Period=300,
            Statistics=["Maximum"],
        )
    points = sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])
    return points[-1]["Maximum"] if points else None


def _subscriptions(
    sns: "SNSClient", topic_arn: str, *, unread_is_open: bool = False
) -> Iterator[tuple[str, SubscriptionFacts]]:
    with translated(f"listing the subscriptions of {_name(topic_arn)}"):
        pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic_arn)
        found = [each for page in pages for each in page["Subscriptions"]]
    for each in found:
        arn, protocol, endpoint = each["SubscriptionArn"], each["Protocol"], each["Endpoint"]
        state = {_PENDING: "pending", _DELETED: "deleted"}.get(arn, "confirmed")
        said: Mapping[str, str] = {}
        if state == "confirmed":
            try:
                with translated(f"reading a subscription of {_name(topic_arn)}"):
                    said = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
            except NotFound:
                continue  # unsubscribed since the list was made
            except CloudError as error:
                if not unread_is_open:
                    raise
                _log.warning("a subscription counts as open to every notice: %s", error)
        yield (
            endpoint,
            SubscriptionFacts(
                protocol=protocol,
                address=_shortened(protocol, endpoint),
                state=state,
                filter_policy=json.loads(said.get("FilterPolicy") or "null"),
                by_body=said.get("FilterPolicyScope") == "MessageBody",
            ),
        )


def _shortened(protocol: str, endpoint: str) -> str:
    """Return an address as one knows it again, without telling it to whoever reads a log."""
    if protocol in {"email", "email-json"}:
        person, _, domain = endpoint.partition("@")
        return f"{person[:_SHOWN]}...@{domain}"
    if protocol == "sms":
        return f"...{endpoint[-_SHOWN:]}"
    if protocol in {"http", "https"}:
        return "/".join(endpoint.split("/", 3)[:3]).rsplit("@", 1)[-1]
    return _name(endpoint)


def _name(arn: str) -> str:
    return arn.rsplit(":", 1)[-1]
