"""YOLOv8 by onnxruntime: one session, asked frame by frame."""

import ast
import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from vigie.domain.detections import DEFAULT_LABELS, Box, Detection
from vigie.errors import ModelError
from vigie.steps.ports import Sighting
from vigie.vision.boxes import Indices, select_boxes
from vigie.vision.images import Letterbox, Tensor, decode_jpeg, fit, to_tensor

CONFIDENCE = 0.25
IOU = 0.7

_LONG_SIDE = 640  # of YOLOv8's training, for files that do not say
_STRIDE = 32  # of the coarsest of YOLOv8's three grids, likewise
_COORDINATES = 4  # rows of the output before the classes' scores


class YoloDetector:
    """Finds things of the given labels in JPEGs, with an ONNX file in Ultralytics' export format.

    Input sizes, stride and class names come from the file. When it has free height and width, a picture is
    shown in the smallest rectangle that holds its shape; otherwise in the file's own.

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
        self._name = f"{model.stem}@{hashlib.sha256(content).hexdigest()[:8]}"
        self._session = _open_session(content, model=model, threads=threads)
        self._signature = _read_signature(self._session, model=model)
        self._classes = _class_numbers(labels, names=self._signature.names, model=model)
        self._confidence = confidence
        self._iou = iou

    @property
    def name(self) -> str:
        """The file's name and the beginning of its SHA-256: `yolov8n@1a2b3c4d`."""
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
        image = decode_jpeg(jpeg)
        height, width = image.shape[:2]
        decoded = perf_counter()
        box = self._signature.fit(width, height)
        tensor = to_tensor(image, box)
        prepared = perf_counter()
        (output,) = self._session.run(None, {self._signature.input_name: tensor})
        inferred = perf_counter()
        detections = self._select(output, box)
        selected = perf_counter()
        return Sighting(
            width=width,
            height=height,
            detections=detections,
            decode_ms=(decoded - begin) * 1000,
            prepare_ms=(prepared - decoded) * 1000,
            infer_ms=(inferred - prepared) * 1000,
            select_ms=(selected - inferred) * 1000,
        )

    def _select(self, output: Tensor, box: Letterbox) -> tuple[Detection, ...]:
        found = select_boxes(output, box, classes=self._classes, confidence=self._confidence, iou=self._iou)
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


@dataclass(frozen=True, slots=True)
class _Signature:
    """What a model file says of itself: `size` is the input's width and height, `stride` None when fixed."""

    input_name: str
    names: tuple[str, ...]
    size: tuple[int, int]
    stride: int | None

    def fit(self, width: int, height: int) -> Letterbox:
        return fit(width, height, into=self.size, stride=self.stride)


def _read(model: Path) -> bytes:
    try:
        content = model.read_bytes()
    except OSError as error:
        raise ModelError(f"model {model} cannot be read: {error.strerror}") from error
    if not content:
        raise ModelError(f"model {model} is an empty file")
    return content


def _onnxruntime() -> tuple[Any, tuple[type[Exception], ...]]:
    """Import onnxruntime: the module, and its exceptions, which share no class of their own."""
    # Before the import: the Linux wheels from 1.29 on send telemetry.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime as ort
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    if hasattr(ort, "disable_telemetry_events"):
        ort.disable_telemetry_events()
    kinds = (kind for kind in vars(state).values() if isinstance(kind, type))
    return ort, tuple(kind for kind in kinds if issubclass(kind, Exception))


def _open_session(content: bytes, *, model: Path, threads: int) -> Any:  # noqa: ANN401 - onnxruntime is untyped
    ort, faults = _onnxruntime()
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    # More threads than the function has CPUs make it several times slower, and spinning burns what there is.
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3  # errors; it warns of much that is none of the user's business
    try:
        return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except faults as error:
        raise ModelError(
            f"model {model} is no ONNX file that onnxruntime opens: {_one_line(error)}"
        ) from error


def _read_signature(session: Any, *, model: Path) -> _Signature:  # noqa: ANN401
    """Check the session's input and output against what YOLOv8's detection head has, and its metadata."""
    metadata = session.get_modelmeta().custom_metadata_map
    inputs = session.get_inputs()
    match [(node.type, node.shape) for node in inputs]:
        case [("tensor(float)", [1 | str() | None, 3, int() as height, int() as width])]:
            size, stride = (width, height), None
        case [("tensor(float)", [1 | str() | None, 3, str() | None, str() | None])]:
            size = (_largest_number(metadata.get("imgsz", ""), default=_LONG_SIDE),) * 2
            stride = _largest_number(metadata.get("stride", ""), default=_STRIDE)
        case other:
            raise ModelError(
                f"model {model} takes {other}, one float input [1, 3, height, width] is expected"
            )
    signature = _Signature(inputs[0].name, _class_names(metadata.get("names"), model=model), size, stride)
    rows = _COORDINATES + len(signature.names)
    match _output_shapes(session, signature, model=model):
        case [[1, found, int()]] if found == rows:
            return signature
        case shapes:
            raise ModelError(
                f"model {model} gives {shapes}, one output [1, {rows}, n] is expected: "
                f"{_COORDINATES} coordinates and {len(signature.names)} classes"
            )


def _output_shapes(session: Any, signature: _Signature, *, model: Path) -> list[list[int]]:  # noqa: ANN401
    """Return the outputs' shapes as declared, or, where a side is left free, as a picture gives them."""
    declared: list[list[int]] = [node.shape for node in session.get_outputs()]
    if all(isinstance(side, int) for shape in declared for side in shape):
        return declared
    width, height = (signature.stride, signature.stride) if signature.stride else signature.size
    smallest = np.zeros((1, 3, height, width), np.float32)
    _, faults = _onnxruntime()
    try:
        return [list(output.shape) for output in session.run(None, {signature.input_name: smallest})]
    except faults as error:
        raise ModelError(
            f"model {model} fails on a picture of {width}x{height}: {_one_line(error)}"
        ) from error


def _one_line(error: Exception) -> str:
    """Give onnxruntime's words without the lines of code that it may add."""
    return str(error).partition("\n")[0]


def _class_names(text: str | None, *, model: Path) -> tuple[str, ...]:
    """Read `{0: 'person', 1: 'bicycle', ...}`."""
    if text is None:
        raise ModelError(
            f"model {model} has no class names: Ultralytics' export writes them as metadata 'names'"
        )
    try:
        names = dict(ast.literal_eval(text))
        return tuple(str(names[number]) for number in range(len(names)))
    except (ValueError, SyntaxError, TypeError, KeyError) as error:
        raise ModelError(
            f"model {model} has class names that are no list by number: {text[:60]!r}"
        ) from error


def _largest_number(text: str, *, default: int) -> int:
    """Read `32` or `[640, 640]`."""
    return max((int(number) for number in re.findall(r"\d+", text)), default=default)


def _class_numbers(labels: Sequence[str], *, names: tuple[str, ...], model: Path) -> Indices:
    unknown = [label for label in labels if label not in names]
    if unknown:
        raise ModelError(f"model {model} knows no label {unknown[0]!r}; it knows {', '.join(names)}")
    if not labels:
        raise ModelError(f"model {model} was asked for no label; it knows {', '.join(names)}")
    return np.array([names.index(label) for label in labels], np.intp)
