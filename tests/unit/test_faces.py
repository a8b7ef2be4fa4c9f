"""YuNet by our own hands, held against OpenCV's on real pictures."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from tests.conftest import shared_file
from tests.jpegs import Pixels, image_of
from vigie.domain.detections import Box
from vigie.errors import ModelError
from vigie.vision.annotate import shrink
from vigie.vision.faces import FaceFinder

WHOLE = Box(0, 0, 1, 1)
ALL = 5000  # OpenCV thins out before it suppresses; we do not
NEAR = 0.2  # pixels; the two add up in another order


@pytest.fixture(scope="module")
def yunet() -> Path:
    return shared_file("models/face_detection_yunet_2026may.onnx")


def by_opencv(yunet: Path, image: Pixels) -> npt.NDArray[np.float64]:
    """Faces as corners, cut to the picture, and confidence: [n, 5], surest first."""
    height, width = image.shape[:2]
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)  # it warns of its own default target
    detector = cv2.FaceDetectorYN.create(str(yunet), "", (width, height), 0.6, 0.3, ALL)
    cv2.utils.logging.setLogLevel(level)
    rows: object = detector.detect(image)[1]
    if rows is None:
        return np.empty((0, 5))
    found = np.asarray(rows, np.float64)
    corners = np.concatenate((found[:, :2], found[:, :2] + found[:, 2:4]), axis=1)
    faces = np.column_stack((np.clip(corners, 0, [width, height] * 2), found[:, -1]))
    return faces[np.argsort(-faces[:, -1], kind="stable")]


def pictures() -> list[object]:
    clips = (("face-demographics-walking", 5, 2), ("face-demographics-walking", 30, 2), ("classroom", 5, 4))
    photographs = (("000000001000", 12), ("000000004795", 1), ("000000000785", 1), ("000000000139", 0))
    return [
        *(pytest.param(f"data/video/{clip}.mp4", at, count, id=f"{clip} {at}") for clip, at, count in clips),
        *(pytest.param(f"data/coco-val-128/images/{name}.jpg", 0, n, id=name) for name, n in photographs),
    ]


@pytest.mark.parametrize(("file", "position", "count"), pictures())
def test_faces_are_where_opencv_finds_them(yunet: Path, file: str, position: int, count: int) -> None:
    source = cv2.VideoCapture(str(shared_file(file)))
    source.set(cv2.CAP_PROP_POS_FRAMES, position)
    image = np.asarray(source.read()[1], np.uint8)
    source.release()
    height, width = image.shape[:2]
    assert max(height, width) <= 640, "nothing is scaled, or the two would see other pixels"
    found = FaceFinder(yunet).faces(image_of(image), WHOLE)
    ours = np.array([(f.box.x1, f.box.y1, f.box.x2, f.box.y2, f.confidence) for f in found]).reshape(-1, 5)
    theirs = by_opencv(yunet, image)
    assert len(ours) == count
    np.testing.assert_allclose(ours[:, :4] * ([width, height] * 2), theirs[:, :4], atol=NEAR)
    np.testing.assert_allclose(ours[:, 4], theirs[:, 4], atol=1e-3)


def test_another_model_is_no_yunet(model_path: Path) -> None:
    with pytest.raises(ModelError, match=r"does not open as YuNet: it has other inputs or outputs$"):
        FaceFinder(model_path)
    with pytest.raises(ModelError, match=r"gone.onnx does not open as YuNet: .*No such file"):
        FaceFinder(Path("gone.onnx"))


def test_a_picture_of_the_asked_size_is_left_alone() -> None:
    image = image_of(np.zeros((480, 640, 3), np.uint8))
    assert shrink(image, 640) is image
    assert shrink(image, 320).size == (320, 240)
