"""Facts from answers that moto does not give: subscriptions pending and gone, the SMS sandbox, money."""

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from vigie.aws import inspection
from vigie.errors import AccessDenied

TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")


def subscription(arn: str, protocol: str, endpoint: str) -> dict[str, str]:
    return {
        "SubscriptionArn": arn,
        "Owner": "123456789012",
        "Protocol": protocol,
        "Endpoint": endpoint,
        "TopicArn": TOPIC,
    }


def test_people_are_shortened_and_states_are_told() -> None:
    sns = boto3.client("sns")
    confirmed = f"{TOPIC}:1"
    with Stubber(sns) as stub:
        found = [
            subscription("PendingConfirmation", "email", "anna.arendt@example.org"),
            subscription("Deleted", "sms", "+33612345678"),
            subscription(confirmed, "https", "https://user:secret@example.org/hook?key=secret"),
        ]
        stub.add_response("list_subscriptions_by_topic", {"Subscriptions": found}, {"TopicArn": TOPIC})
        said = {"FilterPolicy": '{"kind": ["visit"]}', "FilterPolicyScope": "MessageAttributes"}
        stub.add_response("get_subscription_attributes", {"Attributes": said}, {"SubscriptionArn": confirmed})
        facts = inspection.subscriptions(sns, TOPIC)
    assert [(each.protocol, each.address, each.state) for each in facts] == [
        ("email", "ann...@example.org", "pending"),
        ("sms", "...678", "deleted"),
        ("https", "example.org", "confirmed"),
    ]
    assert facts[2].filter_policy == {"kind": ["visit"]}
    assert "secret" not in repr(facts)


@pytest.mark.parametrize(
    ("limit", "points", "expected"),
    [({"MonthlySpendLimit": "20"}, [0.5, 3.25], (20.0, 3.25)), ({}, [], (1.0, 0.0))],
    ids=["set, and used", "never set, nothing sent"],
)
def test_the_sms_sandbox_and_its_money(
    limit: dict[str, str], points: list[float], expected: tuple[float, float]
) -> None:
    sns, cloudwatch = boto3.client("sns"), boto3.client("cloudwatch")
    datapoints: list[dict[str, Any]] = [
        {"Timestamp": datetime(2026, 1, 31, hour, tzinfo=UTC), "Maximum": value}
        for hour, value in enumerate(points)
    ]
    with Stubber(sns) as stub, Stubber(cloudwatch) as metrics:
        stub.add_response("get_sms_sandbox_account_status", {"IsInSandbox": True})
        stub.add_response("get_sms_attributes", {"attributes": limit}, {"attributes": ["MonthlySpendLimit"]})
        numbers = [
            {"PhoneNumber": f"+3361234567{n}", "Status": state}
            for n, state in enumerate(("Verified", "Pending"))
        ]
        stub.add_response("list_sms_sandbox_phone_numbers", {"PhoneNumbers": numbers})
        metrics.add_response(
            "get_metric_statistics",
            {"Label": "SMSMonthToDateSpentUSD", "Datapoints": datapoints[::-1]},
            {
                "Namespace": "AWS/SNS",
                "MetricName": "SMSMonthToDateSpentUSD",
                "Dimensions": [],
                "StartTime": ANY,
                "EndTime": ANY,
                "Period": 300,
                "Statistics": ["Maximum"],
            },
        )
        facts = inspection.sms(sns, cloudwatch)
    assert (facts.sandbox, facts.verified) == (True, 1)
    assert (facts.limit, facts.spent) == expected


def test_what_may_not_be_known_of_the_account() -> None:
    sns, cloudwatch = boto3.client("sns"), boto3.client("cloudwatch")
    with Stubber(sns) as stub, Stubber(cloudwatch) as metrics:
        stub.add_response("get_sms_sandbox_account_status", {"IsInSandbox": False})
        stub.add_response("get_sms_attributes", {"attributes": {}})
        metrics.add_client_error("get_metric_statistics", "AccessDenied", http_status_code=403)
        assert inspection.sms(sns, cloudwatch).spent is None
        stub.add_client_error("get_sms_sandbox_account_status", "AuthorizationError", http_status_code=403)
        with pytest.raises(AccessDenied):
            inspection.sms(sns, cloudwatch)
