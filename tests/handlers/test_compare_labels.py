"""The comparison over moto: chosen frames reach the recorded service by boto3's own client, once each."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import boto3
import pytest

from infra.catalog import CATALOG
from infra.local.record import answer_of
from infra.local.recorded import LABEL_VERSION, RecordedRekognition, ServiceError, signature_of, write_answers
from infra.local.rekognition_server import ENDPOINT_VARIABLE, read_object, serving
from infra.local.resources import Resources
from infra.local.runner import take_batch
from lambdas.compare_labels import handler as compare_labels
from tests.builders import NOON, at, seen
from tests.handlers.silent_server import silent_server
from vigie.aws import clients
from vigie.aws.comparison_store import DynamoComparisonStore
from vigie.aws.purse_store import DynamoPurse
from vigie.aws.report_store import DynamoReportStore
from vigie.aws.site_store import SITE_DOCUMENT
from vigie.aws.usage_book import DynamoUsageBook
from vigie.domain.caps import Spending
from vigie.domain.comparison import ComparisonState, FrameComparison, is_rekognition, review_key
from vigie.domain.frames import FrameKey
from vigie.settings import variable

SITE = b"""{"comparison": {"share": 1, "min_confidence": 0.5, "cameras": ["hall"]},
            "cameras": [{"camera_id": "gate", "engine": "rekognition"}], "caps": {"rekognition_calls": 3}}"""


@pytest.fixture
def street(coco_folder: Path) -> bytes:
    """A JPEG with several people in it."""
    return (coco_folder / "000000001000.jpg").read_bytes()


@pytest.fixture
def service(
    resources: Resources,
    street: bytes,
    model_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[RecordedRekognition]:
    """The server of recorded answers, which knows one picture: one person in its middle."""
    monkeypatch.setenv(variable("model"), str(model_path))
    answers = tmp_path / "answers.jsonl.gz"
    write_answers(answers, iter([(signature_of(street), answer_of((seen(confidence=0.9),), "a street"))]))
    recorded = RecordedRekognition(read_object, answers)
    boto3.client("s3").put_object(Bucket=resources.bucket, Key=SITE_DOCUMENT, Body=SITE)
    with serving(recorded) as endpoint:
        monkeypatch.setenv(ENDPOINT_VARIABLE, endpoint)
        yield recorded


def put(resources: Resources, jpeg: bytes, seconds: float = 0, camera: str = "hall") -> FrameKey:
    key = FrameKey(camera, at(seconds))
    boto3.client("s3").put_object(Bucket=resources.bucket, Key=str(key), Body=jpeg)
    return key


def drain(resources: Resources, *queues: str) -> int:
    taken = 0
    for queue in queues:
        while came := take_batch(
            boto3.client("sqs"), CATALOG.function_of(queue), resources.queue_urls[queue]
        ):
            taken += came
    return taken


def comparisons(resources: Resources, camera: str = "hall") -> tuple[FrameComparison, ...]:
    store = DynamoComparisonStore(clients.dynamodb(), resources.table)
    return store.comparisons(camera, NOON, at(3600))


def taken(resources: Resources) -> int:
    purse = DynamoPurse(clients.dynamodb(), resources.table)
    accounts = purse.accounts(datetime.now(UTC).date())
    return sum(account.taken for account in accounts if account.kind is Spending.REKOGNITION)


def test_a_chosen_frame_is_compared_once_however_often_its_event_comes(
    resources: Resources, service: RecordedRekognition, street: bytes
) -> None:
    for _ in range(3):
        key = put(resources, street)
        drain(resources, "frames")
    assert drain(resources, "compare") == 3
    assert (service.calls, taken(resources)) == (["DetectLabels"], 1)
    (made,) = comparisons(resources)
    assert (made.key, made.state, made.micro_usd) == (key, ComparisonState.COMPARED, 1000)
    assert made.their_model == f"rekognition {LABEL_VERSION}"
    assert [(each.label, each.confidence) for each in made.theirs] == [("person", 0.94)]
    assert len(made.ours) > 1
    assert made.their_ms > 0
    today = datetime.now(UTC).date()
    book = DynamoUsageBook(clients.dynamodb(), resources.table).used(today, today)
    usage = book["hall", today]
    # The first message alone; the others wait until more have come together.
    assert (usage.messages, usage.puts) == (1, 1)
    assert usage.write_units >= 3
    kept = boto3.client("s3").get_object(Bucket=resources.bucket, Key=review_key(key))
    assert kept["Body"].read() == street


def test_throttling_comes_again_and_an_unknown_format_never(
    resources: Resources,
    service: RecordedRekognition,
    street: bytes,
    coco_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Messages come again at once here, on AWS after six minutes, when the pause after a failure is over.
    noon, looks = datetime.now(UTC).replace(hour=12), count()
    monkeypatch.setattr(compare_labels, "_now", lambda: noon + timedelta(minutes=2 * next(looks)))
    service.faults = [ServiceError("ThrottlingException", "slow down"), ServiceError("Oops", "", 500)]
    put(resources, street)
    put(resources, (coco_folder / "000000003553.jpg").read_bytes(), 1)
    drain(resources, "frames")
    drain(resources, "compare")
    # Two faults and two looks; the cap of three closes before the last, whichever frame that is.
    made = comparisons(resources)
    assert taken(resources) == 3
    assert len(service.calls) == 3
    assert len(made) == 1


def test_what_is_forbidden_is_tried_once_and_people_hear_of_it_by_the_dead_letters(
    resources: Resources, service: RecordedRekognition, street: bytes
) -> None:
    service.faults = [ServiceError("AccessDeniedException", "no right")] * 99
    for second in range(3):
        put(resources, street, second)
    drain(resources, "frames")
    assert drain(resources, "compare") == 3 * 5
    assert (service.calls, taken(resources), comparisons(resources)) == (["DetectLabels"], 1, ())
    dead = resources.queue_urls[next(q for q in CATALOG.queues if q.name == "compare").dead_letter]
    answer = boto3.client("sqs").get_queue_attributes(QueueUrl=dead, AttributeNames=["All"])
    assert answer["Attributes"]["ApproximateNumberOfMessages"] == "3"


def test_a_picture_that_is_not_taken_is_recorded_with_its_reason(
    resources: Resources, service: RecordedRekognition, coco_folder: Path
) -> None:
    put(resources, (coco_folder / "000000003553.jpg").read_bytes())
    drain(resources, "frames", "compare", "compare")
    (made,) = comparisons(resources)
    assert made.state is ComparisonState.NOT_COMPARABLE
    assert made.reason == (
        "Rekognition does not read this picture's format: no recorded answer shows this picture"
    )
    assert service.calls == ["DetectLabels"]


def test_a_camera_of_the_other_engine_reports_the_same_way_until_the_cap(
    resources: Resources, service: RecordedRekognition, street: bytes
) -> None:
    keys = [put(resources, street, second, "gate") for second in range(5)]
    drain(resources, "frames")
    reports = DynamoReportStore(clients.dynamodb(), resources.table)
    found = {key: reports.report(key) for key in keys}
    models = [report.model for report in found.values() if report is not None]
    assert models.count(f"rekognition {LABEL_VERSION}") == 3
    assert sum(is_rekognition(model) for model in models) == 3
    assert len(models) == 5
    assert (len(service.calls), taken(resources)) == (3, 3)
    # What Rekognition looked at is not compared with itself, nor a camera that the comparison leaves out.
    assert drain(resources, "compare") == 0
    minutes = reports.minutes("gate", NOON, at(60))
    assert [minute.frames for minute in minutes] == [5]
    assert len(DynamoPurse(clients.dynamodb(), resources.table).marked("gate", NOON, at(60))) == 1


def test_an_engine_that_hangs_holds_one_frame_once_and_loses_none(
    resources: Resources, service: RecordedRekognition, street: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits but the frame that finds out; it comes again, and ours looks at it like at all others."""
    with silent_server() as (endpoint, connections):
        monkeypatch.setenv(ENDPOINT_VARIABLE, endpoint)
        keys = [put(resources, street, second, "gate") for second in range(5)]
        other = put(resources, street)
        assert drain(resources, "frames") == len(keys) + 1 + 1
        assert len(connections) == 1
    reports = DynamoReportStore(clients.dynamodb(), resources.table)
    found = [reports.report(key) for key in (*keys, other)]
    assert not any(is_rekognition(report.model) for report in found if report is not None)
    assert None not in found
    assert (taken(resources), service.calls) == (1, [])
