"""onnxruntime's session: imported late, opened in one way, its errors told as ours."""

import os
from pathlib import Path
from typing import Any

from vigie.errors import ModelError


def onnxruntime() -> tuple[Any, tuple[type[Exception], ...]]:
    """Import onnxruntime: the module, and its exceptions, which share no class of their own."""
    # Before the import: the Linux wheels from 1.29 on send telemetry.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime as ort
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    if hasattr(ort, "disable_telemetry_events"):
        ort.disable_telemetry_events()
    kinds = (kind for kind in vars(state).values() if isinstance(kind, type))
    return ort, tuple(kind for kind in kinds if issubclass(kind, Exception))


def open_session(content: bytes, *, model: Path, threads: int) -> Any:  # noqa: ANN401 - onnxruntime is untyped
    """Open an ONNX file's content on the CPU; `model` names it in errors.

    Raises:
        ModelError: onnxruntime does not open it.

    """
    ort, faults = onnxruntime()
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
            f"model {model} is no ONNX file that onnxruntime opens: {one_line(error)}"
        ) from error


def one_line(error: Exception) -> str:
    """Give onnxruntime's words without the lines of code that it may add."""
    return str(error).partition("\n")[0]
