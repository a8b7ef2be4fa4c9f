"""What every `ReportPublisher`, `Notifier` and `SiteShelf` does: seen from those who receive."""

import json
from typing import Any

import boto3

from tests.builders import at, report, seen, visit
from tests.contract.conftest import BUCKET
from tests.fakes import FakeNotifier, FakePublisher, FakeShelf
from vigie.aws import clients
from vigie.aws.notifier import SnsNotifier, SnsReportPublisher
from vigie.aws.site_store import S3Shelf
from vigie.domain.cameras import Camera
from vigie.domain.notices import Delivery
from vigie.domain.pictures import picture_key
from vigie.domain.rules import AlertRule
from vigie.domain.series import VisitsChange
from vigie.domain.sites import Site
from vigie.domain.wording import visit_notice
from vigie.messages import LIGHTS, VISITS_CHANGED, read_report_message
from vigie.steps.ports import Notifier, ReportPublisher, SiteFile, SiteShelf

BUSY = (
    report(0.5, seen(zones=("door",)), seen("car", x=0.2)),
    VisitsChange((visit(0.5, zones=("door",)),), at(0.5), at(0.501)),
)
QUIET = (report(1.0), VisitsChange((), at(1.0), at(1.001)))
LATE = (report(0.7), VisitsChange((), at(0.7), at(9)))
ALL = (BUSY, QUIET, LATE)
NOTICE = visit_notice(
    visit(zones=("allée",)),
    rule=AlertRule(rule_id="people"),
    at=at(0),
    number=1,
    site=Site(cameras=(Camera("hall", "Entrée"),)),
    link=None,
    picture=picture_key(visit()),
)


class Listener:
    """A queue behind a topic."""

    def __init__(self) -> None:
        sns, self._sqs = boto3.client("sns"), boto3.client("sqs")
        self.topic = sns.create_topic(Name="contract")["TopicArn"]
        self._queue = self._sqs.create_queue(QueueName="contract")["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"])

    def heard(self) -> list[dict[str, Any]]:
        answer = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", ())]


def test_a_publisher_tells_report_and_visits_in_order(twin: str) -> None:
    fake = FakePublisher()
    listener = Listener() if twin == "moto" else None
    publisher: ReportPublisher = SnsReportPublisher(clients.sns(), listener.topic) if listener else fake
    lamps = [True, False, True]
    for each, tells_lamps in zip(ALL, lamps, strict=True):
        publisher.publish_report(*each, tells_lamps=tells_lamps)
    if listener:
        heard = listener.heard()
        messages = [read_report_message(message["Message"]) for message in heard]
        told = [(message.key, message.detections, message.change) for message in messages]
        assert [message["MessageAttributes"][VISITS_CHANGED]["Value"] for message in heard] == ["1", "0", "1"]
        assert [message["MessageAttributes"][LIGHTS]["Value"] for message in heard] == ["1", "0", "1"]
    else:
        told = [(each.key, each.detections, change) for each, change in fake.published]
        assert fake.lamps_told == lamps
    assert told == [(each.key, each.detections, change) for each, change in ALL]


def test_a_notifier_tells_people(twin: str) -> None:
    fake = FakeNotifier()
    listener = Listener() if twin == "moto" else None
    notifier: Notifier = SnsNotifier(clients.sns_notices(), listener.topic) if listener else fake
    assert notifier.notify(NOTICE) is Delivery.SENT
    if listener:
        (message,) = listener.heard()
        data = json.loads(message["Message"])
        words = data.pop("words")
        told = (message["Subject"], words["email"], words["sms"], data)
        attributes = {name: each["Value"] for name, each in message["MessageAttributes"].items()}
        assert attributes == {
            "kind": "visit",
            "camera_id": "hall",
            "label": "person",
            "rule_id": "people",
            "zones": '["allée"]',
            "channels": '["email", "sms", "machine"]',
            "picture": "site/pictures/hall/2026-01-31/20260131T120000000Z-person-9000.jpg",
        }
    else:
        (sent,) = fake.sent
        told = (sent.subject, sent.email, sent.sms, sent.data)
    assert told == (NOTICE.subject, NOTICE.email, NOTICE.sms, NOTICE.data)


def test_a_shelf_keeps_the_last_file_of_a_path(twin: str) -> None:
    fake = FakeShelf()
    shelf: SiteShelf = fake if twin == "fake" else S3Shelf(clients.s3(), BUCKET)
    path = "charts/2026-01-31/cameras/hall.svg"
    for content in (b"<old/>", b"<new/>"):
        shelf.put(SiteFile(path, content, "image/svg+xml"))
    if twin == "fake":
        found = (fake.files[path].content, fake.files[path].media_type)
    else:
        answer = boto3.client("s3").get_object(Bucket=BUCKET, Key=f"site/{path}")
        found = (answer["Body"].read(), answer["ContentType"])
    assert found == (b"<new/>", "image/svg+xml")


def test_a_shelf_lists_what_lies_right_under_a_prefix(twin: str) -> None:
    shelf: SiteShelf = FakeShelf() if twin == "fake" else S3Shelf(clients.s3(), BUCKET)
    for path in (
        "charts/b.html",
        "charts/a.html",
        "charts/2026-01-31/all.svg",
        "exports/hall/2026-01-31.csv",
    ):
        shelf.put(SiteFile(path, b"", "text/plain"))
    assert shelf.paths("charts/") == ("charts/a.html", "charts/b.html")
    assert shelf.paths("none/") == ()
