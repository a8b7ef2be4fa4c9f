"""From an exported model to the file that Lambda runs: input shape, decoding, 8 bits, and its papers."""

import contextlib
import hashlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from vigie.errors import ModelError, PictureError
from vigie.vision import graphs
from vigie.vision.detector import YoloDetector
from vigie.vision.graphs import Proto
from vigie.vision.images import Tensor
from vigie.vision.provenance import KEY, CalibrationSet, Provenance, Score
from vigie.vision.quantising import RECIPE, quantise
from vigie.vision.scoring import CONFIDENCE, LabelledPictures

INT8, FLOAT = "int8", "float"
FEWEST_PICTURES = 8  # below it a camera's bright and dark hours are left to chance
MOST_PICTURES = 64

_TOOLS = ("onnx", "onnxruntime", "numpy", "pillow")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Size:
    """The input's height and width; `free`: each picture has its rectangle, of this long side."""

    height: int
    width: int
    free: bool

    def __str__(self) -> str:
        return (
            f"free, long side {max(self.height, self.width)}" if self.free else f"{self.height}x{self.width}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to prepare. `size` None: free with a long side of 640 where the origin's is free, else its own."""

    source: Path
    target: Path
    size: Size | None
    precision: str
    calibration: Sequence[Path] = ()
    calibration_folder: Path | None = None
    score: LabelledPictures | None = None


def prepare(job: Job, *, say: Say) -> Provenance:
    """Prepare `job.source` into `job.target`, which appears whole or not at all; returns its papers.

    Raises:
        ModelError: the source is no YOLOv8, is prepared already, cannot take the shape, or too few pictures
            can be read.

    """
    YoloDetector(model=job.source)  # the signature
    content = job.source.read_bytes()
    with _place_for(job.target) as folder:
        proto = graphs.load_graph(content, model=job.source)
        metadata = graphs.metadata_of(proto)
        if KEY in metadata:
            origin = Provenance.from_json(metadata[KEY]).origin
            raise ModelError(
                f"model {job.source} is a prepared one, made from {origin}: name that with --model"
            )
        size = _set_size(proto, job.size, model=job.source)
        metadata["imgsz"] = f"[{size.height}, {size.width}]"
        rewritten = graphs.rewrite_distribution(proto)
        proto = graphs.optimise(proto, model=job.source)
        float_file = _save(proto, metadata, folder / "float.onnx")
        float_detector = YoloDetector(model=float_file, confidence=CONFIDENCE)
        papers: dict[str, Any] = {
            "origin": job.source.name,
            "origin_sha256": hashlib.sha256(content).hexdigest(),
            "input": str(size),
            "precision": job.precision,
            "recipe": "the exporter's graph" if not rewritten else "box distribution by Exp and MatMul",
            "tools": {name: version(name) for name in _TOOLS},
        }
        used: set[str] = set()
        if job.precision == INT8:
            if not rewritten:
                raise ModelError(
                    f"model {job.source} decodes its boxes in a form that is not known here: use float"
                )
            proto, papers["calibration"], used = _quantise(job, proto, float_detector, folder=folder, say=say)
            papers["recipe"] += f"; {RECIPE}"
        prepared = _save(proto, metadata, folder / "prepared.onnx")
        if job.score:
            papers["score"] = _score(job.score, prepared, float_detector, used=used, say=say)
        provenance = Provenance(**papers)
        prepared = _save(proto, {**metadata, KEY: provenance.as_json()}, prepared)
        YoloDetector(model=prepared)
        prepared.chmod(0o644)
        prepared.replace(job.target)
    return provenance


@contextlib.contextmanager
def _place_for(target: Path) -> Iterator[Path]:
    """Make a folder beside the target, now: a place that cannot be written is no news for after the work."""
    if target.is_dir():
        raise ModelError(f"{target} is a folder: name a file")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(dir=target.parent, prefix=".preparing-")
    except OSError as error:
        raise ModelError(f"{target} cannot be written: {error.strerror}") from error
    with folder as path:
        yield Path(path)


def _save(proto: Proto, metadata: dict[str, str], path: Path) -> Path:
    graphs.write_metadata(proto, metadata)
    path.write_bytes(proto.SerializeToString(deterministic=True))
    return path


def _set_size(proto: Proto, size: Size | None, *, model: Path) -> Size:
    sides = [side.dim_value for side in proto.graph.input[0].type.tensor_type.shape.dim][2:]
    fixed = Size(sides[0], sides[1], free=False) if all(sides) else None
    size = size or fixed or Size(640, 640, free=True)
    if not size.free:
        graphs.fix_shape(proto, height=size.height, width=size.width, model=model)
    elif fixed:
        raise ModelError(
            f"model {model} was exported for {fixed} alone, and cannot take every shape: "
            "name one shape, such as --size 384x640, or export it with dynamic=True"
        )
    else:
        graphs.free_shape(proto)
    return size


def _quantise(
    job: Job, proto: Proto, detector: YoloDetector, *, folder: Path, say: Say
) -> tuple[Proto, CalibrationSet, set[str]]:
    """Return the graph in 8 bits, and what it was calibrated with: for the papers, and as hashes."""
    hashes: list[str] = []

    def tensors() -> Iterator[Tensor]:
        for file in job.calibration:
            try:
                content = file.read_bytes()
                tensor = detector.tensor_of(content)
            except (PictureError, OSError) as error:
                say(f"{file} is left out of the calibration: {error}")
                continue
            hashes.append(hashlib.sha256(content).hexdigest())
            yield tensor
        if len(hashes) < FEWEST_PICTURES:
            raise ModelError(
                f"{len(hashes)} pictures of {job.calibration_folder} can be calibrated with, "
                f"{FEWEST_PICTURES} at least are needed: frames of your cameras, by day and by night"
            )

    quantised = quantise(proto, tensors(), model=job.source, folder=folder)
    entry = CalibrationSet(
        folder=(job.calibration_folder or Path()).resolve().name,
        pictures=len(hashes),
        sha256=hashlib.sha256("\n".join(sorted(hashes)).encode()).hexdigest(),
    )
    return quantised, entry, set(hashes)


def _score(
    pictures: LabelledPictures, prepared: Path, float_detector: YoloDetector, *, used: set[str], say: Say
) -> Score:
    files = [file for file in pictures.files if hashlib.sha256(file.read_bytes()).hexdigest() not in used]
    if not files:
        raise ModelError(
            f"{pictures.folder} holds no labelled picture that was not calibrated with: none to score on"
        )
    say(f"scoring on {len(files)} pictures that were not calibrated with")
    ours = pictures.score(YoloDetector(model=prepared, confidence=CONFIDENCE).detect, files)
    exact = pictures.score(float_detector.detect, files)
    return Score(
        folder=pictures.folder.resolve().name,
        pictures=len(files),
        labels=pictures.labels,
        ap50_95=round(ours.ap50_95, 4),
        ap50=round(ours.ap50, 4),
        float_ap50_95=round(exact.ap50_95, 4),
        float_ap50=round(exact.ap50, 4),
    )
