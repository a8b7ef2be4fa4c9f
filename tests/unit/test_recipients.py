"""The list of subscriptions when SNS does not answer, or somebody leaves while it is read."""

from collections.abc import Iterator

import boto3
import pytest
from botocore.stub import Stubber

from tests.golden_notices import cases
from vigie.aws.recipients import SnsRecipients
from vigie.domain.caps import Spending
from vigie.errors import Unavailable

TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"
VISIT = cases()["visit"]
LIST, READ = "list_subscriptions_by_topic", "get_subscription_attributes"


class Desk:
    """SNS as we write its answers, and a clock that we set."""

    def __init__(self) -> None:
        client = boto3.client("sns", region_name="eu-west-1")
        self.sns, self.seconds = Stubber(client), 0.0
        self.recipients = SnsRecipients(client, TOPIC, steady=lambda: self.seconds)

    def list_followers(self, *protocols: str) -> None:
        found = [
            {
                "SubscriptionArn": f"{TOPIC}:{protocol}",
                "Protocol": protocol,
                "Endpoint": "someone@example.org",
                "TopicArn": TOPIC,
            }
            for protocol in protocols
        ]
        self.sns.add_response(LIST, {"Subscriptions": found})

    def read(self) -> None:
        self.sns.add_response(READ, {"Attributes": {}})

    def reached(self) -> dict[Spending, int]:
        return dict(self.recipients.reached(VISIT))


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    with desk.sns:
        yield desk
        desk.sns.assert_no_pending_responses()


def test_a_list_that_cannot_be_read_again_stands_for_another_minute(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.list_followers("email")
    desk.read()
    assert desk.reached() == {Spending.EMAIL: 1}
    desk.sns.add_client_error(LIST, "Throttling", http_status_code=400)
    for desk.seconds in (61, 100):
        assert desk.reached() == {Spending.EMAIL: 1}
    assert "stand for another minute" in caplog.text
    desk.list_followers()
    desk.seconds = 122
    assert desk.reached() == {}


def test_without_any_list_nobody_knows(desk: Desk) -> None:
    desk.sns.add_client_error(LIST, "Throttling", http_status_code=400)
    with pytest.raises(Unavailable):
        desk.reached()


def test_who_left_meanwhile_is_not_counted(desk: Desk) -> None:
    desk.list_followers("sms", "email")
    desk.sns.add_client_error(READ, "NotFound", http_status_code=404)
    desk.read()
    assert desk.reached() == {Spending.EMAIL: 1}


def test_who_cannot_be_read_counts_as_open_to_everything(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.list_followers("sms")
    desk.sns.add_client_error(READ, "AuthorizationError", http_status_code=403)
    assert desk.reached() == {Spending.SMS: 1}
    assert "counts as open to every notice" in caplog.text
