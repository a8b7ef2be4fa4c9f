"""YOLOv8's graph without its end: the same detections, and no file broken by it."""

from dataclasses import astuple
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

from tests.tiny_onnx import tiny_onnx
from vigie.vision import detector as module
from vigie.vision.detector import YoloDetector
from vigie.vision.pruning import cut_decoding


@pytest.mark.parametrize("name", ["yolov8n-dynamic.onnx", "yolov8n.onnx"])
def test_the_same_is_seen_without_the_graphs_end(model_path: Path, coco_folder: Path, name: str) -> None:
    model = model_path.with_name(name)
    cut = YoloDetector(model=model, confidence=0.01)
    with patch.object(module, "cut_decoding", lambda content: content):
        whole = YoloDetector(model=model, confidence=0.01)
    assert len(cut_decoding(model.read_bytes())) != model.stat().st_size
    seen = 0
    for file in sorted(coco_folder.iterdir())[:4]:
        ours, theirs = (one.detect(file.read_bytes()).detections for one in (cut, whole))
        assert [(one.label, one.confidence) for one in ours] == [
            (one.label, one.confidence) for one in theirs
        ]
        for one, other in zip(ours, theirs, strict=True):
            # The last digit that is kept may differ.
            np.testing.assert_allclose(astuple(one.box), astuple(other.box), atol=1.01e-4)
        seen += len(ours)
    assert seen > 20


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"this is no model\n" * 20, id="a text"),
        pytest.param(b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", id="a length beyond all files"),
        pytest.param(b"\xff" * 100, id="a number that never ends"),
        pytest.param(b"\x3a\x04\x0a\x02\xff\xff", id="a node that is none"),
        pytest.param(tiny_onnx(np.zeros((1, 6, 84), np.float32)), id="another end"),
        pytest.param(tiny_onnx(np.zeros((1, 6, 84), np.float32))[:-5], id="cut short"),
    ],
)
def test_other_files_stay_as_they_are(content: bytes) -> None:
    assert cut_decoding(content) == content
