"""`python -m vigie detect`: what the detector sees in picture files."""

import argparse
import json
import os
import sys
from pathlib import Path

from vigie.commands.inputs import checkout, pictures, read_picture
from vigie.domain.detections import DEFAULT_LABELS, Detection
from vigie.errors import PictureError
from vigie.steps.ports import Sighting


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Put the command into the parser."""
    command = commands.add_parser("detect", help="print what the detector sees in picture files")
    command.set_defaults(command=detect)
    command.add_argument("files", nargs="+", type=Path, metavar="FILE", help="JPEG files, or folders of them")
    command.add_argument(
        "--model",
        type=Path,
        help="ONNX file; default: VIGIE_MODEL, models/, ../shared/models/, in a folder yolov8n-prepared.onnx "
        "before yolov8n-dynamic.onnx and yolov8n.onnx, else the official download",
    )
    command.add_argument(
        "--conf", type=_fraction, default=0.25, help="least confidence, 0 to 1 (%(default)s)"
    )
    command.add_argument(
        "--iou",
        type=_fraction,
        default=0.7,
        help="overlap above which the weaker of two boxes goes (%(default)s)",
    )
    command.add_argument(
        "--labels",
        type=_names,
        default=DEFAULT_LABELS,
        help=f"with commas; default: {','.join(DEFAULT_LABELS)}",
    )
    command.add_argument("--json", action="store_true", help="a JSON object a line, boxes in pixels")


def detect(arguments: argparse.Namespace) -> int:
    """Print what the detector sees in picture files."""
    from vigie.vision.detector import YoloDetector
    from vigie.vision.models import find_model

    detector = YoloDetector(
        model=arguments.model or find_model(environ=os.environ, checkout=checkout()),
        labels=arguments.labels,
        confidence=arguments.conf,
        iou=arguments.iou,
    )
    write = _as_json if arguments.json else _as_text
    status = 0
    for file in pictures(arguments.files):
        try:
            sighting = detector.detect(read_picture(file))
        except PictureError as error:
            sys.stderr.write(f"vigie: {file}: {error}\n")
            status = 1
        else:
            sys.stdout.write(write(file, sighting) + "\n")
    return status


def _as_json(file: Path, sighting: Sighting) -> str:
    document = {
        "file": str(file),
        "width": sighting.width,
        "height": sighting.height,
        "detections": [
            {"label": seen.label, "confidence": seen.confidence, "box": _pixels(seen, sighting)}
            for seen in sighting.detections
        ],
    }
    return json.dumps(document, ensure_ascii=False)


def _as_text(file: Path, sighting: Sighting) -> str:
    lines = [f"{file}: {sighting.width}x{sighting.height}, {len(sighting.detections)} detected"]
    for seen in sighting.detections:
        x1, y1, x2, y2 = (round(pixel) for pixel in _pixels(seen, sighting))
        lines.append(f"  {seen.label:<12} {seen.confidence:.2f}  ({x1}, {y1}) to ({x2}, {y2})")
    return "\n".join(lines)


def _pixels(seen: Detection, sighting: Sighting) -> list[float]:
    """x1, y1, x2, y2, to a hundredth of a pixel."""
    return [round(pixel, 2) for pixel in seen.box.in_pixels(sighting.width, sighting.height)]


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


def _fraction(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to 1")
    return value
