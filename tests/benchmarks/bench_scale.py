"""What decoding at a reduced scale does to AP: COCO's pictures enlarged, decoded whole and as we do it.

Run it as `python tests/benchmarks/bench_scale.py`; it prints a table, writes build/bench/scale.json and exits
1 when reduced decoding loses more than 0.002. COCO's own pictures are no larger than the input, so that they
are enlarged and encoded anew first; both ways of decoding get the same bytes.
"""

import json
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

import cv2
from PIL.Image import Image

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from tests.benchmarks.bench_accuracy import PICTURES, SHARED, score  # noqa: E402
from vigie.vision import detector as module  # noqa: E402
from vigie.vision.detector import YoloDetector  # noqa: E402
from vigie.vision.headers import JpegHeader  # noqa: E402
from vigie.vision.images import decode_pixels  # noqa: E402

MODEL = SHARED / "models" / "yolov8n-dynamic.onnx"
OUT = CHECKOUT / "build" / "bench" / "scale.json"
FACTORS = (2, 3, 4, 5)
QUALITY = 90
MOST_LOST = 0.002


def main() -> int:
    """Measure all factors; returns the exit status."""
    missing = [str(path) for path in (MODEL, PICTURES / "instances.json") if not path.is_file()]
    if missing:
        sys.stderr.write(f"the benchmark of reduced decoding needs {', '.join(missing)}\n")
        return 2
    results = [measure(factor) for factor in FACTORS]
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(f"{'enlarged':<10}{'whole AP50-95':>16}{'AP50':>9}{'reduced AP50-95':>18}{'AP50':>9}\n")
    for one in results:
        whole, reduced = one["whole"], one["reduced"]
        sys.stdout.write(
            f"{one['factor']:<10}{whole[0]:>16.4f}{whole[1]:>9.4f}{reduced[0]:>18.4f}{reduced[1]:>9.4f}\n"
        )
    return 1 if any(one["whole"][0] - one["reduced"][0] > MOST_LOST for one in results) else 0


def measure(factor: int) -> dict[str, Any]:
    """Score both ways on the same enlarged pictures."""
    detector = YoloDetector(model=MODEL, confidence=0.001)
    reduced, whole = [], []
    for file in sorted((PICTURES / "images").glob("*.jpg")):
        image = cv2.imread(str(file))
        assert image is not None
        height, width = image.shape[:2]
        large = cv2.resize(image, (width * factor, height * factor), interpolation=cv2.INTER_CUBIC)
        done, jpeg = cv2.imencode(".jpg", large, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        assert done
        reduced.append(line(detector, jpeg.tobytes(), file, factor))
        with patch.object(module, "decode_pixels", decode_whole):
            whole.append(line(detector, jpeg.tobytes(), file, factor))
    ap_reduced, ap_whole = score(reduced)[:2], score(whole)[:2]
    return {"factor": factor, "whole": ap_whole, "reduced": ap_reduced}


def decode_whole(jpeg: bytes, header: JpegHeader, *, least: tuple[int, int]) -> Image:
    """Decode every pixel."""
    assert least
    return decode_pixels(jpeg, header)


def line(detector: YoloDetector, jpeg: bytes, file: Path, factor: int) -> dict[str, Any]:
    """Say what is seen, as `vigie detect --json` does, in pixels of the picture before it was enlarged."""
    seen = detector.detect(jpeg)
    size = seen.width / factor, seen.height / factor
    boxes = [
        (one, [one.box.x1 * size[0], one.box.y1 * size[1], one.box.x2 * size[0], one.box.y2 * size[1]])
        for one in seen.detections
    ]
    found = [{"label": one.label, "confidence": one.confidence, "box": box} for one, box in boxes]
    return {"file": str(file), "width": round(size[0]), "height": round(size[1]), "detections": found}


if __name__ == "__main__":
    sys.exit(main())
