"""Families of detectors: YOLOX's head against a reference written from its own demo, and by planted boxes.

YOLOX's weights are not at hand here: what is proven is the decoding, not the accuracy of a trained model.
"""

import math
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from tests.jpegs import image_of
from tests.tiny_onnx import Shape, tiny_onnx
from vigie.domain.detections import Box
from vigie.errors import ModelError
from vigie.vision.detector import YoloDetector
from vigie.vision.heads import YoloV8Head, YoloXHead
from vigie.vision.images import Tensor

NAMES = {"names": "{0: 'person', 1: 'cat'}"}
CELLS = 8 * 8 + 4 * 4 + 2 * 2  # of 64x64
Row = tuple[float, ...]


def anchors(width: int, height: int) -> list[tuple[int, int, int]]:
    """Column, row and stride of each anchor, in the output's order."""
    return [(x, y, s) for s in (8, 16, 32) for y in range(height // s) for x in range(width // s)]


def demo_postprocess(raw: Tensor, width: int, height: int) -> list[Row]:
    """Decode [n, 5 + classes] one anchor at a time: centre, size, then objectness times each class.

    After `demo_postprocess` of yolox/utils/demo_utils.py and demo/ONNXRuntime/onnx_inference.py in
    github.com/Megvii-BaseDetection/YOLOX at 00767321 (Apache-2.0).
    """
    rows = []
    for (column, row, stride), values in zip(anchors(width, height), raw.tolist(), strict=True):
        x, y, w, h, objectness, *classes = values
        place = ((x + column) * stride, (y + row) * stride)
        size = (math.exp(w) * stride, math.exp(h) * stride)
        rows.append((*place, *size, *(objectness * score for score in classes)))
    return rows


def planted(*boxes: tuple[Row, int, Row], classes: int = 2, size: int = 64) -> npt.NDArray[np.float32]:
    """Encode boxes (cx, cy, w, h), each with its scores where its centre lies in that stride."""
    places = anchors(size, size)
    output = np.zeros((1, len(places), 5 + classes), np.float32)
    for (x, y, w, h), s, scores in boxes:
        n = places.index((int(x // s), int(y // s), s))
        output[0, n, :4] = x / s - x // s, y / s - y // s, math.log(w / s), math.log(h / s)
        output[0, n, 4 : 4 + len(scores)] = scores
    return output


def grey(width: int, height: int) -> bytes:
    done, content = cv2.imencode(".jpg", np.full((height, width, 3), 90, np.uint8))
    assert done
    return content.tobytes()


def write(folder: Path, output: npt.NDArray[np.float32], **options: object) -> Path:
    model = folder / "yolox_tiny.onnx"
    model.write_bytes(tiny_onnx(output, **options))  # type: ignore[arg-type]
    return model


@pytest.mark.parametrize("size", [(64, 64), (96, 64), (64, 160)])
def test_yolox_rows_equal_the_reference(size: tuple[int, int]) -> None:
    width, height = size
    rng = np.random.default_rng(7)
    raw = rng.normal(0, 1.5, (1, len(anchors(width, height)), 5 + 3)).astype(np.float32)
    raw[..., 4:] = rng.random(raw[..., 4:].shape)
    head = YoloXHead()
    box = head.fit(width, height, into=size, stride=None)
    rows = head.rows([raw], box, classes=np.arange(3), confidence=-1)
    np.testing.assert_allclose(rows.T, demo_postprocess(raw[0], width, height), rtol=2e-5, atol=1e-5)


def test_a_size_beyond_all_numbers_is_no_trouble() -> None:
    raw = np.full((1, CELLS, 7), 1000, np.float32)
    head = YoloXHead()
    box = head.fit(64, 64, into=(64, 64), stride=None)
    assert np.isfinite(head.rows([raw], box, classes=np.arange(2), confidence=0.25)).all()


@pytest.mark.parametrize(
    ("size", "inner"),
    [  # YOLOX's preproc cuts where Ultralytics rounds
        pytest.param((128, 64), (64, 32), id="2:1"),
        pytest.param((64, 128), (32, 64), id="portrait"),
        pytest.param((100, 71), (64, 45), id="45.44 rows"),
        pytest.param((100, 73), (64, 46), id="46.72 rows: cut, not rounded"),
    ],
)
def test_yolox_letterbox_begins_top_left(size: tuple[int, int], inner: tuple[int, int]) -> None:
    box = YoloXHead().fit(*size, into=(64, 64), stride=None)
    assert (box.left, box.top, box.inner_width, box.inner_height) == (0, 0, *inner)


def test_inputs_of_both_heads() -> None:
    image = image_of(np.full((32, 64, 3), (10, 20, 30), np.uint8))  # blue, green, red
    yolox, yolov8 = YoloXHead(), YoloV8Head()
    bgr = yolox.canvas(yolox.fit(64, 32, into=(64, 64), stride=None)).fill(image)
    rgb = yolov8.canvas(yolov8.fit(64, 32, into=(64, 64), stride=None)).fill(image)
    assert bgr.shape == rgb.shape == (1, 3, 64, 64)
    np.testing.assert_array_equal(bgr[0, :, 0, 0], [10, 20, 30])
    np.testing.assert_array_equal(bgr[0, :, 63, 0], [114, 114, 114])
    np.testing.assert_allclose(rgb[0, :, 32, 0], [30 / 255, 20 / 255, 10 / 255], rtol=1e-6)
    np.testing.assert_allclose(rgb[0, :, 0, 0], [114 / 255] * 3, rtol=1e-6)


@pytest.mark.parametrize("stride", [8, 16, 32])
def test_planted_yolox_boxes_are_found(tmp_path: Path, stride: int) -> None:
    # A picture of 128x64 lies at half its size in the upper half.
    output = planted(((30, 14, 20, 12), stride, (0.9, 0.8, 0.1)), ((8, 8, 4, 4), 8, (0.2, 0.9, 0.9)))
    detector = YoloDetector(model=write(tmp_path, output, metadata=NAMES), labels=["person"])
    assert detector.name.startswith("yolox/yolox_tiny@")
    (seen,) = detector.detect(grey(128, 64)).detections
    assert (seen.label, seen.confidence) == ("person", 0.72)
    assert seen.box == Box(0.3125, 0.25, 0.625, 0.625)


def test_a_yolox_export_without_names_knows_cocos(tmp_path: Path) -> None:
    scores = (1.0, *(0.0,) * 7, 0.75)  # truck is number 7
    output = planted(((32, 32, 16, 16), 16, scores), classes=80)
    detector = YoloDetector(model=write(tmp_path, output))
    assert len(detector.labels) == 80
    (seen,) = detector.detect(grey(64, 64)).detections
    assert (seen.label, seen.confidence) == ("truck", 0.75)
    assert seen.box == Box(0.375, 0.375, 0.625, 0.625)


def test_a_yolox_export_with_a_free_batch(tmp_path: Path) -> None:
    output = planted(((32, 32, 16, 16), 16, (1.0, 0.5, 0.0)))
    model = write(
        tmp_path,
        output,
        metadata=NAMES,
        input_shape=("batch", 3, 64, 64),
        output_shape=("batch", CELLS, 7),
    )
    (seen,) = YoloDetector(model=model, labels=["person", "cat"]).detect(grey(64, 64)).detections
    assert (seen.label, seen.confidence) == ("person", 0.5)


UNKNOWN = [
    pytest.param(
        np.zeros((1, CELLS, 8), np.float32),
        None,
        r"YOLOX's output with 3 classes and no class names: add them as metadata 'names'",
        id="three classes without names",
    ),
    pytest.param(
        np.zeros((1, CELLS, 8), np.float32),
        NAMES,
        r"or YOLOX's \[1, 84, 7\]$",
        id="three classes and two names",
    ),
    pytest.param(
        np.zeros((1, CELLS + 1, 7), np.float32),
        NAMES,
        r"gives \[\[1, 85, 7\]\]",
        id="a fourth grid: not its anchors",
    ),
    pytest.param(
        np.full((1, CELLS, 7), 60, np.float32),
        NAMES,
        r"already decoded: export it without --decode_in_inference$",
        id="decoded in the graph",
    ),
]


@pytest.mark.parametrize(("output", "metadata", "sentence"), UNKNOWN)
def test_other_outputs_are_refused(
    tmp_path: Path, output: npt.NDArray[np.float32], metadata: dict[str, str] | None, sentence: str
) -> None:
    with pytest.raises(ModelError, match=sentence):
        YoloDetector(model=write(tmp_path, output, metadata=metadata), labels=["person"])


def test_shapes_that_fit_both_families_are_yolov8(tmp_path: Path) -> None:
    # 84 rows are 4 + 80 classes, and the cells of 64x64: the families meet when n is 85 too, and nobody's is.
    shape: Shape = (1, 84, 85)
    names = {"names": str({n: f"c{n}" for n in range(80)})}
    model = write(tmp_path, np.zeros(shape, np.float32), metadata=names)  # type: ignore[arg-type]
    assert YoloDetector(model=model, labels=["c0"]).name.startswith("yolov8/")
