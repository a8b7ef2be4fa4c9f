"""Pictures and faces from a frame in the bucket to the alert and the page, with the real handlers."""

import io
import json

import boto3
import cv2
import pytest
from PIL import Image

from infra.local.invoke import invoke
from infra.local.recorded import RecordedRekognition
from infra.local.rekognition_server import ENDPOINT_VARIABLE, read_object, serving
from infra.local.resources import INBOX, Resources
from tests.conftest import shared_file
from tests.handlers.test_handlers import FUNCTIONS, SITE, drain, key, model, put, read, visits
from vigie.aws import clients
from vigie.aws.face_collection import RekognitionFaces
from vigie.aws.site_store import SITE_DOCUMENT
from vigie.domain.pictures import face_key, picture_key
from vigie.settings import variable

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


@pytest.mark.usefixtures("model", "asked")
def test_a_known_face_is_suggested_in_the_alert(
    resources: Resources, walkers: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recorded service knows a picture again, not a face: so one that was kept stands for Anna's."""
    document = json.loads(SITE) | {"known_faces": {"enabled": True}}
    document["cameras"] = [{"camera_id": "hall", "faces": True}]
    put(resources, SITE_DOCUMENT, json.dumps(document).encode())
    # Nearer, since Rekognition takes no picture under 80 pixels.
    with io.BytesIO() as file, Image.open(io.BytesIO(walkers)) as image:
        image.resize((3 * image.width, 3 * image.height)).save(file, "JPEG", quality=90)
        walkers = file.getvalue()
    service = RecordedRekognition(read_object)
    with serving(service) as endpoint:
        monkeypatch.setenv(ENDPOINT_VARIABLE, endpoint)
        put(resources, key(0), walkers)
        drain(resources, "frames")
        # Nobody is enrolled: both were searched for, and nobody was found.
        assert service.calls == ["SearchFacesByImage"] * 2
        first = next(iter(stored(resources, "faces/").values()))
        RekognitionFaces(clients.rekognition(), "vigie-people").enrol("Anna", first)
        for _ in range(2):
            put(resources, key(3600), walkers)
            drain(resources, "frames")
    assert service.calls[2:] == ["CreateCollection", "IndexFaces", *["SearchFacesByImage"] * 2]
    drain(resources, "alerts")
    sqs = boto3.client("sqs")
    answer = sqs.receive_message(QueueUrl=resources.queue_urls[INBOX], MaxNumberOfMessages=10)
    told = [json.loads(json.loads(message["Body"])["Message"]) for message in answer["Messages"]]
    suggested = [each["suggestion"]["name"] for each in told if "suggestion" in each]
    assert len(told) == 4
    assert suggested == ["Anna"]
    (mail,) = (each["words"]["email"] for each in told if "suggestion" in each)
    assert "perhaps Anna, 100% alike" in mail
