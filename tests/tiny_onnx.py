"""Writes ONNX files of a few hundred bytes, whose output is what the test says, whatever the picture.

The fields' numbers are those of onnx.proto3 (github.com/onnx/onnx); the onnx package itself is not needed.
"""

import numpy as np
import numpy.typing as npt

_FLOAT, _DOUBLE = 1, 11  # TensorProto.DataType

Shape = tuple[int | str, ...]


def tiny_onnx(
    output: npt.NDArray[np.float32],
    *,
    input_shape: Shape = (1, 3, 64, 64),
    output_shape: Shape | None = None,
    metadata: dict[str, str] | None = None,
    double_input: bool = False,
) -> bytes:
    """Make a model with the input `images` that always gives `output`; a text in a shape is a free side."""
    constant = b"".join(_number(1, side) for side in output.shape)  # TensorProto.dims
    constant += _number(2, _FLOAT) + _field(8, b"constant") + _field(9, output.astype("<f4").tobytes())
    node = _field(1, b"constant") + _field(2, b"output0") + _field(4, b"Identity")
    graph = _field(1, node) + _field(2, b"tiny") + _field(5, constant)
    graph += _field(11, _value("images", _DOUBLE if double_input else _FLOAT, input_shape))
    graph += _field(12, _value("output0", _FLOAT, output.shape if output_shape is None else output_shape))
    model = _number(1, 8) + _field(7, graph) + _field(8, _number(2, 17))  # IR version 8, operators of set 17
    for key, value in (metadata or {}).items():
        model += metadata_entry(key, value)
    return model


def metadata_entry(key: str, value: str) -> bytes:
    """Make one entry of a model's metadata, to be put at the end of a file; a later one of a key counts."""
    return _field(14, _field(1, key.encode()) + _field(2, value.encode()))


def _value(name: str, kind: int, shape: Shape) -> bytes:
    sides = b"".join(
        _field(1, _field(2, side.encode()) if isinstance(side, str) else _number(1, side)) for side in shape
    )
    return _field(1, name.encode()) + _field(2, _field(1, _number(1, kind) + _field(2, sides)))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _field(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])
