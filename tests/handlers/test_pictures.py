"""Pictures and faces from a frame in the bucket to the alert and the page, with the real handlers."""

import io
import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import cv2
import pytest
from PIL import Image, ImageFilter

from infra.catalog import CATALOG
from infra.local.invoke import invoke
from infra.local.recorded import RecordedRekognition
from infra.local.rekognition_server import ENDPOINT_VARIABLE, read_object, serving
from infra.local.resources import INBOX, Resources
from infra.local.runner import take_batch
from lambdas.send_alert import handler as send_alert
from tests.builders import NOON, at
from tests.conftest import shared_file
from tests.handlers.silent_server import silent_server
from tests.handlers.test_handlers import FUNCTIONS, SITE, depth, drain, key, model, put, read, store, visits
from vigie.aws import clients
from vigie.aws.face_collection import RekognitionFaces
from vigie.aws.people_store import DynamoPeopleStore
from vigie.aws.purse_store import DynamoPurse
from vigie.aws.site_store import SITE_DOCUMENT
from vigie.domain.caps import Spending
from vigie.domain.pictures import face_key, picture_key
from vigie.domain.series import visits_of
from vigie.settings import variable
from vigie.steps.pausing import faces_of

__all__ = ["model"]  # the fixture


@pytest.fixture(scope="module")
def walkers() -> bytes:
    """A JPEG of two people who show their faces."""
    clip = cv2.VideoCapture(str(shared_file("data/video/face-demographics-walking.mp4")))
    clip.set(cv2.CAP_PROP_POS_FRAMES, 30)
    _, image = clip.read()
    clip.release()
    encoded: bytes = cv2.imencode(".jpg", image)[1].tobytes()
    return encoded


@pytest.fixture
def asked(resources: Resources, monkeypatch: pytest.MonkeyPatch) -> None:
    """A site whose camera hall asks for faces, and YuNet."""
    yunet = shared_file("models/face_detection_yunet_2026may.onnx")
    monkeypatch.setenv(variable("face_model"), str(yunet))
    cameras = [{"camera_id": "hall", "faces": True}]
    put(resources, SITE_DOCUMENT, json.dumps(json.loads(SITE) | {"cameras": cameras}).encode())


def stored(resources: Resources, prefix: str) -> dict[str, bytes]:
    s3 = boto3.client("s3")
    found = s3.list_objects_v2(Bucket=resources.bucket, Prefix=prefix).get("Contents", [])
    return {
        item["Key"]: s3.get_object(Bucket=resources.bucket, Key=item["Key"])["Body"].read() for item in found
    }


@pytest.mark.usefixtures("model", "asked")
def test_from_a_frame_to_face_alert_and_page(resources: Resources, walkers: bytes) -> None:
    for _ in range(2):
        put(resources, key(0), walkers)
        drain(resources, "frames")
    people = visits(resources)
    assert [visit.label for visit in people] == ["person", "person"]
    faces, pictures = stored(resources, "faces/"), stored(resources, "site/pictures/")
    assert set(faces) == {face_key(visit) for visit in people}
    assert set(pictures) == {picture_key(visit) for visit in people}
    assert all(jpeg.startswith(b"\xff\xd8") for jpeg in (*faces.values(), *pictures.values()))

    drain(resources, "alerts")
    sqs = boto3.client("sqs")
    answer = sqs.receive_message(QueueUrl=resources.queue_urls[INBOX], MaxNumberOfMessages=10)
    told = [json.loads(message["Body"])["MessageAttributes"] for message in answer["Messages"]]
    assert {attributes["picture"]["Value"] for attributes in told} == set(pictures)

    invoke(FUNCTIONS["render_charts"], {"days": ["2026-01-31"]})
    page = read(resources, "charts/index.html").decode()
    for picture in pictures:
        assert f'src="../{picture.removeprefix("site/")}"' in page
    assert "faces/" not in page


@pytest.mark.usefixtures("model")
def test_no_face_unless_asked(resources: Resources, walkers: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable("face_model"), str(shared_file("models/face_detection_yunet_2026may.onnx")))
    put(resources, key(0), walkers)
    drain(resources, "frames")
    assert stored(resources, "faces/") == {}
    assert len(stored(resources, "site/pictures/")) == 2


@pytest.mark.usefixtures("model", "asked")
def test_without_yunet_detection_goes_on(
    resources: Resources, walkers: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(variable("face_model"))
    put(resources, key(0), walkers)
    drain(resources, "frames")
    assert len(visits(resources)) == 2
    assert stored(resources, "faces/") == {}


def test_faces_pictures_and_reports_have_a_retention_of_their_own(resources: Resources) -> None:
    rules = boto3.client("s3").get_bucket_lifecycle_configuration(Bucket=resources.bucket)["Rules"]
    kept = {rule["Filter"]["Prefix"]: rule["Expiration"]["Days"] for rule in rules}
    assert kept == {
        "faces/": 1,
        "site/pictures/": 30,
        "frames/vigie-canary/": 1,
        "site/pictures/vigie-canary/": 1,
        "reports/": 7,
        "review/": 90,
    }


def nearer(jpeg: bytes) -> bytes:
    """Make faces larger, since Rekognition takes no picture under 80 pixels."""
    with io.BytesIO() as file, Image.open(io.BytesIO(jpeg)) as image:
        image.resize((3 * image.width, 3 * image.height)).save(file, "JPEG", quality=90)
        return file.getvalue()


def blurred(jpeg: bytes) -> bytes:
    """Make people harder to tell."""
    with io.BytesIO() as file, Image.open(io.BytesIO(jpeg)) as image:
        image.filter(ImageFilter.GaussianBlur(1.5)).save(file, "JPEG", quality=90)
        return file.getvalue()


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with much to do may search for longer than alerts would wait."""
    monkeypatch.setattr("vigie.steps.recognise.MOST_SEARCHING_S", 600.0)


def told_by(resources: Resources) -> list[dict[str, Any]]:
    """What machines were told by the alerts topic."""
    answer = boto3.client("sqs").receive_message(QueueUrl=resources.queue_urls[INBOX], MaxNumberOfMessages=10)
    return [json.loads(json.loads(message["Body"])["Message"]) for message in answer["Messages"]]


@pytest.mark.usefixtures("model", "asked", "unhurried")
def test_a_known_face_is_suggested_in_the_alert(
    resources: Resources, walkers: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recorded service knows a picture again, not a face: so one that was kept stands for Anna's."""
    document = json.loads(SITE) | {"known_faces": {"enabled": True}}
    document["cameras"] = [{"camera_id": "hall", "faces": True}]
    put(resources, SITE_DOCUMENT, json.dumps(document).encode())
    walkers = nearer(walkers)
    service = RecordedRekognition(read_object)
    with serving(service) as endpoint:
        monkeypatch.setenv(ENDPOINT_VARIABLE, endpoint)
        put(resources, key(0), walkers)
        drain(resources, "frames")
        assert service.calls == [], "no report waits for Rekognition"
        drain(resources, "alerts")
        # Nobody is enrolled, so there is no collection: after the first search it is left alone.
        assert service.calls == ["SearchFacesByImage"]
        first = next(iter(stored(resources, "faces/").values()))
        RekognitionFaces(clients.rekognition(), "vigie-people").enrol("Anna", first)
        boto3.client("dynamodb").delete_item(
            TableName=resources.table, Key={"pk": {"S": "#pause"}, "sk": {"S": faces_of("vigie-people")}}
        )
        send_alert._build.cache_clear()  # an instance of its own, which has not heard of the pause
        for _ in range(2):
            put(resources, key(3600), walkers)
            drain(resources, "frames")
            drain(resources, "alerts")
    assert service.calls[1:] == ["CreateCollection", "IndexFaces", *["SearchFacesByImage"] * 2]
    told = told_by(resources)
    suggested = [each["suggestion"]["name"] for each in told if "suggestion" in each]
    assert len(told) == 4
    assert suggested == ["Anna"]
    (mail,) = (each["words"]["email"] for each in told if "suggestion" in each)
    assert "perhaps Anna, 100% alike" in mail


@pytest.mark.usefixtures("model", "asked", "unhurried")
def test_who_comes_nearer_is_suggested_though_no_alert_waited_for_it(
    resources: Resources, walkers: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = json.loads(SITE) | {"known_faces": {"enabled": True}}
    document["cameras"] = [{"camera_id": "hall", "faces": True}]
    put(resources, SITE_DOCUMENT, json.dumps(document).encode())
    service = RecordedRekognition(read_object)
    with serving(service) as endpoint:
        monkeypatch.setenv(ENDPOINT_VARIABLE, endpoint)
        put(resources, key(0), blurred(walkers))
        drain(resources, "frames")
        drain(resources, "alerts")
        assert service.calls == [], "no face is large enough"
        begun = set(stored(resources, "faces/"))
        put(resources, key(1), nearer(walkers))
        drain(resources, "frames")
        after = stored(resources, "faces/")
        better = next(jpeg for kept, jpeg in after.items() if kept not in begun)
        RekognitionFaces(clients.rekognition(), "vigie-people").enrol("Anna", better)
        drain(resources, "alerts")
    searches = ["SearchFacesByImage"] * (len(after) - len(begun))
    assert service.calls == ["CreateCollection", "IndexFaces", *searches]
    assert not any("suggestion" in told for told in told_by(resources))
    people = DynamoPeopleStore(clients.dynamodb(), resources.table)
    found = [people.suggestion(visit) for visit in visits(resources)]
    assert [each.name for each in found if each] == ["Anna"]


@pytest.mark.usefixtures("model", "asked")
def test_a_rekognition_that_hangs_holds_no_report_and_alerts_once(
    resources: Resources, walkers: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = json.loads(read(resources, "config/site.json")) | {"known_faces": {"enabled": True}}
    put(resources, SITE_DOCUMENT, json.dumps(document).encode())
    frames = [key(3600 * hour) for hour in range(4)]
    one_by_one = replace(FUNCTIONS["send_alert"], batch_size=1)
    with silent_server() as (endpoint, connections):
        monkeypatch.setenv(ENDPOINT_VARIABLE, endpoint)
        for each in frames:
            put(resources, each, nearer(walkers))
        drain(resources, "frames")
        begun = visits_of(store(resources).minutes("hall", NOON, at(86_400)))
        assert len(begun) == len(stored(resources, "faces/")) == 2 * len(frames)
        assert connections == [], "no report waits for Rekognition"
        for _ in frames:
            began = time.monotonic()
            assert take_batch(boto3.client("sqs"), one_by_one, resources.queue_urls["alerts"]) == 1
            # Longer, and the function would be killed, and its messages come again.
            assert time.monotonic() - began < one_by_one.timeout.total_seconds()
            assert len(connections) == 1, "the first search waits, and no later one is begun"
    # Each message came once.
    assert depth(resources, "alerts") == depth(resources, CATALOG.queues[1].dead_letter) == 0
    assert not take_batch(boto3.client("sqs"), one_by_one, resources.queue_urls["alerts"])
    told = told_by(resources)
    assert len(told) == 2 * len(frames)
    assert not any("suggestion" in each for each in told)
    (account,) = (
        each
        for each in DynamoPurse(clients.dynamodb(), resources.table).accounts(datetime.now(UTC).date())
        if each.kind is Spending.REKOGNITION
    )
    assert account.taken == 1
