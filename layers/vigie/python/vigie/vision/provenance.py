"""What a prepared model file says of itself: where it comes from, how it was made, how good it was found.

It is one JSON document under the key `vigie` of the ONNX file's own metadata, beside Ultralytics' keys.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vigie.errors import ModelError
from vigie.vision.session import open_session

KEY = "vigie"
VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationSet:
    """The pictures an 8-bit file's ranges were read from; `sha256` is of the list of their hashes."""

    folder: str
    pictures: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """AP of the prepared file, and of the float model on the same input, on pictures not calibrated with."""

    folder: str
    pictures: int
    labels: tuple[str, ...]
    ap50_95: float
    ap50: float
    float_ap50_95: float
    float_ap50: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Everything about how a file was prepared. Nothing of it depends on the clock: the same inputs and tools
    give the same file."""

    origin: str
    origin_sha256: str
    input: str
    precision: str
    recipe: str
    tools: dict[str, str]
    calibration: CalibrationSet | None = None
    score: Score | None = None

    def as_json(self) -> str:
        """Write it for the file's metadata."""
        return json.dumps({"version": VERSION, **asdict(self)}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Provenance":
        """Read what `as_json` wrote.

        Raises:
            ValueError: another version, or not of our making.

        """
        try:
            document = dict(json.loads(text))
            if document.pop("version", None) != VERSION:
                raise ValueError(f"its version is not {VERSION}")
            calibration, score = document.pop("calibration"), document.pop("score")
            if score:
                score["labels"] = tuple(score["labels"])
            return cls(
                **document,
                calibration=CalibrationSet(**calibration) if calibration else None,
                score=Score(**score) if score else None,
            )
        except (TypeError, KeyError) as error:
            raise ValueError(str(error)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """A model file from outside: the signature that onnxruntime sees, and the metadata."""

    inputs: dict[str, list[Any]]
    outputs: dict[str, list[Any]]
    metadata: dict[str, str]
    provenance: Provenance | None


def read_model_file(path: Path) -> ModelFile:
    """Look at a file without running it.

    Raises:
        ModelError: it is missing, no ONNX, or its account of itself cannot be read.

    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"model {path} cannot be read: {error.strerror}") from error
    session = open_session(content, model=path, threads=1)
    metadata = dict(session.get_modelmeta().custom_metadata_map)
    text = metadata.pop(KEY, None)
    try:
        provenance = None if text is None else Provenance.from_json(text)
    except ValueError as error:
        raise ModelError(f"model {path} has metadata {KEY!r} that cannot be read: {error}") from error
    return ModelFile(
        inputs={node.name: node.shape for node in session.get_inputs()},
        outputs={node.name: node.shape for node in session.get_outputs()},
        metadata=metadata,
        provenance=provenance,
    )
