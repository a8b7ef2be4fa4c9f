"""The detector: with the real model where accuracy matters, with tiny ones where the signature does."""

import subprocess
import sys
from dataclasses import astuple
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from tests.tiny_onnx import tiny_onnx
from vigie.domain.detections import Box
from vigie.errors import ModelError, PictureError
from vigie.steps.ports import Detector
from vigie.vision.detector import YoloDetector

NAMES = {"names": "{0: 'person', 1: 'cat'}", "stride": "32", "imgsz": "[64, 64]"}
ANCHORS = 84


def head(*anchors: tuple[float, float, float, float, float, float]) -> npt.NDArray[np.float32]:
    """Make the output [1, 4 + 2, 84] of a model of 64x64; an anchor is cx, cy, w, h, person, cat."""
    output = np.zeros((1, 6, ANCHORS), np.float32)
    for n, anchor in enumerate(anchors):
        output[0, :, n] = anchor
    return output


def grey(width: int, height: int) -> bytes:
    done, content = cv2.imencode(".jpg", np.full((height, width, 3), 90, np.uint8))
    assert done
    return content.tobytes()


@pytest.fixture(scope="module")
def detector(model_path: Path) -> Detector:
    return YoloDetector(model=model_path)


@pytest.fixture(scope="module")
def square_detector(square_model_path: Path) -> Detector:
    return YoloDetector(model=square_model_path)


def test_a_real_picture(detector: Detector, coco_folder: Path) -> None:
    sighting = detector.detect((coco_folder / "000000000785.jpg").read_bytes())
    assert (sighting.width, sighting.height) == (640, 425)
    (skier,) = sighting.detections
    assert skier.label == "person"
    assert skier.confidence > 0.8
    # The truth, of the annotations: x 280.8..499.8, y 44.7..391.4
    truth = Box.from_pixels(280.8, 44.7, 499.8, 391.4, 640, 425)
    found = np.array([skier.box.x1, skier.box.y1, skier.box.x2, skier.box.y2])
    np.testing.assert_allclose(found, [truth.x1, truth.y1, truth.x2, truth.y2], atol=0.04)
    assert min(astuple(sighting.timings)) > 0


def test_both_exports_see_the_same(detector: Detector, square_detector: Detector, coco_folder: Path) -> None:
    jpeg = (coco_folder / "000000000785.jpg").read_bytes()
    (free,), (square,) = detector.detect(jpeg).detections, square_detector.detect(jpeg).detections
    assert free.label == square.label
    assert free.box.distance(square.box, 640 / 425) < 0.02


def test_the_same_picture_gives_the_same_sighting(detector: Detector, coco_folder: Path) -> None:
    jpeg = (coco_folder / "000000000785.jpg").read_bytes()
    assert detector.detect(jpeg).detections == detector.detect(jpeg).detections


def test_the_name_tells_models_of_one_file_name_apart(detector: Detector) -> None:
    assert detector.name == "yolov8/yolov8n-dynamic@40268b9b"


@pytest.mark.parametrize("size", [(4000, 40), (40, 4000), (8, 8), (2600, 8)])
def test_any_shape_of_picture_works(detector: Detector, size: tuple[int, int]) -> None:
    sighting = detector.detect(grey(*size))
    assert (sighting.width, sighting.height) == size


def test_no_picture_is_refused(detector: Detector) -> None:
    with pytest.raises(PictureError, match="no JPEG"):
        detector.detect(b"hello, world")


@pytest.mark.parametrize(
    ("input_shape", "box"),
    [  # a picture of 128x64 lies at half its size; what the model says of it is the same in both
        pytest.param((1, 3, 64, 64), Box(0.25, 0.0, 0.75, 0.5), id="square: 16 rows of grey above"),
        pytest.param((1, 3, "height", "width"), Box(0.25, 0.25, 0.75, 1.0), id="free: 64x32, no padding"),
        pytest.param(("batch", 3, 64, 64), Box(0.25, 0.0, 0.75, 0.5), id="free batch alone"),
    ],
)
def test_planted_boxes_are_found(tmp_path: Path, input_shape: tuple[int | str, ...], box: Box) -> None:
    output = head((32, 20, 32, 24, 0.75004, 0.1), (10, 20, 4, 4, 0.1, 0.9))
    model = tmp_path / "planted.onnx"
    model.write_bytes(tiny_onnx(output, input_shape=input_shape, metadata=NAMES))
    sighting = YoloDetector(model=model, labels=["person"]).detect(grey(128, 64))
    (seen,) = sighting.detections
    assert (seen.label, seen.confidence, seen.box) == ("person", 0.75, box)


def test_detections_are_ordered_by_confidence(tmp_path: Path) -> None:
    output = head(
        (10, 32, 4, 4, 0.5, 0), (20, 32, 4, 4, 0, 0.9), (30, 32, 4, 4, 0.5, 0), (40, 32, 4, 4, 0.7, 0)
    )
    model = tmp_path / "planted.onnx"
    model.write_bytes(tiny_onnx(output, metadata=NAMES))
    seen = YoloDetector(model=model, labels=["person", "cat"]).detect(grey(64, 64)).detections
    order = [(one.label, one.confidence, round(one.box.centre[0] * 64)) for one in seen]
    assert order == [("cat", 0.9, 20), ("person", 0.7, 40), ("person", 0.5, 10), ("person", 0.5, 30)]


FREE = (1, 3, "height", "width")
GOOD = tiny_onnx(head(), metadata=NAMES)

BAD_MODELS = [
    pytest.param(b"", "is an empty file$", id="an upload that was cut off at once"),
    pytest.param(b"this is no model\n" * 20, "is no ONNX file that onnxruntime opens", id="a text"),
    pytest.param(GOOD[: len(GOOD) // 2], "is no ONNX file that onnxruntime opens", id="cut in half"),
    pytest.param(
        tiny_onnx(head(), input_shape=(1, 64, 64), metadata=NAMES),
        r"takes .* is expected$",
        id="input of rank 3",
    ),
    pytest.param(
        tiny_onnx(head(), input_shape=(1, 64, 64, 3), metadata=NAMES),
        r"takes .* is expected$",
        id="channels last",
    ),
    pytest.param(
        tiny_onnx(head(), input_shape=(8, 3, 64, 64), metadata=NAMES),
        r"takes .* is expected$",
        id="batches of 8",
    ),
    pytest.param(
        tiny_onnx(head(), input_shape=(1, 3, 64, "width"), metadata=NAMES),
        r"takes .* is expected$",
        id="free width alone",
    ),
    pytest.param(
        tiny_onnx(head(), double_input=True, metadata=NAMES), r"takes .*double.* is expected$", id="doubles"
    ),
    pytest.param(
        tiny_onnx(np.zeros((1, 84, 6), np.float32), metadata=NAMES),
        r"gives \[\[1, 84, 6\]\], one output \[1, 6, n\] is expected: 4 coordinates and 2 classes; "
        r"or YOLOX's \[1, 84, 7\]$",
        id="transposed",
    ),
    pytest.param(
        tiny_onnx(np.zeros((1, 38, 84), np.float32), metadata=NAMES),
        r"gives \[\[1, 38, 84\]\]",
        id="a segmentation head: masks beside the classes",
    ),
    pytest.param(
        tiny_onnx(np.zeros((1, 1000), np.float32), metadata=NAMES),
        r"gives \[\[1, 1000\]\]",
        id="a classifier",
    ),
    pytest.param(
        tiny_onnx(
            np.zeros((1, 7, 84), np.float32), input_shape=FREE, output_shape=(1, "rows", "n"), metadata=NAMES
        ),
        r"gives \[\[1, 7, 84\]\]",
        id="free sides, and another shape when asked",
    ),
    pytest.param(tiny_onnx(head()), "has no class names", id="no metadata"),
    pytest.param(
        tiny_onnx(head(), metadata={"names": "person, cat"}),
        "class names that are no list",
        id="names as text",
    ),
    pytest.param(
        tiny_onnx(head(), metadata={"names": "{1: 'person', 2: 'cat'}"}),
        "class names that are no",
        id="from 1",
    ),
    pytest.param(
        tiny_onnx(head(), metadata={"names": "{0: 'cat', 1: 'dog'}"}),
        "knows no label 'person'; it knows cat, dog$",
        id="trained on something else",
    ),
]


@pytest.mark.parametrize(("content", "sentence"), BAD_MODELS)
def test_bad_models_are_refused_with_a_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    model = tmp_path / "bad.onnx"
    model.write_bytes(content)
    with pytest.raises(ModelError, match=sentence) as refusal:
        YoloDetector(model=model, labels=["person"])
    assert str(refusal.value).startswith(f"model {model} ")
    assert "\n" not in str(refusal.value)


def test_a_missing_model_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nowhere.onnx cannot be read: No such file or directory$"):
        YoloDetector(model=tmp_path / "nowhere.onnx")


def test_no_label_at_all_is_refused(tmp_path: Path) -> None:
    model = tmp_path / "planted.onnx"
    model.write_bytes(GOOD)
    with pytest.raises(ModelError, match=r"was asked for no label; it knows person, cat$"):
        YoloDetector(model=model, labels=[])


def test_the_import_loads_no_more_than_it_needs() -> None:
    # onnxruntime comes with the first model; the rest is none of a detector's business.
    heavy = "{'onnxruntime', 'boto3', 'pydantic', 'matplotlib', 'onnx', 'cv2', 'asyncio'}"
    code = f"import sys, vigie.vision.detector; sys.exit(', '.join({heavy} & set(sys.modules)) or 0)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
