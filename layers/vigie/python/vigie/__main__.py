"""The operator's commands, `python -m vigie ...`: one function each; imports inside keep `--help` quick."""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from vigie.commands import faces
from vigie.domain.detections import DEFAULT_LABELS, Detection
from vigie.errors import PictureError, VigieError
from vigie.steps.ports import Sighting

_SUFFIXES = frozenset({".jpg", ".jpeg"})
_CHECKOUT = (
    Path(__file__).resolve().parents[4]
)  # of the editable install; a wheel has none, and uses the folder


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. The exit status: 0, 1 when some inputs failed, 2 when the command could not run."""
    arguments = _parser().parse_args(argv)
    try:
        status: int = arguments.command(arguments)
    except VigieError as error:
        sys.stderr.write(f"vigie: {error}\n")
        return 2
    except BrokenPipeError:
        # The reader, such as `head`, has had enough; the interpreter must not fail on its last flush either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


def detect(arguments: argparse.Namespace) -> int:
    """Print what the detector sees in picture files."""
    from vigie.vision.detector import YoloDetector
    from vigie.vision.models import find_model

    checkout = _CHECKOUT if (_CHECKOUT / "pyproject.toml").is_file() else Path.cwd()
    detector = YoloDetector(
        model=arguments.model or find_model(environ=os.environ, checkout=checkout),
        labels=arguments.labels,
        confidence=arguments.conf,
        iou=arguments.iou,
    )
    write = _as_json if arguments.json else _as_text
    status = 0
    for file in _pictures(arguments.files):
        try:
            sighting = detector.detect(_read(file))
        except PictureError as error:
            sys.stderr.write(f"vigie: {file}: {error}\n")
            status = 1
        else:
            sys.stdout.write(write(file, sighting) + "\n")
    return status


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except IsADirectoryError as error:
        raise PictureError("a folder without JPEGs") from error
    except OSError as error:
        raise PictureError(f"cannot be read: {error.strerror}") from error


def _pictures(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield files as given, and folders as the JPEGs in them, by name."""
    for path in paths:
        if path.is_dir():
            inside = sorted(file for file in path.iterdir() if file.suffix.lower() in _SUFFIXES)
            # A folder without any stays in the list, to be named among what cannot be read.
            yield from inside or [path]
        else:
            yield path


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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vigie", description="Cameras watched without running servers.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("detect", help="print what the detector sees in picture files")
    command.set_defaults(command=detect)
    command.add_argument("files", nargs="+", type=Path, metavar="FILE", help="JPEG files, or folders of them")
    command.add_argument(
        "--model", type=Path, help="ONNX file; default: VIGIE_MODEL, models/, ../shared/models/"
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

    faces.register(commands)
    return parser


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


if __name__ == "__main__":
    sys.exit(main())
