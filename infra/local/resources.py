"""Creates what the catalog lists, through boto3, and proves the wiring with a probe.

moto drops a notification in silence when something about its queue is wrong, so nothing is taken on trust:
one object must come out of the queue that the bucket feeds, one message out of each subscribed queue.
"""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3

from infra.parts import Bucket, Catalog, DeadLetters, Subscription, Table, Topic
from vigie.domain.frames import FRAMES_PREFIX
from vigie.domain.lamps import LAMP_THINGS, LampGroup
from vigie.domain.reports import REPORTS_PREFIX
from vigie.errors import SetupError
from vigie.settings import variable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

_PROBE_S = 10.0
_PROBE_KEY = "vigie-probe"
# Named as what edges write there, whatever the catalog says of it.
_PROBES = {FRAMES_PREFIX: f"{_PROBE_KEY}.jpg", REPORTS_PREFIX: f"{_PROBE_KEY}.jsonl"}
# Where a person would have an e-mail address: the demo and the tests read here what was sent to people.
INBOX = "inbox"


@dataclass(frozen=True, slots=True)
class Resources:
    """The catalog's resources by their short names: the bucket's and table's names, ARNs, queue URLs."""

    bucket: str
    table: str
    topic_arns: dict[str, str] = field(default_factory=dict)
    queue_urls: dict[str, str] = field(default_factory=dict)

    def environ(self, catalog: Catalog) -> dict[str, str]:
        """Return every function's settings as environment variables.

        Raises:
            SetupError: two functions call different resources by one name, which one process cannot hold.

        """
        values: dict[str, str] = {}
        for function in catalog.functions:
            for setting, resource in function.environment.items():
                match resource:
                    case Bucket():
                        value = self.bucket
                    case Table():
                        value = self.table
                    case Topic(name=name):
                        value = self.topic_arns[name]
                    case DeadLetters():
                        value = " ".join(self.queue_urls[queue.dead_letter] for queue in catalog.queues)
                if values.setdefault(variable(setting), value) != value:
                    raise SetupError(f"the functions disagree about {variable(setting)}")
        return values


def bucket_name(catalog: Catalog, prefix: str) -> str:
    """Return the name that the data bucket will have."""
    return f"{prefix}-{catalog.bucket.name}"


def create(catalog: Catalog, *, prefix: str, visibility: timedelta | None = None) -> Resources:
    """Create everything in the cloud that the environment points at, and prove the wiring.

    `visibility` replaces the time after which a failed message comes again, which the catalog derives from
    the functions' time-outs and for which one does not want to wait on one machine.

    Raises:
        SetupError: a probe did not come through.

    """
    resources = Resources(bucket=bucket_name(catalog, prefix), table=f"{prefix}-{catalog.table.name}")
    create_table(resources.table, expires=catalog.table.expires)
    queue_arns = _create_queues(catalog, resources, prefix, visibility)
    _create_topics(catalog, resources, queue_arns, prefix)
    _create_bucket(catalog, resources, queue_arns)
    _prove(catalog, resources)
    return resources


def create_table(name: str, *, expires: str | None = None) -> None:
    """Create the table: string keys `pk` and `sk`, and the attribute by which items go, if any."""
    dynamodb = boto3.client("dynamodb")
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
    )
    if expires:
        dynamodb.update_time_to_live(
            TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": expires}
        )


def create_lamp_things(groups: Iterable[LampGroup]) -> None:
    """Create a thing for each lamp group, as `enroll` does on AWS; moto keeps shadows of no others."""
    iot = boto3.client("iot")
    for group in groups:
        iot.create_thing(thingName=LAMP_THINGS + group.group_id)


def _create_queues(
    catalog: Catalog, resources: Resources, prefix: str, visibility: timedelta | None
) -> dict[str, str]:
    sqs = boto3.client("sqs")
    arns: dict[str, str] = {}

    def make(name: str, attributes: "dict[QueueAttributeNameType, str]") -> None:
        url = sqs.create_queue(QueueName=f"{prefix}-{name}", Attributes=attributes)["QueueUrl"]
        answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        resources.queue_urls[name], arns[name] = url, answer["Attributes"]["QueueArn"]

    make(INBOX, {})
    for queue in catalog.queues:
        make(queue.dead_letter, {})
        redrive = {"deadLetterTargetArn": arns[queue.dead_letter], "maxReceiveCount": queue.max_receives}
        hidden = catalog.visibility(queue.name) if visibility is None else visibility
        make(
            queue.name,
            {
                "VisibilityTimeout": str(int(hidden.total_seconds())),
                "RedrivePolicy": json.dumps(redrive),
            },
        )
    return arns


def _create_topics(catalog: Catalog, resources: Resources, queue_arns: dict[str, str], prefix: str) -> None:
    sns = boto3.client("sns")
    for topic in catalog.topics:
        resources.topic_arns[topic.name] = sns.create_topic(Name=f"{prefix}-{topic.name}")["TopicArn"]
    for subscription in catalog.subscriptions:
        sns.subscribe(
            TopicArn=resources.topic_arns[subscription.topic],
            Protocol="sqs",
            Endpoint=queue_arns[subscription.queue],
            Attributes={
                "RawMessageDelivery": "true",
                "FilterPolicy": json.dumps(subscription.filter_policy),
            },
        )
    sns.subscribe(
        TopicArn=resources.topic_arns[catalog.people_topic],
        Protocol="sqs",
        Endpoint=queue_arns[INBOX],
        Attributes={"FilterPolicy": json.dumps(catalog.people_filter)},
    )


def _create_bucket(catalog: Catalog, resources: Resources, queue_arns: dict[str, str]) -> None:
    s3 = boto3.client("s3")
    region: Any = s3.meta.region_name
    s3.create_bucket(Bucket=resources.bucket, CreateBucketConfiguration={"LocationConstraint": region})
    s3.put_bucket_notification_configuration(
        Bucket=resources.bucket,
        NotificationConfiguration={
            "QueueConfigurations": [
                {
                    "QueueArn": queue_arns[wire.queue],
                    "Events": ["s3:ObjectCreated:*"],
                    "Filter": {
                        "Key": {
                            "FilterRules": [
                                {"Name": "prefix", "Value": wire.prefix},
                                {"Name": "suffix", "Value": wire.suffix},
                            ]
                        }
                    },
                }
                for wire in catalog.bucket.wires
            ]
        },
    )
    s3.put_bucket_lifecycle_configuration(
        Bucket=resources.bucket,
        LifecycleConfiguration={
            "Rules": [
                {
                    "ID": prefix,
                    "Filter": {"Prefix": prefix},
                    "Status": "Enabled",
                    "Expiration": {"Days": age.days},
                    "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
                }
                for prefix, age in catalog.bucket.expires
            ]
        },
    )


def _prove(catalog: Catalog, resources: Resources) -> None:
    """Send one probe down each wire, before anybody else listens."""
    s3, sns, sqs = boto3.client("s3"), boto3.client("sns"), boto3.client("sqs")
    for wire in catalog.bucket.wires:
        probe = wire.prefix + _PROBES[wire.prefix]
        s3.put_object(Bucket=resources.bucket, Key=probe, Body=b"")
        _await_probe(sqs, resources, wire.queue, f"bucket {resources.bucket}")
        s3.delete_object(Bucket=resources.bucket, Key=probe)
    for subscription in catalog.subscriptions:
        sns.publish(
            TopicArn=resources.topic_arns[subscription.topic],
            Message=_PROBE_KEY,
            MessageAttributes=probe_attributes(subscription),
        )
        _await_probe(sqs, resources, subscription.queue, f"topic {subscription.topic}")
    # A probe may have had what other queues, and the people's, ask for too.
    for url in resources.queue_urls.values():
        sqs.purge_queue(QueueUrl=url)


def probe_attributes(subscription: Subscription) -> dict[str, Any]:
    """Return message attributes that the filter policy lets through; of what it asks else, none.

    So a policy that asks for what nobody sends is found out by its probe.
    """
    attributes: dict[str, Any] = {}
    for name, conditions in subscription.filter_policy.items():
        match conditions[0]:
            case str(text):
                attributes[name] = {"DataType": "String", "StringValue": text}
            case {"numeric": ["=", int(number)]}:
                attributes[name] = {"DataType": "Number", "StringValue": str(number)}
    return attributes


def _await_probe(sqs: "SQSClient", resources: Resources, queue: str, source: str) -> None:
    url = resources.queue_urls[queue]
    deadline = time.monotonic() + _PROBE_S
    while time.monotonic() < deadline:
        for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", ()):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            if _PROBE_KEY in message["Body"]:
                return
    raise SetupError(f"a probe from the {source} did not reach the queue {queue} within {_PROBE_S:.0f} s")
