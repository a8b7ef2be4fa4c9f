"""A model file's signature: which family's head it has, its input, its class names."""

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vigie.errors import ModelError
from vigie.vision.heads import (
    BINS,
    COORDINATES,
    GRIDS,
    Head,
    YoloV8BinsHead,
    YoloV8Head,
    YoloXHead,
    count_cells,
)
from vigie.vision.images import Letterbox, Tensor
from vigie.vision.session import one_line, onnxruntime

_LONG_SIDE = 640  # of both families' training, for files that do not say
_OBJECTNESS = 1  # number of YOLOX's between the coordinates and the classes

# The order in which both families number COCO's classes; YOLOX's exports do not carry it.
# fmt: off
COCO_NAMES = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light",
    "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow",
    "elephant", "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee",
    "skis", "snowboard", "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard",
    "tennis racket", "bottle", "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple",
    "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch",
    "potted plant", "bed", "dining table", "toilet", "tv", "laptop", "mouse", "remote", "keyboard",
    "cell phone", "microwave", "oven", "toaster", "sink", "refrigerator", "book", "clock", "vase",
    "scissors", "teddy bear", "hair drier", "toothbrush",
)
# fmt: on


@dataclass(frozen=True, slots=True)
class Signature:
    """What a model file says of itself: `size` is the input's width and height, `stride` None when fixed."""

    head: Head
    input_name: str
    names: tuple[str, ...]
    size: tuple[int, int]
    stride: int | None

    def fit(self, width: int, height: int) -> Letterbox:
        """Place a picture of that size in the input."""
        return self.head.fit(width, height, into=self.size, stride=self.stride)


def read_signature(session: Any, *, model: Path) -> Signature:  # noqa: ANN401 - onnxruntime is untyped
    """Tell the family by the session's input, output and metadata.

    Raises:
        ModelError: it is none that we know; says what was found and what is expected.

    """
    metadata = session.get_modelmeta().custom_metadata_map
    inputs = session.get_inputs()
    match [(node.type, node.shape) for node in inputs]:
        case [("tensor(float)", [1 | str() | None, 3, int() as height, int() as width])]:
            size, stride = (width, height), None
        case [("tensor(float)", [1 | str() | None, 3, str() | None, str() | None])]:
            size = (_largest_number(metadata.get("imgsz", ""), default=_LONG_SIDE),) * 2
            stride = _largest_number(metadata.get("stride", ""), default=max(GRIDS))
        case other:
            raise ModelError(
                f"model {model} takes {other}, one float input [1, 3, height, width] is expected"
            )
    # A free side is known only by trying it: with the smallest picture that has a cell in each grid.
    tried = (stride, stride) if stride else size
    shapes = _output_shapes(session, inputs[0].name, tried, model=model)
    names = _class_names(metadata.get("names"), model=model)
    head, names = _tell_head(shapes, names, cells=count_cells(*tried), model=model)
    if isinstance(head, YoloXHead):
        _refuse_decoded(session, inputs[0].name, tried, model=model)
    return Signature(head, inputs[0].name, names, size, stride)


def _tell_head(
    shapes: list[list[int]], names: tuple[str, ...] | None, *, cells: int, model: Path
) -> tuple[Head, tuple[str, ...]]:
    """Tell the head by the output's shape, and the names of its classes."""
    before = COORDINATES + _OBJECTNESS
    match shapes:
        case [[1, bins, found], [1, rows, also]] if names and rows == len(names) and found == also == cells:
            if bins == COORDINATES * BINS:
                return YoloV8BinsHead(), names
        case [[1, found, int()]] if names and found == COORDINATES + len(names):
            return YoloV8Head(), names
        case [[1, found, columns]] if names and found == cells and columns == before + len(names):
            return YoloXHead(), names
        case [[1, found, columns]] if (
            names is None and found == cells and columns == before + len(COCO_NAMES)
        ):
            return YoloXHead(), COCO_NAMES
        case [[1, found, columns]] if names is None and found == cells and columns > before:
            raise ModelError(
                f"model {model} has YOLOX's output with {columns - before} classes and no class names: "
                "add them as metadata 'names', written {0: 'person', 1: 'bicycle', ...}, with the Python "
                "package onnx: onnx.helper.set_model_props(model, {'names': str(names)})"
            )
    if names is None:
        raise ModelError(
            f"model {model} has no class names: Ultralytics' export writes them as metadata 'names'"
        )
    raise ModelError(
        f"model {model} gives {shapes}, one output [1, {COORDINATES + len(names)}, n] is expected: "
        f"{COORDINATES} coordinates and {len(names)} classes; or YOLOX's [1, {cells}, {before + len(names)}]"
    )


def _output_shapes(session: Any, name: str, size: tuple[int, int], *, model: Path) -> list[list[int]]:  # noqa: ANN401
    """Return the outputs' shapes as declared, or, where a side is left free, as a picture gives them."""
    declared: list[list[int]] = [node.shape for node in session.get_outputs()]
    if all(isinstance(side, int) for shape in declared for side in shape):
        return declared
    return [list(output.shape) for output in _look(session, name, size, model=model)]


def _refuse_decoded(session: Any, name: str, size: tuple[int, int], *, model: Path) -> None:  # noqa: ANN401
    """Refuse what YOLOX's `--decode_in_inference` exports: the same shape, but pixels in place of offsets."""
    (output,) = _look(session, name, size, model=model)
    # An offset is a cell or two; the last cell's centre is nearly the input's lower right corner.
    if (output[0, -1, :2] > np.array(size) / 2).all():
        raise ModelError(
            f"model {model} has YOLOX's output already decoded: export it without --decode_in_inference"
        )


def _look(session: Any, name: str, size: tuple[int, int], *, model: Path) -> list[Tensor]:  # noqa: ANN401
    """Show the model a black picture."""
    width, height = size
    _, faults = onnxruntime()
    try:
        outputs: list[Tensor] = session.run(None, {name: np.zeros((1, 3, height, width), np.float32)})
    except faults as error:
        raise ModelError(
            f"model {model} fails on a picture of {width}x{height}: {one_line(error)}"
        ) from error
    return outputs


def _class_names(text: str | None, *, model: Path) -> tuple[str, ...] | None:
    """Read `{0: 'person', 1: 'bicycle', ...}`."""
    if text is None:
        return None
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
