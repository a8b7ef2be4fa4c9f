"""The server of recorded answers speaks as the service does, and says that its answers are recorded."""

import io
import subprocess
from collections.abc import Iterator
from pathlib import Path

import boto3
import imageio_ffmpeg
import pytest
from botocore.exceptions import ClientError
from mypy_boto3_rekognition import RekognitionClient
from PIL import Image

from infra.local.cloud import aws_environ
from infra.local.recorded import ANSWERS, RecordedRekognition, read_answers
from infra.local.rekognition_server import ENDPOINT_VARIABLE, local_rekognition, serving
from tests.conftest import shared_file
from vigie.aws.rekognition import detections_of
from vigie.domain.comparison import LABELS_THERE, is_recorded


@pytest.fixture
def objects() -> dict[str, bytes]:
    return {}


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, objects: dict[str, bytes]) -> Iterator[RekognitionClient]:
    for name, value in aws_environ("").items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with serving(RecordedRekognition(lambda _bucket, key: objects.get(key))) as endpoint:
        monkeypatch.setenv(ENDPOINT_VARIABLE, endpoint)
        yield boto3.client("rekognition")


@pytest.fixture(scope="module")
def person() -> bytes:
    """A frame of the sample clip, of which an answer was recorded: half-way through somebody's visit."""
    clip = shared_file("data/video/one-by-one-person-detection.mp4")
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-nostdin",
        "-loglevel",
        "error",
        "-ss",
        "60",
        "-i",
        str(clip),
    ]
    command += ["-frames:v", "1", "-f", "image2pipe", "-c:v", "mjpeg", "-q:v", "3", "pipe:1"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def gradient(*, across: bool) -> bytes:
    """A picture that shows something."""
    ramp = Image.linear_gradient("L")
    file = io.BytesIO()
    (ramp.rotate(90) if across else ramp).convert("RGB").save(file, "JPEG")
    return file.getvalue()


def refusal(error: pytest.ExceptionInfo[ClientError]) -> str:
    return error.value.response["Error"]["Code"]


def test_a_recorded_frame_gets_its_answer_in_the_services_format(
    client: RekognitionClient, objects: dict[str, bytes], person: bytes
) -> None:
    objects["frames/a.jpg"] = person
    where = {"S3Object": {"Bucket": "data", "Name": "frames/a.jpg"}}
    answer = client.detect_labels(Image=where, MinConfidence=50)  # type: ignore[arg-type]
    assert is_recorded(answer["LabelModelVersion"])
    (label,) = answer["Labels"]
    assert label["Name"] == "Person"
    assert [alias["Name"] for alias in label["Aliases"]] == ["Human"]
    (found,) = detections_of(answer, least=0.5)
    assert found.label == "person"
    assert found.box.area > 0.01
    filters = {"GeneralLabels": {"LabelInclusionFilters": ["Car"]}}
    assert client.detect_labels(Image=where, Settings=filters)["Labels"] == []  # type: ignore[arg-type]


def test_no_answer_is_made_up_and_faults_have_the_services_codes(
    client: RekognitionClient, objects: dict[str, bytes]
) -> None:
    objects |= {"a.jpg": gradient(across=True), "b.jpg": b"no picture"}
    for name, code in (
        ("a.jpg", "InvalidImageFormatException"),
        ("b.jpg", "InvalidImageFormatException"),
        ("c.jpg", "InvalidS3ObjectException"),
    ):
        with pytest.raises(ClientError) as error:
            client.detect_labels(Image={"S3Object": {"Bucket": "data", "Name": name}})
        assert refusal(error) == code
    with pytest.raises(ClientError) as error:
        client.detect_labels(Image={"Bytes": bytes(5 * 2**20 + 1)})
    assert refusal(error) == "ImageTooLargeException"
    with pytest.raises(ClientError) as error:
        client.detect_text(Image={"Bytes": b"x"})
    assert refusal(error) == "UnknownOperationException"


def test_faces_are_indexed_found_listed_and_deleted(client: RekognitionClient) -> None:
    with pytest.raises(ClientError) as error:
        client.list_faces(CollectionId="people")
    assert refusal(error) == "ResourceNotFoundException"
    client.create_collection(CollectionId="people")
    with pytest.raises(ClientError) as error:
        client.create_collection(CollectionId="people")
    assert refusal(error) == "ResourceAlreadyExistsException"
    picture = {"Bytes": gradient(across=True)}
    indexed = client.index_faces(CollectionId="people", Image=picture, ExternalImageId="anna")  # type: ignore[arg-type]
    face_id = indexed["FaceRecords"][0]["Face"]["FaceId"]
    for image, names in ((gradient(across=True), ["anna"]), (gradient(across=False), [])):
        found = client.search_faces_by_image(
            CollectionId="people", Image={"Bytes": image}, FaceMatchThreshold=90
        )
        assert [match["Face"]["ExternalImageId"] for match in found["FaceMatches"]] == names
    plain = io.BytesIO()
    Image.new("RGB", (64, 64), (90, 90, 90)).save(plain, "JPEG")
    with pytest.raises(ClientError) as error:
        client.search_faces_by_image(CollectionId="people", Image={"Bytes": plain.getvalue()})
    assert refusal(error) == "InvalidParameterException"
    assert [face["FaceId"] for face in client.list_faces(CollectionId="people")["Faces"]] == [face_id]
    assert client.delete_faces(CollectionId="people", FaceIds=[face_id])["DeletedFaces"] == [face_id]
    assert client.list_faces(CollectionId="people")["Faces"] == []


def test_every_recorded_answer_can_be_read() -> None:
    answers = [answer for _, answer in read_answers(ANSWERS)]
    assert len(answers) > 200
    assert {label["Name"] for answer in answers for label in answer["Labels"]} <= set(LABELS_THERE)
    counts = [len(detections_of(answer, least=0.0)) for answer in answers]
    assert sum(counts) > 100
    assert counts == [sum(len(label["Instances"]) for label in answer["Labels"]) for answer in answers]


def test_the_server_is_a_program_of_its_own_that_ends_with_its_starter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in aws_environ("").items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with (tmp_path / "log").open("w") as log, local_rekognition(log):
        client = boto3.client("rekognition")
        with pytest.raises(ClientError) as error:
            client.list_faces(CollectionId="nobody")
        assert refusal(error) == "ResourceNotFoundException"
