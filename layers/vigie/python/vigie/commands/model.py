"""`python -m vigie model fetch | prepare | info`: the detector's file, from the official one to Lambda's."""

import argparse
import json
import os
import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from vigie.commands.inputs import checkout, jpegs_in
from vigie.errors import ConfigError, ModelError

if TYPE_CHECKING:
    from vigie.vision.preparing import Size
    from vigie.vision.provenance import ModelFile

_STRIDE = 32
_LONG_SIDE = 640
_MOST_SIDE = 1920
_FETCH = """Look for the weights, and download the official export when they lie nowhere.

The order: the file that VIGIE_MODEL names; then models/ in the checkout, then ../shared/models/ beside it;
in a folder yolov8n-prepared.onnx (what `model prepare` writes) comes before yolov8n-dynamic.onnx and
yolov8n.onnx. A download that broke off is taken up where it ended. Ultralytics publishes a hash for
yolov8n.pt alone and none for an ONNX file, so what came is checked by opening it: it must be a YOLOv8
detector that knows our labels.
"""
_PREPARE = """Make the file that Lambda runs: shapes as asked for, the head's decoding rewritten, 8 bits.

Calibrate with frames of your own cameras, by day and by night. The file carries its origin, shape,
calibration set and, with --score, its accuracy; `model info` prints them.
It needs more packages: pip install 'vigie[prepare]'.
"""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Put the command and its own commands into the parser."""
    model = commands.add_parser("model", help="fetch, prepare and describe the detector's file")
    inner = model.add_subparsers(required=True, metavar="fetch|prepare|info")
    _add_fetch(inner)
    _add_prepare(inner)
    command = inner.add_parser("info", help="print what a model file says of itself")
    command.set_defaults(command=info)
    command.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="default: the one that would be used"
    )
    command.add_argument("--json", action="store_true", help="as one JSON object")


def _add_fetch(inner: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from vigie.vision.models import FILE_NAMES, MODEL_URL

    command = inner.add_parser(
        "fetch",
        help="find the weights, else download them",
        description=_FETCH,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(command=fetch)
    command.add_argument("--url", default=MODEL_URL, help="where from (%(default)s)")
    command.add_argument("--sha256", type=_sha256, help="what the download's SHA-256 must be")
    command.add_argument(
        "--output", type=Path, help=f"where to; default: models/{FILE_NAMES[-1]} in the checkout"
    )
    command.add_argument("--again", action="store_true", help="download even if a file is there")


def _add_prepare(inner: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = inner.add_parser(
        "prepare",
        help="make the file that Lambda runs",
        description=_PREPARE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(command=prepare)
    command.add_argument(
        "--model", type=Path, help="ONNX file to begin with; default: as `detect`, but prepared ones"
    )
    shape = command.add_mutually_exclusive_group()
    shape.add_argument(
        "--size",
        type=_size,
        help="384x640: this height and width; 640: each picture in the smallest rectangle of this long side; "
        "default: 640 where the file allows, else the file's own",
    )
    shape.add_argument(
        "--camera-shape",
        type=_camera_shape,
        metavar="WIDTHxHEIGHT",
        help="the one rectangle for this camera, 384x640 for 1280x720",
    )
    command.add_argument(
        "--precision", choices=("int8", "float"), default="int8", help="default: %(default)s"
    )
    command.add_argument("--calibration", type=Path, metavar="FOLDER", help="of JPEGs; int8 needs it")
    command.add_argument(
        "--pictures", type=_count, default=64, help="at most so many of them, evenly chosen (%(default)s)"
    )
    command.add_argument(
        "--score",
        type=Path,
        metavar="FOLDER",
        help="measure AP on this folder's images/ and instances.json (COCO's), less those calibrated with",
    )
    command.add_argument("--output", type=Path, help="default: models/yolov8n-prepared.onnx in the checkout")


def fetch(arguments: argparse.Namespace) -> int:
    """Find the weights, or download them."""
    from vigie.vision.models import FILE_NAMES, check_model, fetch_model, look_for_model, model_folders

    output = arguments.output or model_folders(checkout())[0] / FILE_NAMES[-1]
    if not arguments.again:
        found = (
            look_for_model(environ=os.environ, checkout=checkout()) if arguments.output is None else output
        )
        if found and found.is_file():
            check_model(found, sha256=arguments.sha256)
            _say(f"{found} is there; --again downloads in its place")
            return 0
    fetch_model(arguments.url, output, sha256=arguments.sha256)
    held = (
        "its SHA-256 is the one given"
        if arguments.sha256
        else "no hash is published, its signature is a YOLOv8 detector's"
    )
    _say(f"{output} fetched: {held}")
    return 0


def prepare(arguments: argparse.Namespace) -> int:
    """Make the file that Lambda runs."""
    from vigie.vision.models import FILE_NAMES, PREPARED_NAME, look_for_model, model_folders
    from vigie.vision.preparing import INT8, Job
    from vigie.vision.preparing import prepare as make
    from vigie.vision.scoring import LabelledPictures

    if arguments.precision == INT8 and arguments.calibration is None:
        raise ConfigError(
            "--precision int8 needs --calibration FOLDER: JPEGs of your cameras, by day and by night"
        )
    origins = tuple(name for name in FILE_NAMES if name != PREPARED_NAME)
    source = arguments.model or look_for_model(environ=os.environ, checkout=checkout(), names=origins)
    if source is None:
        raise ModelError(
            "no model to begin with: run `python -m vigie model fetch --again`, or name one with --model"
        )
    files = _calibration_files(arguments.calibration, arguments.pictures) if arguments.calibration else []
    target = arguments.output or model_folders(checkout())[0] / PREPARED_NAME
    make(
        Job(
            source=source,
            target=target,
            size=arguments.size or arguments.camera_shape,
            precision=arguments.precision,
            calibration=files,
            calibration_folder=arguments.calibration,
            score=LabelledPictures(arguments.score) if arguments.score else None,
        ),
        say=_warn,
    )
    return _print_info(target, as_json=False)


def info(arguments: argparse.Namespace) -> int:
    """Print what a model file says of itself."""
    from vigie.vision.models import look_for_model

    file = arguments.file or look_for_model(environ=os.environ, checkout=checkout())
    if file is None:
        raise ModelError("no model to look at: run `python -m vigie model fetch`, or name a file")
    return _print_info(file, as_json=arguments.json)


def _print_info(file: Path, *, as_json: bool) -> int:
    from vigie.vision.provenance import read_model_file

    model = read_model_file(file)
    if as_json:
        document = {"file": str(file), **asdict(model)}
        sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    else:
        rows = _rows(file, model)
        width = max(len(name) for name, _ in rows)
        sys.stdout.write("".join(f"{name:<{width}}  {value}\n" for name, value in rows))
    return 0


def _rows(file: Path, model: "ModelFile") -> list[tuple[str, str]]:
    rows = [("file", f"{file} ({file.stat().st_size / 1e6:.1f} MB)")]
    rows += [(f"input {name}", _shape(shape)) for name, shape in model.inputs.items()]
    rows += [(f"output {name}", _shape(shape)) for name, shape in model.outputs.items()]
    rows += [(key, _short(value)) for key, value in model.metadata.items() if key in _OF_INTEREST]
    papers = model.provenance
    if papers is None:
        return [*rows, ("prepared", "no: `python -m vigie model prepare` makes it faster")]
    rows += [
        ("prepared from", f"{papers.origin}, SHA-256 {papers.origin_sha256}"),
        ("input shape", papers.input),
        ("precision", papers.precision),
        ("recipe", papers.recipe),
    ]
    if papers.calibration:
        set_ = papers.calibration
        rows.append(("calibrated with", f"{set_.pictures} pictures of {set_.folder}, SHA-256 {set_.sha256}"))
    if papers.score:
        score = papers.score
        rows += [
            ("AP50-95, AP50", f"{score.ap50_95:.4f}, {score.ap50:.4f}"),
            ("the same in float", f"{score.float_ap50_95:.4f}, {score.float_ap50:.4f}"),
            (
                "scored on",
                f"{score.pictures} other pictures, of {score.folder}: {', '.join(score.labels)}",
            ),
        ]
    else:
        rows.append(("accuracy", "not measured: prepare with --score"))
    rows.append(("made with", ", ".join(f"{name} {version}" for name, version in papers.tools.items())))
    return rows


_OF_INTEREST = ("description", "license", "date", "version", "task", "stride", "imgsz", "names")


def _shape(shape: list[object]) -> str:
    return " x ".join("free" if side is None else str(side) for side in shape)


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."


def _calibration_files(folder: Path, most: int) -> list[Path]:
    """Return at most so many of the folder's JPEGs, evenly chosen by name: a camera's names are its hours."""
    try:
        files = jpegs_in(folder)
    except OSError as error:
        raise ConfigError(f"--calibration {folder} cannot be read: {error.strerror}") from error
    if not files:
        raise ConfigError(f"--calibration {folder} holds no .jpg or .jpeg file")
    if len(files) <= most:
        return files
    return [files[number * len(files) // most] for number in range(most)]


def _size(text: str) -> "Size":
    from vigie.vision.preparing import Size

    match = re.fullmatch(r"(\d{1,4})(?:x(\d{1,4}))?", text)
    sides = [int(side) for side in match.groups() if side] if match else []
    if not sides or any(side % _STRIDE or not _STRIDE <= side <= _MOST_SIDE for side in sides):
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither HEIGHTxWIDTH nor a long side, multiples of {_STRIDE} up to {_MOST_SIDE}"
        )
    return Size(sides[0], sides[-1], free=len(sides) == 1)


def _camera_shape(text: str) -> "Size":
    from vigie.vision.images import fit
    from vigie.vision.preparing import Size

    match = re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is no WIDTHxHEIGHT, such as 1280x720")
    box = fit(int(match[1]), int(match[2]), into=(_LONG_SIDE, _LONG_SIDE), stride=_STRIDE)
    return Size(box.input_height, box.input_width, free=False)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of pictures")
    return int(text)


def _sha256(text: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no SHA-256: 64 hexadecimal digits")
    return text.lower()


def _warn(sentence: str) -> None:
    sys.stderr.write(f"vigie: {sentence}\n")


def _say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")
