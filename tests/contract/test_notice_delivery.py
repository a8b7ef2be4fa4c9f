"""What SNS makes of a notice: a body for each protocol, and attributes to filter by."""

import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from moto.sns.models import sns_backends

from tests.golden_notices import cases
from vigie.aws import clients
from vigie.aws.notifier import SnsNotifier
from vigie.domain.notices import Notice, NoticeKind
from vigie.errors import CloudError, NotSent, Unavailable

CASES = cases()
VISIT, BUS, CANARY = CASES["visit"], CASES["visit_vehicle"], CASES["canary"]
MOST_BYTES = 256 * 1024

pytestmark = pytest.mark.parametrize("twin", ["moto"], indirect=True)


@pytest.fixture
def topic(twin: str) -> str:
    return boto3.client("sns").create_topic(Name="alerts")["TopicArn"]


@pytest.fixture
def notifier(topic: str) -> SnsNotifier:
    return SnsNotifier(clients.sns_notices(), topic)


def follow(topic: str, policy: Mapping[str, object] | None = None, *, raw: bool = True) -> str:
    """Subscribe a new queue; return its address."""
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName=f"q{len(sqs.list_queues().get('QueueUrls', []))}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    attributes = {"RawMessageDelivery": str(raw).lower()}
    if policy is not None:
        attributes["FilterPolicy"] = json.dumps(policy)
    boto3.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
    return url


def received(queue: str) -> list[Any]:
    answer = boto3.client("sqs").receive_message(
        QueueUrl=queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )
    return answer.get("Messages", [])


def published(topic: str) -> list[tuple[dict[str, str], str | None]]:
    """Return the bodies and subjects as they came to SNS; moto sends no mail and no SMS."""
    region, account = topic.split(":")[3:5]
    sent = sns_backends[account][region].topics[topic].sent_notifications
    return [(json.loads(message), subject) for _, message, subject, _, _ in sent]


def test_people_get_words_and_machines_get_data(topic: str, notifier: SnsNotifier) -> None:
    raw = follow(topic)
    for notice in CASES.values():
        notifier.notify(notice)
        bodies, subject = published(topic)[-1]
        assert (bodies["email"], bodies["sms"], subject) == (notice.email, notice.sms, notice.subject)
        (message,) = received(raw)
        boto3.client("sqs").delete_message(QueueUrl=raw, ReceiptHandle=message["ReceiptHandle"])
        data = json.loads(message["Body"])
        assert data.pop("words") == {"subject": notice.subject, "email": notice.email, "sms": notice.sms}
        assert data == notice.data
        assert message["MessageAttributes"]["kind"]["StringValue"] == notice.kind


FILTERS: tuple[tuple[Mapping[str, object] | None, list[Notice]], ...] = (
    (None, [VISIT, BUS, CANARY]),
    ({"camera_id": ["hall"]}, [VISIT, BUS]),
    ({"camera_id": ["canary"]}, [CANARY]),
    ({"label": ["bus", "car"]}, [BUS]),
    ({"rule_id": ["people"]}, [VISIT]),
    ({"zones": ["door"]}, [VISIT]),
    ({"zones": [{"exists": False}]}, [BUS, CANARY]),
    ({"channels": ["sms"]}, [VISIT, BUS]),
    ({"channels": ["machine"]}, [VISIT, BUS, CANARY]),
    ({"kind": ["canary"]}, [CANARY]),
    ({"kind": [{"anything-but": ["canary"]}], "label": ["person"]}, [VISIT]),
)


def test_a_subscription_can_filter(topic: str, notifier: SnsNotifier) -> None:
    queues = [
        (follow(topic, policy, raw=raw), raw, policy, heard)
        for raw in (True, False)
        for policy, heard in FILTERS
    ]
    for notice in (VISIT, BUS, CANARY):
        notifier.notify(notice)
    for queue, raw, policy, heard in queues:
        bodies = [json.loads(message["Body"]) for message in received(queue)]
        data = [body if raw else json.loads(body["Message"]) for body in bodies]
        subjects = [each["words"]["subject"] for each in data]
        assert subjects == [notice.subject for notice in heard], (policy, raw)


class Hook(BaseHTTPRequestHandler):
    """Keeps what is posted to it."""

    came: list[dict[str, Any]]

    def do_POST(self) -> None:
        self.came.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def hook() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    Hook.came = []
    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", Hook.came
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_web_hook_gets_data(
    topic: str, notifier: SnsNotifier, hook: tuple[str, list[dict[str, Any]]]
) -> None:
    address, came = hook
    boto3.client("sns").subscribe(TopicArn=topic, Protocol="http", Endpoint=address)
    notifier.notify(VISIT)
    posted = [each for each in came if each["Type"] == "Notification"]
    assert [json.loads(each["Message"])["alert_id"] for each in posted] == [VISIT.data["alert_id"]]
    assert posted[0]["Subject"] == VISIT.subject


def test_data_too_large_for_sns_is_cut_and_people_hear_all_the_same(
    topic: str, notifier: SnsNotifier
) -> None:
    queue = follow(topic)
    large = {**VISIT.data, "camera": {"id": "hall", "name": "é" * MOST_BYTES}}
    notifier.notify(
        Notice(
            kind=NoticeKind.VISIT,
            subject=VISIT.subject,
            email=VISIT.email,
            sms=VISIT.sms,
            data=large,
            attributes=VISIT.attributes,
        )
    )
    ((bodies, _),) = published(topic)
    assert bodies["email"] == VISIT.email
    data = json.loads(received(queue)[0]["Body"])
    assert data["cut"] is True
    assert data["alert_id"] == VISIT.data["alert_id"]
    assert "camera" not in data


class Answer(BytesIO):
    """A body as urllib3 hands it over."""

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


def fail(client: Any, failure: Exception | tuple[int, str]) -> list[int]:
    """Let each call fail so: no answer, or a status with SNS's code; return what grows with each try."""
    tries: list[int] = []

    def answer(**_: object) -> AWSResponse:
        tries.append(1)
        if isinstance(failure, Exception):
            raise failure
        status, code = failure
        body = f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
        return AWSResponse("https://sns", status, HTTPHeaders(), Answer(body.encode()))

    client.meta.events.register_first("before-send.sns.Publish", answer)
    return tries


@pytest.mark.parametrize(
    ("failure", "raised"),
    [
        ((400, "Throttling"), NotSent),
        ((403, "AuthorizationError"), NotSent),
        ((404, "NotFound"), NotSent),
        (EndpointConnectionError(endpoint_url="https://sns"), NotSent),
        (ConnectTimeoutError(endpoint_url="https://sns"), NotSent),
        (ReadTimeoutError(endpoint_url="https://sns"), Unavailable),
        (ConnectionClosedError(endpoint_url="https://sns"), Unavailable),
        ((500, "InternalError"), Unavailable),
        ((503, "ServiceUnavailable"), Unavailable),
    ],
    ids=str,
)
def test_what_surely_went_to_nobody_is_told_from_what_may_have_gone_out_and_tried_once(
    topic: str, failure: Exception | tuple[int, str], raised: type[CloudError]
) -> None:
    client = clients.sns_notices()
    tries = fail(client, failure)
    with pytest.raises(CloudError) as refused:
        SnsNotifier(client, topic).notify(VISIT)
    assert (type(refused.value), len(tries)) == (raised, 1)
