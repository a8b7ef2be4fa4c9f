"""Cuts YOLOv8's box decoding off its graph, so that it is done for the boxes worth reporting alone.

Ultralytics' export ends, for every anchor, in a softmax over 4 x 16 bins, which is a fourteenth of the whole
at 384x640 though a few anchors of thousands matter. `heads.YoloV8BinsHead` does the same for those.

What is cut is the graph's end, in the file's bytes, by the fields' numbers of onnx.proto3
(github.com/onnx/onnx): the package onnx is too large for Lambda.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

_GRAPH, _NODE, _OUTPUT = 7, 1, 12  # ModelProto.graph, GraphProto.node and .output
_INPUTS, _OUTPUTS, _OPERATOR = 1, 2, 4  # of NodeProto
_NAME, _TYPE = 1, 2  # of ValueInfoProto
_WITH_GRAPHS = frozenset({"If", "Loop", "Scan"})
_PREPARED = "/vigie/logits"
_FLOAT = 1  # TensorProto.DataType


class _Field(NamedTuple):
    number: int
    begin: int
    """Where its tag is."""
    content: int
    """Where its content begins."""
    end: int


class _Node(NamedTuple):
    operator: str
    inputs: list[str]
    field: _Field


def cut_decoding(content: bytes) -> bytes:
    """Return the model with two outputs: bins [batch, 64, anchors] and scores [batch, classes, anchors].

    A file that does not end as Ultralytics' export of YOLOv8 does is returned as it is, broken ones too:
    whoever opens them says what is wrong.
    """
    try:
        (graph,) = (field for field in _fields(content, 0, len(content)) if field.number == _GRAPH)
        outputs, nodes = _read(content, graph)
        (output,) = outputs
        tensors = _undecoded(nodes, _text(content, output, _NAME))
    except (ValueError, IndexError, KeyError, UnicodeDecodeError):
        return content
    values = b"".join(
        _encode(_OUTPUT, _encode(_NAME, tensor.encode()) + _encode(_TYPE, _float_tensor(rows)))
        for tensor, rows in zip(tensors, ("bins", "classes"), strict=True)
    )
    # onnxruntime computes what no output needs all the same, so that those nodes must go.
    needed = _needed(nodes, tensors)
    dropped = {node.field for node in nodes.values()} - needed | {output}
    kept = (f for f in _fields(content, graph.content, graph.end) if f not in dropped)
    inside = b"".join(content[field.begin : field.end] for field in kept) + values
    return content[: graph.begin] + _encode(_GRAPH, inside) + content[graph.end :]


def _undecoded(nodes: dict[str, _Node], output: str) -> tuple[str, str]:
    """Go back from the output, Concat(boxes, Sigmoid(...)), to the bins, Softmax(Transpose(Reshape(bins))).

    Files that `vigie model prepare` wrote have another softmax, whose beginning is known by its name.

    Raises:
        ValueError, KeyError: it is no such graph.

    """
    if any(node.operator in _WITH_GRAPHS for node in nodes.values()):
        raise ValueError("graphs within nodes may use tensors that no node names")
    _, scores = _expect(nodes[output], "Concat")
    _expect(nodes[scores], "Sigmoid")
    if prepared := nodes.get(_PREPARED):
        return _expect(prepared, "Reshape")[0], scores
    (softmax,) = (node for node in nodes.values() if node.operator == "Softmax")
    (turned,) = _expect(softmax, "Softmax")
    (shaped,) = _expect(nodes[turned], "Transpose")
    bins, _ = _expect(nodes[shaped], "Reshape")
    return bins, scores


def _needed(nodes: dict[str, _Node], tensors: Iterable[str]) -> set[_Field]:
    """Return the nodes that the tensors come from."""
    needed, waiting = set(), list(tensors)
    while waiting:
        node = nodes.get(waiting.pop())  # None for the graph's inputs and weights
        if node is not None and node.field not in needed:
            needed.add(node.field)
            waiting += node.inputs
    return needed


def _expect(node: _Node, operator: str) -> list[str]:
    if node.operator != operator:
        raise ValueError(f"{node.operator} in place of {operator}")
    return node.inputs


def _read(content: bytes, graph: _Field) -> tuple[list[_Field], dict[str, _Node]]:
    """Return the graph's outputs, and its nodes by the names of what they give."""
    outputs, nodes = [], {}
    for field in _fields(content, graph.content, graph.end):
        if field.number == _OUTPUT:
            outputs.append(field)
        elif field.number == _NODE:
            inside = list(_fields(content, field.content, field.end))
            texts = {
                number: [content[one.content : one.end].decode() for one in inside if one.number == number]
                for number in (_INPUTS, _OUTPUTS, _OPERATOR)
            }
            node = _Node("".join(texts[_OPERATOR]), texts[_INPUTS], field)
            nodes.update(dict.fromkeys(texts[_OUTPUTS], node))
    return outputs, nodes


def _text(content: bytes, message: _Field, number: int) -> str:
    (found,) = (one for one in _fields(content, message.content, message.end) if one.number == number)
    return content[found.content : found.end].decode()


def _fields(content: bytes, begin: int, end: int) -> Iterator[_Field]:
    """Walk the fields of a message.

    Raises:
        ValueError, IndexError: it is none.

    """
    position = begin
    while position < end:
        tag, after = _varint(content, position)
        match tag & 7:
            case 0:  # a number
                _, stop = _varint(content, after)
            case 1:  # eight bytes
                stop = after + 8
            case 2:  # bytes, after their length
                length, after = _varint(content, after)
                stop = after + length
            case 5:  # four bytes
                stop = after + 4
            case other:
                raise ValueError(f"no field has wire type {other}")
        if stop > end:
            raise ValueError("a field ends beyond its message")
        yield _Field(tag >> 3, position, after, stop)
        position = stop


def _varint(content: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position


def _float_tensor(rows: str) -> bytes:
    """Make a TypeProto: tensor_type 1 with elem_type 1 and shape 2, its dims 1 named by dim_param 2."""
    shape = b"".join(_encode(1, _encode(2, name.encode())) for name in ("batch", rows, "anchors"))
    return _encode(1, bytes([1 << 3, _FLOAT]) + _encode(2, shape))


def _encode(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _encode_varint(len(content)) + content


def _encode_varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _encode_varint(rest) if rest else bytes([low])
