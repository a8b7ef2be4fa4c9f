"""`python -m infra.local.record`: make the recorded answers anew, of the sample clips in ../shared.

Our own detector looks at two pictures a second of each clip, and what it sees is written as DetectLabels
would answer. Since a comparison of an engine with itself shows nothing, the answers differ from it, always
in the same way: boxes are moved by up to 3 % of their size; a thing of which the detector is less sure than
60 % is missed half the time, any other one time in twenty; one vehicle in six goes by another name; one
answer in forty has a person where there is none. Confidences lie closer to 100, as the service's do.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.local.footage import CHECKOUT, sample_footage
from infra.local.recorded import ANSWERS, Signature, signature_of, write_answers
from vigie.domain.comparison import LABELS_THERE
from vigie.domain.detections import PERSON, Detection
from vigie.vision.detector import YoloDetector
from vigie.vision.models import find_model

_FPS = 2
_ALIASES = {"Person": "Human", "Car": "Automobile", "Bicycle": "Bike", "Motorcycle": "Motorbike"}
_CATEGORIES = {"Person": "Person Description"}
_VEHICLES = "Vehicles and Automotive"
_SHIFT, _DOUBTED, _MISSED, _RENAMED, _INVENTED = 0.03, 0.6, 0.05, 1 / 6, 1 / 40
_NAMES = {label: name for name, label in LABELS_THERE.items()}
_OTHER_NAME = {
    "Car": "Truck",
    "Truck": "Car",
    "Bus": "Truck",
    "Bicycle": "Motorcycle",
    "Motorcycle": "Bicycle",
}


def main() -> int:
    """Write the file, and say how many answers it holds."""
    count = write_answers(ANSWERS, _answers())
    sys.stdout.write(f"{count} answers in {ANSWERS}, {ANSWERS.stat().st_size:,} bytes\n")
    return 0


def _answers() -> Iterator[tuple[Signature, dict[str, Any]]]:
    detector = YoloDetector(model=find_model(environ=os.environ, checkout=CHECKOUT), confidence=0.25)
    footage = sample_footage(CHECKOUT.parent / "shared", CHECKOUT / "build" / "footage")
    for camera_id, clip in footage.sources.items():
        with tempfile.TemporaryDirectory() as folder:
            for number, file in enumerate(_pictures(Path(clip), Path(folder))):
                jpeg = file.read_bytes()
                seen = detector.detect(jpeg).detections
                yield signature_of(jpeg), answer_of(seen, f"{camera_id}-{number}")


def _pictures(clip: Path, folder: Path) -> list[Path]:
    import imageio_ffmpeg

    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-loglevel", "error", "-i", str(clip)]
    command += ["-vf", f"fps={_FPS}:round=up", "-q:v", "4", str(folder / "%06d.jpg")]
    subprocess.run(command, check=True)
    return sorted(folder.glob("*.jpg"))


def answer_of(seen: tuple[Detection, ...], picture: str) -> dict[str, Any]:
    """Write what was seen as DetectLabels answers, with the differences that this module names."""
    instances: dict[str, list[dict[str, Any]]] = {}
    for number, detection in enumerate(seen):
        lots = _lots(f"{picture}-{number}")
        missed = 0.5 if detection.confidence < _DOUBTED else _MISSED
        if next(lots) < missed:
            continue
        name = _NAMES[detection.label]
        if next(lots) < _RENAMED and detection.label != PERSON:
            name = _OTHER_NAME[name]
        instances.setdefault(name, []).append(_instance(detection, lots))
    lots = _lots(picture)
    if next(lots) < _INVENTED:
        left, top = 0.8 * next(lots), 0.6 * next(lots)
        box = {"Width": 0.06, "Height": 0.3, "Left": left, "Top": top}
        instances.setdefault(_NAMES[PERSON], []).append({"BoundingBox": box, "Confidence": 58.0})
    labels = [
        {
            "Name": name,
            "Confidence": max(instance["Confidence"] for instance in found),
            "Instances": found,
            "Parents": [] if name == "Person" else [{"Name": "Transportation"}, {"Name": "Vehicle"}],
            "Aliases": [{"Name": _ALIASES[name]}] if name in _ALIASES else [],
            "Categories": [{"Name": _CATEGORIES.get(name, _VEHICLES)}],
        }
        for name, found in instances.items()
    ]
    return {"Labels": sorted(labels, key=lambda label: -float(str(label["Confidence"])))}


def _instance(detection: Detection, lots: Iterator[float]) -> dict[str, Any]:
    box = detection.box
    wide, high = box.x2 - box.x1, box.y2 - box.y1
    return {
        "BoundingBox": {
            "Width": round(wide * (1 + _SHIFT * (2 * next(lots) - 1)), 6),
            "Height": round(high * (1 + _SHIFT * (2 * next(lots) - 1)), 6),
            "Left": round(box.x1 + wide * _SHIFT * (2 * next(lots) - 1), 6),
            "Top": round(box.y1 + high * _SHIFT * (2 * next(lots) - 1), 6),
        },
        "Confidence": round(100 * (1 - (1 - detection.confidence) * 0.6), 4),
    }


def _lots(text: str) -> Iterator[float]:
    """Yield numbers from 0 to 1, for ever the same for a text."""
    number = 0
    while True:
        digest = hashlib.blake2s(f"{text}/{number}".encode(), digest_size=8).digest()
        yield int.from_bytes(digest) / 2**64
        number += 1


if __name__ == "__main__":
    raise SystemExit(main())
