"""How many SMS and e-mails a notice is: by the filters of those who follow the topic."""

import json
from dataclasses import replace

import boto3
import pytest

from tests.budget_fakes import FakeRecipients
from tests.golden_notices import cases
from vigie.aws import clients
from vigie.aws.recipients import SnsRecipients
from vigie.commands.subscribe import filter_policy
from vigie.domain.caps import Spending
from vigie.domain.notices import Notice

CASES = cases()
HALL_ALONE = filter_policy("sms", cameras=["hall"], labels=[], rules=[])
ALL_MAIL = filter_policy("email", cameras=[], labels=[], rules=[])
FOLLOWERS: list[tuple[str, str, dict[str, list[object]]]] = [
    ("sms", "+33612345678", HALL_ALONE),
    ("sms", "+33612345679", {}),
    ("email", "one@example.org", ALL_MAIL),
    ("email-json", "two@example.org", ALL_MAIL),
]


@pytest.fixture
def recipients(twin: str) -> FakeRecipients | SnsRecipients:
    if twin == "fake":
        paid = {"sms": Spending.SMS, "email": Spending.EMAIL, "email-json": Spending.EMAIL}
        return FakeRecipients([(paid[protocol], policy) for protocol, _, policy in FOLLOWERS])
    sns, sqs = boto3.client("sns"), boto3.client("sqs")
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    for protocol, endpoint, policy in FOLLOWERS:
        attributes = {"FilterPolicy": json.dumps(policy)} if policy else {}
        sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint, Attributes=attributes)
    url = sqs.create_queue(QueueName="machine")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return SnsRecipients(clients.sns(), topic)


def test_a_notice_is_counted_for_those_whom_it_reaches(recipients: FakeRecipients | SnsRecipients) -> None:
    both, mails = {Spending.SMS: 2, Spending.EMAIL: 2}, {Spending.SMS: 1, Spending.EMAIL: 2}
    assert dict(recipients.reached(CASES["visit"])) == both
    assert dict(recipients.reached(CASES["camera_back"])) == mails, "of another camera"
    assert dict(recipients.reached(CASES["dead_letters"])) == both
    assert dict(recipients.reached(CASES["over_budget_frames"])) == mails
    assert dict(recipients.reached(CASES["canary"])) == {Spending.SMS: 1}


def test_machines_are_somebody_though_they_cost_nothing(twin: str) -> None:
    cars: dict[str, list[object]] = {"label": ["car"]}
    recipients: FakeRecipients | SnsRecipients = FakeRecipients([(Spending.SMS, HALL_ALONE)], [cars])
    if twin == "moto":
        sns, sqs = boto3.client("sns"), boto3.client("sqs")
        topic = sns.create_topic(Name="few")["TopicArn"]
        url = sqs.create_queue(QueueName="few")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        for protocol, endpoint, policy in (("sms", "+33612345678", HALL_ALONE), ("sqs", arn, cars)):
            filters = {"FilterPolicy": json.dumps(policy)}
            sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint, Attributes=filters)
        recipients = SnsRecipients(clients.sns(), topic)
    visit = CASES["visit"]
    assert recipients.anybody(visit)
    assert not recipients.anybody(_with(visit, channels=("email", "machine")))
    assert recipients.anybody(_with(visit, channels=("email", "machine"), label=("car",)))


def _with(notice: Notice, **attributes: tuple[str, ...]) -> Notice:
    return replace(notice, attributes={**notice.attributes, **attributes})
