"""`python -m vigie subscribe`: let a mail box or a telephone hear of alerts, of all or of some."""

import argparse
import json
import os
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from vigie.domain.cameras import check_name
from vigie.domain.notices import NoticeKind
from vigie.errors import ConfigError

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

_TOPIC = "VIGIE_ALERTS_TOPIC"
_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]+")
_PHONE = re.compile(r"\+[1-9]\d{6,14}")
_SPACING = re.compile(r"[\s().-]")
# SNS multiplies how many values a policy has under each of its keys, and takes this many.
_MOST_COMBINATIONS = 150


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser's."""
    command = commands.add_parser(
        "subscribe", help="send alerts to an e-mail address or a telephone, of all or of some cameras"
    )
    command.set_defaults(command=subscribe)
    who = command.add_mutually_exclusive_group(required=True)
    who.add_argument("--email", type=_email, metavar="ADDRESS", help="SNS asks there for a confirmation")
    who.add_argument(
        "--sms", type=_phone, metavar="NUMBER", help="such as +33612345678; costs for each message"
    )
    for name, what in (("camera", "camera_id"), ("label", "label such as person"), ("rule", "rule_id")):
        command.add_argument(
            f"--{name}",
            action="append",
            default=[],
            metavar="ID" if name != "label" else "LABEL",
            help=f"only visits of this {what}; may be given several times",
        )
    command.add_argument("--topic", metavar="ARN", help=f"the alerts topic; default: {_TOPIC}")


def subscribe(arguments: argparse.Namespace) -> int:
    """Subscribe an address, or change what it hears when it is subscribed."""
    from vigie.aws import clients
    from vigie.aws.clients import translated

    topic = arguments.topic or os.environ.get(_TOPIC)
    if not topic:
        raise ConfigError(f"which topic? name it with --topic, or in {_TOPIC}")
    protocol = "email" if arguments.email else "sms"
    address: str = arguments.email or arguments.sms
    policy = json.dumps(
        filter_policy(protocol, cameras=arguments.camera, labels=arguments.label, rules=arguments.rule)
    )
    sns = clients.sns()
    with translated(f"subscribing {address}"):
        known = _subscription(sns, topic, protocol, address)
        if known is not None and known.startswith("arn:"):
            sns.set_subscription_attributes(
                SubscriptionArn=known, AttributeName="FilterPolicy", AttributeValue=policy
            )
            said = f"{address} was subscribed, and now hears what was asked for; SNS may need 15 minutes"
        else:
            sns.subscribe(
                TopicArn=topic, Protocol=protocol, Endpoint=address, Attributes={"FilterPolicy": policy}
            )
            said = (
                f"SNS has written to {address}: nothing comes before the link in that mail is followed"
                if protocol == "email"
                else f"{address} is subscribed; in the SMS sandbox only verified numbers get anything"
            )
    sys.stdout.write(f"{said}\n")
    return 0


def filter_policy(
    channel: str, *, cameras: Sequence[str], labels: Sequence[str], rules: Sequence[str]
) -> dict[str, list[object]]:
    """Return what a subscription asks for: its channel, and of the visits those that are named.

    What is told about the system has no label and no rule, and some of it no camera: it comes all the same,
    but for cameras that are not named. Canaries never come.

    Raises:
        ConfigError: what is named can be no name, or is more than SNS takes.

    """
    policy: dict[str, list[object]] = {
        "channels": [channel],
        "kind": [{"anything-but": [NoticeKind.CANARY.value]}],
    }
    combinations = 1
    for key, names in (("camera_id", cameras), ("label", labels), ("rule_id", rules)):
        try:
            for name in names:
                if key != "label":
                    check_name(key, name)
        except ValueError as error:
            raise ConfigError(str(error)) from error
        if names:
            policy[key] = [{"exists": False}, *dict.fromkeys(names)]
            combinations *= len(policy[key])
    if combinations > _MOST_COMBINATIONS:
        raise ConfigError(
            f"SNS takes {_MOST_COMBINATIONS} combinations of camera, label and rule, not {combinations}: "
            "name fewer, or leave one of the three out"
        )
    return policy


def _subscription(sns: "SNSClient", topic: str, protocol: str, address: str) -> str | None:
    """Return the ARN of the address's subscription; what is none while SNS waits for a confirmation."""
    for page in sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic):
        for each in page["Subscriptions"]:
            if each["Protocol"] == protocol and each["Endpoint"].casefold() == address.casefold():
                return each["SubscriptionArn"]
    return None


def _email(text: str) -> str:
    if _EMAIL.fullmatch(text):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is no e-mail address")


def _phone(text: str) -> str:
    number = _SPACING.sub("", text)
    if _PHONE.fullmatch(number):
        return number
    raise argparse.ArgumentTypeError(
        f"{text!r} is no telephone number with its country, such as +33612345678"
    )
