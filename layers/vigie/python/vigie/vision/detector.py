"""A detector by onnxruntime: one session, asked frame by frame. The file itself says which family it is of.

`session` opens the file, `pruning` takes off its end, `signature` tells the family, `heads` knows what
families differ in, `headers` and `images` bring the JPEG into the input, `boxes` chooses what is reported.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import numpy as np
from PIL.Image import Image

from vigie.domain.detections import DEFAULT_LABELS, Box, Detection
from vigie.domain.reports import Timings
from vigie.errors import ModelError
from vigie.steps.ports import Sighting
from vigie.vision.boxes import Indices, select_boxes
from vigie.vision.headers import read_header
from vigie.vision.images import Canvas, Letterbox, Tensor, decode_pixels
from vigie.vision.pruning import cut_decoding
from vigie.vision.session import open_session
from vigie.vision.signature import read_signature

CONFIDENCE = 0.25
IOU = 0.7

_MOST_CANVASES = 8  # shapes of picture whose buffers are kept, some 4 MB each


class YoloDetector:
    """Finds things of the given labels in JPEGs, with an ONNX file of YOLOv8's or YOLOX's head.

    Family, input sizes, stride and class names come from the file. When it has free height and width, a
    picture is shown in the smallest rectangle that holds its shape; otherwise in the file's own. Buffers are
    used again from frame to frame, so that one detector serves one thread.

    Raises:
        ModelError: the file is missing, no ONNX, of another signature, or does not know one of the labels.

    """

    def __init__(
        self,
        *,
        model: Path,
        labels: Sequence[str] = DEFAULT_LABELS,
        confidence: float = CONFIDENCE,
        iou: float = IOU,
        threads: int = 1,
    ) -> None:
        content = _read(model)
        self._session = open_session(cut_decoding(content), model=model, threads=threads)
        self._signature = read_signature(self._session, model=model)
        self._name = f"{self._signature.head.family}/{model.stem}@{hashlib.sha256(content).hexdigest()[:8]}"
        self._classes = _class_numbers(labels, names=self._signature.names, model=model)
        self._confidence = confidence
        self._iou = iou
        self._canvases: dict[Letterbox, Canvas] = {}

    @property
    def name(self) -> str:
        """The family, the file's name and the beginning of its SHA-256: `yolov8/yolov8n@1a2b3c4d`."""
        return self._name

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label that the model knows, wanted or not, by class number."""
        return self._signature.names

    def detect(self, jpeg: bytes) -> Sighting:
        """Look at one JPEG; detections are ordered by confidence, equal ones by their place in the output.

        Raises:
            PictureError: the bytes are no picture that we decode.

        """
        begin = perf_counter()
        image, box = self._decode(jpeg)
        decoded = perf_counter()
        tensor = self._canvas(box).fill(image)
        prepared = perf_counter()
        outputs = self._session.run(None, {self._signature.input_name: tensor})
        inferred = perf_counter()
        detections = self._select(outputs, box)
        selected = perf_counter()
        return Sighting(
            width=box.width,
            height=box.height,
            detections=detections,
            timings=Timings(
                decode_ms=(decoded - begin) * 1000,
                prepare_ms=(prepared - decoded) * 1000,
                infer_ms=(inferred - prepared) * 1000,
                select_ms=(selected - inferred) * 1000,
            ),
        )

    def tensor_of(self, jpeg: bytes) -> Tensor:
        """Return the input that the session gets for this JPEG: what a calibration has to see.

        Raises:
            PictureError: the bytes are no picture that we decode.

        """
        image, box = self._decode(jpeg)
        return self._canvas(box).fill(image).copy()

    def _decode(self, jpeg: bytes) -> tuple[Image, Letterbox]:
        header = read_header(jpeg)
        box = self._signature.fit(*header.size)
        return decode_pixels(jpeg, header, least=(box.inner_width, box.inner_height)), box

    def _canvas(self, box: Letterbox) -> Canvas:
        canvas = self._canvases.get(box)
        if canvas is None:
            if len(self._canvases) == _MOST_CANVASES:
                self._canvases.clear()
            canvas = self._canvases[box] = self._signature.head.canvas(box)
        return canvas

    def _select(self, outputs: Sequence[Tensor], box: Letterbox) -> tuple[Detection, ...]:
        rows = self._signature.head.rows(outputs, box, classes=self._classes, confidence=self._confidence)
        found = select_boxes(rows, box, classes=self._classes, confidence=self._confidence, iou=self._iou)
        return tuple(
            Detection(
                label=self._signature.names[number],
                confidence=round(score, 4),
                box=Box.from_pixels(x1, y1, x2, y2, box.width, box.height),
            )
            for (x1, y1, x2, y2), score, number in zip(
                found.corners.tolist(), found.scores.tolist(), found.classes.tolist(), strict=True
            )
        )


def _read(model: Path) -> bytes:
    try:
        content = model.read_bytes()
    except OSError as error:
        raise ModelError(f"model {model} cannot be read: {error.strerror}") from error
    if not content:
        raise ModelError(f"model {model} is an empty file")
    return content


def _class_numbers(labels: Sequence[str], *, names: tuple[str, ...], model: Path) -> Indices:
    unknown = [label for label in labels if label not in names]
    if unknown:
        raise ModelError(f"model {model} knows no label {unknown[0]!r}; it knows {', '.join(names)}")
    if not labels:
        raise ModelError(f"model {model} was asked for no label; it knows {', '.join(names)}")
    return np.array([names.index(label) for label in labels], np.intp)
