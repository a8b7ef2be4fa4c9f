"""A float graph to 8 bits (QDQ): which nodes, from which ranges, with which corrections.

Every choice was measured: docs/decisions/0011-the-prepared-model.md.
"""

import contextlib
import io
import logging
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from vigie.vision import graphs, ranges
from vigie.vision.graphs import Proto
from vigie.vision.images import Tensor
from vigie.vision.session import open_session

RECIPE = (
    "U8S8 per channel, 7-bit weights, ranges by least squares after SiLU, "
    "one for what is joined, biases corrected; first two and last convolutions and decoding float"
)

_QUANTISED = ("Add", "Concat", "Conv", "MaxPool", "Mul", "Resize", "Sigmoid", "Split")
_FLOAT_BLOCKS = 2
_WEIGHT_STEPS = 64  # on each side of zero: 7 bits


def quantise(proto: Proto, inputs: Iterable[Tensor], *, model: Path, folder: Path) -> Proto:
    """Return the graph in 8 bits, calibrated with `inputs`; `folder` takes the quantiser's own files."""
    nodes, names = _choose_nodes(proto)
    gathered = _gather(proto, names, inputs, model=model)
    chosen = ranges.choose_ranges(proto.graph, gathered)
    _correct_biases(proto, gathered, set(nodes))
    return graphs.load_graph(_run_quantiser(proto, chosen, nodes, folder=folder), model=model)


def _choose_nodes(proto: Proto) -> tuple[list[str], list[str]]:
    """Name the nodes to run in 8 bits, and the float tensors at their ends.

    Not among them: the head's decoding, which is what no convolution follows (coordinates up to 640 want more
    than 255 steps), the last convolutions, which give it boxes and scores (in 8 bits every sure detection had
    the same highest score, and no frame of a visit was its best), and the first two, which are faster and
    more exact as they are: three and sixteen channels are too few for 8-bit products.
    """
    graph = proto.graph
    floats = {value.name for value in graph.value_info if value.type.tensor_type.elem_type == 1}
    early = _first_blocks(graph)
    wanted: set[str] = set()  # tensors from which a convolution can be reached
    nodes: list[str] = []
    names: dict[str, None] = {}
    for node in reversed(graph.node):
        inner = not wanted.isdisjoint(node.output)
        if node.op_type == "Conv" or inner:
            wanted.update(node.input)
            if node.op_type in _QUANTISED and node.name not in early and inner:
                nodes.append(node.name)
                names.update(dict.fromkeys(name for name in (*node.input, *node.output) if name in floats))
    return nodes, list(names)


def _first_blocks(graph: Proto) -> set[str]:
    """Name the first convolutions and what makes SiLU of them."""
    convolutions = [node for node in graph.node if node.op_type == "Conv"][:_FLOAT_BLOCKS]
    outputs = {output for node in convolutions for output in node.output}
    names = {node.name for node in convolutions}
    for node in graph.node:
        if outputs.intersection(node.input) and node.op_type in ("Sigmoid", "Mul"):
            names.add(node.name)
    return names


def _gather(
    proto: Proto, names: list[str], inputs: Iterable[Tensor], *, model: Path
) -> dict[str, ranges.Histogram]:
    watched = type(proto)()
    watched.CopyFrom(proto)
    values = {value.name: value for value in watched.graph.value_info}
    del watched.graph.output[:]
    watched.graph.output.extend(values[name] for name in names)
    threads = os.cpu_count() or 1
    session = open_session(watched.SerializeToString(), model=model, threads=threads)
    entry = watched.graph.input[0].name
    return ranges.gather(lambda tensor: session.run(names, {entry: tensor}), names, inputs)


def _correct_biases(proto: Proto, gathered: dict[str, ranges.Histogram], nodes: set[str]) -> None:
    """Take from each bias what the rounding of the weights adds to its channel, at the mean of the inputs."""
    numpy_helper = graphs.import_onnx().numpy_helper
    constants = {tensor.name: tensor for tensor in proto.graph.initializer}
    for node in proto.graph.node:
        if node.op_type != "Conv" or node.name not in nodes or len(node.input) < 3:
            continue
        source, weight_name, bias_name = node.input[:3]
        weights, bias = (numpy_helper.to_array(constants[name]) for name in (weight_name, bias_name))
        means = gathered[source].channel_means
        if weights.shape[1] != means.size:  # a grouped convolution
            continue
        steps = np.abs(weights).max(axis=(1, 2, 3), keepdims=True) / _WEIGHT_STEPS
        rounded = np.round(weights / np.where(steps, steps, 1)) * steps
        shift = (rounded - weights).sum(axis=(2, 3)) @ means
        constants[bias_name].CopyFrom(numpy_helper.from_array((bias - shift).astype(np.float32), bias_name))


def _run_quantiser(proto: Proto, chosen: dict[str, ranges.Range], nodes: list[str], *, folder: Path) -> bytes:
    from onnxruntime import quantization
    from onnxruntime.quantization.calibrate import TensorData, TensorsData

    data = {
        name: TensorData(lowest=np.array(low, np.float32), highest=np.array(high, np.float32))
        for name, (low, high) in chosen.items()
    }
    cache = folder / "ranges.json"
    method = quantization.CalibrationMethod.MinMax  # of the cache's form alone: the ranges are ours
    quantization.save_tensors_data(TensorsData(method, data), cache)
    with contextlib.redirect_stdout(io.StringIO()), _quiet():
        quantization.quantize_static(
            proto,
            folder / "int8.onnx",
            calibration_cache_path=cache,
            calibrate_method=method,
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            # 7-bit weights: without VNNI, AVX2's sums of two products overflow 16 bits with 8.
            reduce_range=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            op_types_to_quantize=list(_QUANTISED),
            nodes_to_quantize=nodes,
        )
    return (folder / "int8.onnx").read_bytes()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence the quantiser's advice to the root logger: what it advises has been done."""
    logger = logging.getLogger()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
