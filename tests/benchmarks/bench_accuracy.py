"""AP of `python -m vigie detect` on COCO pictures, held against Ultralytics' own predictor on the same files.

Run it as `python tests/benchmarks/bench_accuracy.py`; it prints a table, writes build/bench/accuracy.json and
exits 1 when the square model strays from the reference (see ../shared/models/README.md).

Only the six default labels are scored: each against all pictures, so that a false alarm in a picture that
holds nothing of the label counts; a label that no picture holds would be left out of the mean (COCO's rule).
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from vigie.domain.detections import Box, Detection
from vigie.domain.reports import Timings
from vigie.steps.ports import Sighting
from vigie.vision.scoring import AveragePrecision, LabelledPictures

CHECKOUT = Path(__file__).resolve().parents[2]
SHARED = CHECKOUT.parent / "shared"
PICTURES = SHARED / "data" / "coco-val-128"
OUT = CHECKOUT / "build" / "bench" / "accuracy.json"

# AP50-95 and AP50 of the six labels by Ultralytics' predictor: first at the square, then at rectangles.
REFERENCE = {"yolov8n.onnx": (0.462, 0.602), "yolov8n-dynamic.onnx": (0.489, 0.634)}
TOLERANCE = 0.005


def main() -> int:
    """Measure both models; returns the exit status."""
    models = [SHARED / "models" / name for name in REFERENCE]
    missing = [str(path) for path in (*models, PICTURES / "instances.json") if not path.is_file()]
    if missing:
        sys.stderr.write(f"the accuracy benchmark needs {', '.join(missing)}\n")
        return 2
    results = [measure(model) for model in models]
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(table(results))
    strayed = [r for r in results if abs(r["ap50_95"] - r["reference_ap50_95"]) > TOLERANCE]
    for result in strayed:
        sys.stderr.write(f"{result['model']} is more than {TOLERANCE} from the reference\n")
    return 1 if strayed else 0


def measure(model: Path) -> dict[str, Any]:
    """Run the command over all pictures with this model and score what it prints."""
    argv = [sys.executable, "-m", "vigie", "detect", "--json", "--conf", "0.001", "--iou", "0.7"]
    begin = time.perf_counter()
    run = subprocess.run(
        [*argv, "--model", str(model), str(PICTURES / "images")], check=True, capture_output=True, text=True
    )
    elapsed_s = time.perf_counter() - begin
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    average = score(lines)
    reference = REFERENCE[model.name]
    return {
        "model": model.name,
        "pictures": len(lines),
        "ap50_95": round(average.ap50_95, 4),
        "ap50": round(average.ap50, 4),
        "reference_ap50_95": reference[0],
        "reference_ap50": reference[1],
        "ap50_95_by_label": {label: round(value, 4) for label, value in average.by_label.items()},
        "elapsed_s": round(elapsed_s, 1),
    }


def score(lines: list[dict[str, Any]]) -> AveragePrecision:
    """Score the command's JSON lines."""
    return LabelledPictures(PICTURES).score_sightings(
        {Path(line["file"]).name: sighting(line) for line in lines}
    )


def sighting(line: dict[str, Any]) -> Sighting:
    """Read one of the command's JSON lines; it does not print how long it took."""
    width, height = line["width"], line["height"]
    detections = []
    for seen in line["detections"]:
        x1, y1, x2, y2 = seen["box"]
        box = Box.from_pixels(x1, y1, x2, y2, width, height)
        detections.append(Detection(seen["label"], seen["confidence"], box))
    return Sighting(width, height, tuple(detections), Timings(0, 0, 0, 0))


def table(results: list[dict[str, Any]]) -> str:
    """Lay the results out for a terminal."""
    rows = [("model", "AP50-95", "reference", "AP50", "reference", "seconds")]
    rows += [
        (
            result["model"],
            f"{result['ap50_95']:.4f}",
            f"{result['reference_ap50_95']:.3f}",
            f"{result['ap50']:.4f}",
            f"{result['reference_ap50']:.3f}",
            f"{result['elapsed_s']:.1f}",
        )
        for result in results
    ]
    return "".join(f"{row[0]:<22}" + "".join(f"{cell:>11}" for cell in row[1:]) + "\n" for row in rows)


if __name__ == "__main__":
    sys.exit(main())
