"""`python -m vigie review`: a COCO data set that pycocotools reads, and what is refused."""

import contextlib
import io
import json
from datetime import timedelta
from pathlib import Path

import boto3
import pytest
from pycocotools.coco import COCO

from tests.builders import at, seen
from tests.unit.conftest import BUCKET, TABLE
from vigie.__main__ import main
from vigie.aws import clients
from vigie.aws.comparison_store import DynamoComparisonStore
from vigie.domain.comparison import FrameComparison, review_key
from vigie.domain.detections import Detection
from vigie.domain.frames import FrameKey

pytestmark = pytest.mark.usefixtures("deployed")

SPAN = ["--from", "2026-01-31", "--to", "2026-01-31"]


def put(
    seconds: float,
    ours: tuple[Detection, ...],
    theirs: tuple[Detection, ...],
    *,
    camera: str = "hall",
    picture: bool = True,
) -> FrameKey:
    key = FrameKey(camera, at(seconds))
    DynamoComparisonStore(clients.dynamodb(), TABLE).put(
        FrameComparison(
            key=key,
            width=640,
            height=360,
            compared_at=at(seconds) + timedelta(seconds=1),
            ours=ours,
            theirs=theirs,
            our_model="yolov8n",
            their_model="rekognition 3.0-recorded",
        )
    )
    if picture:
        boto3.client("s3").put_object(Bucket=BUCKET, Key=review_key(key), Body=b"jpeg")
    return key


def test_disagreements_become_a_coco_data_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    agreed = seen(confidence=0.8)
    put(0, (agreed,), (seen(confidence=0.99),))  # of which there is nothing to review
    key = put(1, (agreed, seen("car", x=0.2)), (seen(confidence=0.99), seen("truck", x=0.2), seen(x=0.8)))
    put(2, (agreed,), (), picture=False)
    put(3, (agreed,), (), camera="yard")
    put(-13 * 3600 - 1, (agreed,), ())  # of the day before, in Paris
    out = tmp_path / "set"
    assert main(["review", "--out", str(out), *SPAN, "--camera", "hall"]) == 0
    assert capsys.readouterr().out == (
        f"1 of 3 compared frames of 2026-01-31 to 2026-01-31 disagree, in {out}"
        "; the pictures of 1 more have expired\n"
    )
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(out / "annotations.json"))
    (image,) = coco.loadImgs(coco.getImgIds())
    assert (image["file_name"], image["width"]) == ("hall-20260131T120001000Z.jpg", 640)
    assert image["frame_key"] == str(key)
    assert (out / "images" / image["file_name"]).read_bytes() == b"jpeg"
    names = {each["id"]: each["name"] for each in coco.loadCats(coco.getCatIds())}
    found = [
        (names[each["category_id"]], each["attributes"]["seen_by"], each["score"])
        for each in coco.loadAnns(coco.getAnnIds())
    ]
    assert sorted(found) == [
        ("car", "yolo", 0.9),
        ("person", "both", 0.8),
        ("person", "rekognition", 0.9),
        ("truck", "rekognition", 0.9),
    ]
    first = coco.loadAnns(coco.getAnnIds())[0]
    assert first["bbox"] == [288.0, 126.0, 64.0, 108.0]
    assert first["area"] == 6912.0
    document = json.loads((out / "annotations.json").read_text())
    assert "recorded ones, not the service's" in document["info"]["description"]
    again = tmp_path / "again"
    main(["review", "--out", str(again), *SPAN, "--camera", "hall"])
    assert (again / "annotations.json").read_bytes() == (out / "annotations.json").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--from", "2026-02-01", "--to", "2026-01-31"], "--from 2026-02-01 is later than --to 2026-01-31"),
        ([*SPAN, "--camera", "attic"], "there is no camera 'attic'; there is hall, yard"),
    ],
)
def test_what_makes_no_sense_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(["review", "--out", str(tmp_path / "set"), *arguments]) == 2
    assert words in capsys.readouterr().err


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.doc").touch()
    assert main(["review", "--out", str(tmp_path), *SPAN]) == 2
    assert "holds other things" in capsys.readouterr().err
