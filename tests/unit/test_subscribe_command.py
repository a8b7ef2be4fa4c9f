"""`python -m vigie subscribe`: who hears what, tried with queues in place of mail boxes."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.local.cloud import aws_environ
from tests.builders import at, visit
from tests.golden_notices import GARDEN, HALL, PARIS, cases, of_visit
from vigie.__main__ import main
from vigie.aws import clients
from vigie.aws.notifier import SnsNotifier
from vigie.commands.subscribe import filter_policy
from vigie.domain.rules import AlertRule
from vigie.domain.watch_wording import (
    camera_dark_notice,
)

CASES = cases()
ADDRESS, NUMBER = "someone@vigie.example", "+33612345678"


@pytest.fixture(autouse=True)
def topic(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name, value in aws_environ("").items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with mock_aws():
        arn = boto3.client("sns").create_topic(Name="alerts")["TopicArn"]
        monkeypatch.setenv("VIGIE_ALERTS_TOPIC", arn)
        yield arn


def subscriptions(topic: str) -> list[tuple[str, str, Any]]:
    sns = boto3.client("sns")
    found = []
    for each in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]:
        attributes = sns.get_subscription_attributes(SubscriptionArn=each["SubscriptionArn"])["Attributes"]
        found.append((each["Protocol"], each["Endpoint"], json.loads(attributes["FilterPolicy"])))
    return found


def test_an_address_is_subscribed_once_and_hears_what_was_asked_last(
    topic: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["subscribe", "--email", ADDRESS, "--camera", "hall"]) == 0
    assert capsys.readouterr().out.startswith(f"SNS has written to {ADDRESS}: nothing comes before")
    assert main(["subscribe", "--email", ADDRESS.upper(), "--label", "car", "--rule", "cars"]) == 0
    assert "now hears what was asked for" in capsys.readouterr().out
    assert main(["subscribe", "--sms", "+33 6 12-34.56 78"]) == 0
    assert capsys.readouterr().out.startswith(f"{NUMBER} is subscribed")
    assert subscriptions(topic) == [
        ("email", ADDRESS, filter_policy("email", cameras=[], labels=["car"], rules=["cars"])),
        ("sms", NUMBER, filter_policy("sms", cameras=[], labels=[], rules=[])),
    ]


def test_an_address_that_did_not_confirm_is_asked_again(
    topic: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # moto confirms by itself; SNS lists this in an ARN's place until somebody does.
    monkeypatch.setattr("vigie.commands.subscribe._subscription", lambda *_: "PendingConfirmation")
    assert main(["subscribe", "--email", ADDRESS, "--topic", topic]) == 0
    assert capsys.readouterr().out.startswith("SNS has written to")


VISIT, BUS = CASES["visit"], CASES["visit_vehicle"]
QUIET = of_visit(visit(), rule=AlertRule(rule_id="quiet", channels=("machine",)))
IN_THE_GARDEN = of_visit(visit(camera="garden"))
DARK_HALL, DARK_GARDEN = (
    camera_dark_notice(camera, since=at(0), reason="", tz=PARIS) for camera in (HALL, GARDEN)
)
SYSTEM = [CASES[name] for name in ("dead_letters", "alerts_unproven")]
ALL = [VISIT, BUS, QUIET, IN_THE_GARDEN, DARK_HALL, DARK_GARDEN, *SYSTEM, CASES["canary"]]


@pytest.mark.parametrize(
    ("options", "heard"),
    [
        ({}, [VISIT, BUS, IN_THE_GARDEN, DARK_HALL, DARK_GARDEN, *SYSTEM]),
        ({"cameras": ["hall"]}, [VISIT, BUS, DARK_HALL, *SYSTEM]),
        ({"labels": ["bus", "truck"]}, [BUS, DARK_HALL, DARK_GARDEN, *SYSTEM]),
        ({"rules": ["people"]}, [VISIT, IN_THE_GARDEN, DARK_HALL, DARK_GARDEN, *SYSTEM]),
        ({"cameras": ["garden"], "labels": ["bus"]}, [DARK_GARDEN, *SYSTEM]),
    ],
)
@pytest.mark.parametrize("channel", ["email", "sms"])
def test_who_hears_what(topic: str, channel: str, options: dict[str, list[str]], heard: list[Any]) -> None:
    sqs = boto3.client("sqs")
    queue = sqs.create_queue(QueueName="ear")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = filter_policy(channel, **{"cameras": [], "labels": [], "rules": []} | options)
    boto3.client("sns").subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=arn,
        Attributes={"RawMessageDelivery": "true", "FilterPolicy": json.dumps(policy)},
    )
    notifier = SnsNotifier(clients.sns_notices(), topic)
    for notice in ALL:
        notifier.notify(notice)
    answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    subjects = [json.loads(message["Body"])["words"]["subject"] for message in answer["Messages"]]
    assert subjects == [notice.subject for notice in heard]
    assert len(policy) <= 5, "SNS takes five keys"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--email", ADDRESS, "--camera", "Hall"], "camera_id 'Hall' must be 1 to 32 of"),
        (["--email", ADDRESS, "--topic", "arn:aws:sns:eu-west-1:123456789012:none"], "subscribing"),
        (
            ["--email", ADDRESS]
            + [option for n in range(12) for option in ("--camera", f"c{n}", "--label", f"l{n}")],
            "SNS takes 150 combinations of camera, label and rule, not 169",
        ),
    ],
)
def test_what_cannot_be_is_one_sentence(
    options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["subscribe", *options]) == 2
    said = capsys.readouterr().err
    assert said.startswith("vigie: ")
    assert words in said
    assert said.count("\n") == 1


def test_a_topic_must_be_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("VIGIE_ALERTS_TOPIC")
    assert main(["subscribe", "--sms", NUMBER]) == 2
    assert "which topic? name it with --topic, or in VIGIE_ALERTS_TOPIC" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--email", "someone"], "'someone' is no e-mail address"),
        (["--email", "a@b.c, d@e.f"], "is no e-mail address"),
        (["--sms", "0612345678"], "is no telephone number with its country"),
        (["--sms", "+1"], "is no telephone number with its country"),
    ],
)
def test_an_address_must_be_one(options: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["subscribe", *options])
    assert words in capsys.readouterr().err
