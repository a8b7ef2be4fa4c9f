"""Surgery on a YOLOv8 export's graph: the input's shape, the head's decoding, the constants."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vigie.errors import ModelError, SetupError
from vigie.vision.session import one_line, onnxruntime

# The package onnx, its ModelProto and GraphProto: as good as untyped.
Module = Any
Proto = Any

STRIDES = (8, 16, 32)  # of YOLOv8's three grids
BINS = 16  # of the distribution that the head gives for each side of a box

_INPUT_RANK = 4
_PREFIX = "/vigie/"
# exp() of a float32 overflows at 88; logits of the distribution beyond this are all the same certainty.
_MOST_LOGIT = 80.0


def import_onnx() -> Module:
    """Import the package onnx, which only the preparing of models needs."""
    try:
        import onnx
    except ImportError as error:
        raise SetupError("preparing a model needs the package onnx: pip install 'vigie[prepare]'") from error
    return onnx


def load_graph(content: bytes, *, model: Path) -> Proto:
    """Read an ONNX file's content, each node under a name of its own.

    Raises:
        ModelError: it is none.

    """
    onnx = import_onnx()
    from google.protobuf.message import DecodeError

    try:
        proto = onnx.load_from_string(content)
    except DecodeError as error:
        raise ModelError(f"model {model} is no ONNX file: {one_line(error)}") from error
    for number, node in enumerate(proto.graph.node):
        node.name = node.name or f"node{number}"
    return proto


def fix_shape(proto: Proto, *, height: int, width: int, model: Path) -> None:
    """Give the input one height and width; the coordinates' constants of a fixed export are made anew.

    Raises:
        ModelError: the file was exported for another size, in a way that we do not know how to change.

    """
    shape = proto.graph.input[0].type.tensor_type.shape.dim
    before = [side.dim_value for side in shape]
    if before[2:] != [height, width] and all(before[2:]):
        _move_anchors(proto, old=(before[2], before[3]), new=(height, width), model=model)
    for side, value in zip(shape, (1, 3, height, width), strict=True):
        side.Clear()
        side.dim_value = value
    _forget_shapes(proto)


def free_shape(proto: Proto) -> None:
    """Keep height and width free, of one picture at a time."""
    batch = proto.graph.input[0].type.tensor_type.shape.dim[0]
    batch.Clear()
    batch.dim_value = 1
    _forget_shapes(proto)


def _forget_shapes(proto: Proto) -> None:
    """Drop the shapes that the exporter noted for its own input."""
    del proto.graph.value_info[:]
    batch, *others = proto.graph.output[0].type.tensor_type.shape.dim
    for side, name in zip(others, ("rows", "anchors"), strict=True):
        side.Clear()
        side.dim_param = name
    batch.Clear()
    batch.dim_value = 1


def anchors_of(height: int, width: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return the cells' centres [1, 2, n], in cells, and their strides [1, n]."""
    centres, strides = [], []
    for stride in STRIDES:
        rows, columns = height // stride, width // stride
        y, x = np.mgrid[:rows, :columns] + 0.5
        centres.append(np.stack((x.ravel(), y.ravel())))
        strides.append(np.full(rows * columns, stride))
    return np.concatenate(centres, axis=1)[None].astype(np.float32), np.concatenate(strides)[None].astype(
        np.float32
    )


def _move_anchors(proto: Proto, *, old: tuple[int, int], new: tuple[int, int], model: Path) -> None:
    """Replace the constants that a fixed export wrote for its size: the cells' centres and strides."""
    numpy_helper = import_onnx().numpy_helper
    pairs = list(zip(anchors_of(*old), anchors_of(*new), strict=True))
    found = 0
    for tensor in _constants(proto):
        value = numpy_helper.to_array(tensor)
        for before, after in pairs:
            if value.size == before.size and np.array_equal(value.ravel(), before.ravel()):
                tensor.CopyFrom(numpy_helper.from_array(after, tensor.name))
                found += 1
    if not found:
        raise ModelError(
            f"model {model} was exported for {old[0]}x{old[1]} alone, in a way that cannot be changed here; "
            "export it with dynamic=True"
        )


def _constants(proto: Proto) -> list[Any]:
    tensors = list(proto.graph.initializer)
    for node in proto.graph.node:
        if node.op_type == "Constant":
            tensors += [attribute.t for attribute in node.attribute if attribute.name == "value"]
    return tensors


def rewrite_distribution(proto: Proto) -> bool:
    """Decode the boxes' distributions by Exp and MatMul; returns whether the export's own form was found.

    The expectation of a softmax over 16 bins is the same number, but the export's Softmax runs across memory:
    it alone takes 7 % of the float model's time and 17 % of the 8-bit one's.
    """
    onnx = import_onnx()
    graph = proto.graph
    made_by = {output: node for node in graph.node for output in node.output}
    used_by = {name: node for node in graph.node for name in node.input}
    for softmax in (node for node in graph.node if node.op_type == "Softmax"):
        transpose = made_by.get(softmax.input[0])
        split = made_by.get(transpose.input[0]) if transpose else None
        weigh = used_by.get(softmax.output[0])
        join = used_by.get(weigh.output[0]) if weigh else None
        chain = [split, transpose, softmax, weigh, join]
        kinds = [node.op_type if node else "" for node in chain]
        if kinds == ["Reshape", "Transpose", "Softmax", "Conv", "Reshape"]:
            break
    else:
        return False
    names = {node.name for node in chain if node}
    nodes = _distribution(onnx, graph, source=chain[0].input[0], target=chain[-1].output[0])
    kept = []
    for node in graph.node:
        if node.name == chain[-1].name:
            kept += nodes
        elif node.name not in names:
            kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)
    return True


def _distribution(onnx: Module, graph: Proto, *, source: str, target: str) -> list[Any]:
    """Make the nodes from logits [1, 64, n] to distances [1, 4, n]: sum(k e^x) / sum(e^x)."""
    constants = {
        "shape": np.array([1, 4, BINS, -1], np.int64),
        "weights": np.stack((np.arange(BINS), np.ones(BINS))).astype(np.float32),
        "most": np.float32(_MOST_LOGIT),
        "halves": np.array([1, 1], np.int64),
        "sides": np.array([1, 4, -1], np.int64),
    }
    for name, value in constants.items():
        graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(value), _PREFIX + name))
    steps: list[tuple[str, list[str], list[str], dict[str, int]]] = [
        ("Reshape", [source, "shape"], ["logits"], {}),
        ("Clip", ["logits", "", "most"], ["bounded"], {}),
        ("Exp", ["bounded"], ["powers"], {}),
        ("MatMul", ["weights", "powers"], ["sums"], {}),
        ("Split", ["sums", "halves"], ["weighted", "total"], {"axis": 2}),
        ("Div", ["weighted", "total"], ["distances"], {}),
        ("Reshape", ["distances", "sides"], [target], {}),
    ]
    outside = {source, target, ""}

    def inside(names: list[str]) -> list[str]:
        return [name if name in outside else _PREFIX + name for name in names]

    return [
        onnx.helper.make_node(kind, inside(inputs), inside(outputs), f"{_PREFIX}{kind}{number}", **attributes)
        for number, (kind, inputs, outputs, attributes) in enumerate(steps)
    ]


def optimise(proto: Proto, *, model: Path) -> Proto:
    """Fold what is constant, by onnxruntime at its basic level, and note every tensor's type and shape.

    The higher levels write operators of one family of processors into the file; the session applies them when
    it opens the file, on the machine that runs it.
    """
    onnx = import_onnx()
    ort, faults = onnxruntime()
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 3
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "optimised.onnx"
        options.optimized_model_filepath = str(whole)
        try:
            ort.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
        except faults as error:
            raise ModelError(f"model {model} cannot be optimised: {one_line(error)}") from error
        optimised = onnx.load(whole)
    return onnx.shape_inference.infer_shapes(optimised)


def metadata_of(proto: Proto) -> dict[str, str]:
    """Return the file's own metadata."""
    return {entry.key: entry.value for entry in proto.metadata_props}


def write_metadata(proto: Proto, metadata: dict[str, str]) -> None:
    """Replace the file's metadata."""
    del proto.metadata_props[:]
    for key, value in metadata.items():
        proto.metadata_props.add(key=key, value=value)
