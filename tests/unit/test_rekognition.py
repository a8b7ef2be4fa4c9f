"""Rekognition's answers read, and its errors told apart, by botocore's Stubber."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from tests.builders import at
from vigie.aws import clients
from vigie.aws.rekognition import RekognitionLabels, detections_of
from vigie.domain.comparison import LABELS_THERE
from vigie.domain.detections import Box, Detection
from vigie.domain.frames import FrameKey
from vigie.errors import AccessDenied, CloudError, NotFound, PictureError, Unavailable, VigieError

KEY = FrameKey("hall", at(0))
# Written after the API's reference, which has this shape for a street.
ANSWER: dict[str, Any] = {
    "Labels": [
        {
            "Name": "Car",
            "Confidence": 99.36,
            "Instances": [
                {
                    "BoundingBox": {"Width": 0.25, "Height": 0.2, "Left": 0.8, "Top": 0.5},
                    "Confidence": 99.36,
                },
                {"BoundingBox": {"Width": 0.1, "Height": 0.1, "Left": 0.1, "Top": 0.1}, "Confidence": 44.0},
                {"Confidence": 80.0},
            ],
            "Parents": [{"Name": "Vehicle"}, {"Name": "Transportation"}],
            "Aliases": [{"Name": "Automobile"}],
            "Categories": [{"Name": "Vehicles and Automotive"}],
        },
        {
            "Name": "Human",
            "Confidence": 97.5,
            "Instances": [
                {
                    "BoundingBox": {"Width": 0.1, "Height": 0.5, "Left": 0.2, "Top": -0.02},
                    "Confidence": 97.5,
                }
            ],
            "Aliases": [{"Name": "Person"}],
        },
        {"Name": "Truck", "Confidence": 60.0, "Instances": []},
        {"Name": "Mobile Phone", "Confidence": 99.0, "Instances": [{"Confidence": 99.0}], "Aliases": []},
    ],
    "LabelModelVersion": "3.0",
}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[RekognitionLabels, Stubber, Stubber]]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    rekognition, s3 = clients.rekognition(), boto3.client("s3")
    with Stubber(rekognition) as labels, Stubber(s3) as objects:
        yield RekognitionLabels(rekognition, s3, "data"), labels, objects


Stubbed = tuple[RekognitionLabels, Stubber, Stubber]


def test_a_frame_is_looked_at_by_reference_and_for_our_labels_alone(service: Stubbed) -> None:
    labels, stub, _ = service
    stub.add_response(
        "detect_labels",
        ANSWER,
        {
            "Image": {"S3Object": {"Bucket": "data", "Name": str(KEY)}},
            "MaxLabels": 100,
            "MinConfidence": 50.0,
            "Features": ["GENERAL_LABELS"],
            "Settings": {"GeneralLabels": {"LabelInclusionFilters": list(LABELS_THERE)}},
        },
    )
    look = labels.look(KEY, least=0.5)
    assert look.model == "rekognition 3.0"
    assert look.ms > 0
    assert look.detections == (
        Detection("car", 0.9936, Box(0.8, 0.5, 1.0, 0.7)),
        Detection("person", 0.975, Box(0.2, 0.0, 0.3, 0.48)),
    )


def test_an_answer_without_labels_saw_nothing() -> None:
    assert detections_of({"Labels": []}, least=0.5) == ()
    assert detections_of({}, least=0.5) == ()


@pytest.mark.parametrize(
    ("code", "status", "error", "words"),
    [
        ("ThrottlingException", 400, Unavailable, "ThrottlingException"),
        ("ProvisionedThroughputExceededException", 400, Unavailable, "Throughput"),
        ("InternalServerError", 500, Unavailable, "InternalServerError"),
        ("SomethingNew", 503, Unavailable, "SomethingNew"),
        ("AccessDeniedException", 400, AccessDenied, "having Rekognition look at frames/hall/"),
        ("ImageTooLargeException", 400, PictureError, "no picture so large"),
        ("InvalidImageFormatException", 400, PictureError, "does not read this picture's format"),
        ("InvalidParameterException", 400, CloudError, "InvalidParameterException"),
    ],
)
def test_errors_are_told_apart_by_their_code(
    service: Stubbed, code: str, status: int, error: type[VigieError], words: str
) -> None:
    labels, stub, _ = service
    stub.add_client_error("detect_labels", code, "a message", http_status_code=status)
    with pytest.raises(error, match=words) as caught:
        labels.look(KEY, least=0.5)
    assert type(caught.value) is error
    # One call, as the purse has counted one.
    stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("head", "error", "words"),
    [
        ("404", NotFound, "looking for it failed"),
        ("403", AccessDenied, "looking for it failed"),
        (None, CloudError, "must be in Rekognition's region"),
    ],
)
def test_an_object_that_it_could_not_read_is_looked_for(
    service: Stubbed, head: str | None, error: type[VigieError], words: str
) -> None:
    labels, stub, objects = service
    stub.add_client_error("detect_labels", "InvalidS3ObjectException", http_status_code=400)
    if head is None:
        objects.add_response("head_object", {}, {"Bucket": "data", "Key": str(KEY)})
    else:
        objects.add_client_error("head_object", head, http_status_code=int(head))
    with pytest.raises(error, match=words) as caught:
        labels.look(KEY, least=0.5)
    assert type(caught.value) is error
