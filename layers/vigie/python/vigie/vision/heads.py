"""The families of detectors: how each wants its picture, and how its output reads as one kind of rows.

A head turns the outputs into rows [4 + classes, n]: centre x, centre y, width and height in pixels of the
input, then a score 0..1 for each class. It may leave out anchors that have none of the wanted classes with
confidence: `boxes` chooses among the rows by the same rules whatever the family.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

import numpy as np

from vigie.vision.boxes import Indices
from vigie.vision.images import Canvas, Letterbox, Tensor, fit

COORDINATES = 4  # of a box, before the scores
BINS = 16  # of a side
GRIDS = (8, 16, 32)  # pixels of the input to a cell, of the three grids of both families

_BIN = np.arange(BINS, dtype=np.float32)[:, np.newaxis]


class Head(Protocol):
    """What differs from family to family."""

    @property
    def family(self) -> str:
        """Its name, as reports tell it."""

    def fit(self, width: int, height: int, *, into: tuple[int, int], stride: int | None) -> Letterbox:
        """Place a picture in the input; see `images.fit`."""

    def canvas(self, box: Letterbox) -> Canvas:
        """Make the input for pictures of that shape."""

    def rows(
        self, outputs: Sequence[Tensor], box: Letterbox, *, classes: Indices, confidence: float
    ) -> Tensor:
        """Read the outputs as [4 + all classes, n], of anchors that may hold one of `classes` at least."""


class YoloV8Head:
    """[1, 4 + classes, n]: decoded in the graph already. RGB 0..1, the picture in the middle."""

    family = "yolov8"

    def fit(self, width: int, height: int, *, into: tuple[int, int], stride: int | None) -> Letterbox:
        """Centre it."""
        return fit(width, height, into=into, stride=stride)

    def canvas(self, box: Letterbox) -> Canvas:
        """RGB 0..1."""
        return Canvas(box)

    def rows(
        self, outputs: Sequence[Tensor], box: Letterbox, *, classes: Indices, confidence: float
    ) -> Tensor:
        """Nothing is left to do."""
        rows: Tensor = outputs[0][0]
        return rows


class YoloV8BinsHead(YoloV8Head):
    """[1, 64, n] and [1, classes, n]: YOLOv8 without its end, see `pruning`.

    Each side's distance from the anchor's centre, in cells, is the mean of 0..15 weighed by 16 bins: the
    distribution focal loss, https://arxiv.org/abs/2006.04388.
    """

    def rows(
        self, outputs: Sequence[Tensor], box: Letterbox, *, classes: Indices, confidence: float
    ) -> Tensor:
        """Decode the anchors that pass."""
        bins, scores = (output[0] for output in outputs)
        anchors = np.flatnonzero(scores[classes].max(axis=0) > confidence)
        weights = bins[:, anchors].reshape(COORDINATES, BINS, -1)
        weights = np.exp(weights - weights.max(axis=1, keepdims=True))
        sides = (weights * _BIN).sum(axis=1) / weights.sum(axis=1)
        cells, strides = _cells(box.input_width, box.input_height)
        centres = cells[anchors].T + np.float32(0.5)
        low, high = centres - sides[:2], centres + sides[2:]
        places = np.concatenate(((low + high) * np.float32(0.5), high - low)) * strides[anchors].T
        return np.concatenate((places, scores[:, anchors]))


class YoloXHead:
    """[1, n, 5 + classes]: offsets in cells, logarithms of sizes, objectness. BGR 0..255, picture top left.

    Restates `preproc` (yolox/data/data_augment.py), `demo_postprocess` (yolox/utils/demo_utils.py) and the
    scores of demo/ONNXRuntime/onnx_inference.py of github.com/Megvii-BaseDetection/YOLOX (Apache-2.0).
    """

    family = "yolox"

    def fit(self, width: int, height: int, *, into: tuple[int, int], stride: int | None) -> Letterbox:
        """Begin at the upper left corner."""
        return fit(width, height, into=into, stride=stride, centred=False)

    def canvas(self, box: Letterbox) -> Canvas:
        """Take the pixels as they are."""
        return Canvas(box, scale=1.0, bands="BGR")

    def rows(
        self, outputs: Sequence[Tensor], box: Letterbox, *, classes: Indices, confidence: float
    ) -> Tensor:
        """Decode offsets and sizes by the cells; a class's score is its own times that of being anything."""
        raw = outputs[0][0].T
        anchors = np.flatnonzero(raw[5 + classes].max(axis=0) * raw[4] > confidence)
        raw = raw[:, anchors]
        cells, strides = (of_all[anchors].T for of_all in _cells(box.input_width, box.input_height))
        places = (raw[:2] + cells) * strides
        # A size beyond float32 is no size; it must not become a box, nor a warning.
        sizes = np.exp(np.minimum(raw[2:COORDINATES], np.float32(20))) * strides
        return np.concatenate((places, sizes, raw[5:] * raw[4]))


def count_cells(width: int, height: int) -> int:
    """Count the cells of all grids over an input: the anchors that a head of three grids gives."""
    return sum((width // stride) * (height // stride) for stride in GRIDS)


@lru_cache(maxsize=8)  # cameras have few shapes; strangers have many
def _cells(width: int, height: int) -> tuple[Tensor, Tensor]:
    """Each anchor's column and row [n, 2], and its stride [n, 1], row by row, fine grid first."""
    cells, strides = [], []
    for stride in GRIDS:
        columns, rows = np.meshgrid(np.arange(width // stride), np.arange(height // stride))
        cells.append(np.stack((columns.ravel(), rows.ravel()), axis=1))
        strides.append(np.full((columns.size, 1), stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(strides).astype(np.float32)
