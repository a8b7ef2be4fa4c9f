"""AP against time, over input sizes and precisions: the curve from which the prepared default is chosen.

Run it as `python tests/benchmarks/bench_precision.py`; it prints a table, writes build/bench/precision.json
and precision.png, and exits 1 when the default loses more than 0.005 to the float model on the same input.

Accuracy: the files have a free shape, so that each of COCO's pictures is shown in its own rectangle of the
given long side, as a camera's frame is in its own; `384x640` alone is a fixed shape, into which COCO's
pictures, mostly 4:3, are letterboxed. Calibration and score are crossed: the half A is scored by a file
calibrated on B, and B by one calibrated on A; then all 128 pictures are scored together. Six labels.

Time: `detect` of one 1280x720 JPEG, one thread, in CPU milliseconds of the process, all files taking turns,
medians. Only ratios mean something; they are to the float model at the square of 640, the usual way.
"""

import json
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2

from vigie.charts.style import INK, PEOPLE, VEHICLES, house_style
from vigie.steps.ports import Sighting
from vigie.vision.detector import YoloDetector
from vigie.vision.preparing import FLOAT, INT8, Job, Size, prepare
from vigie.vision.scoring import CONFIDENCE, AveragePrecision, LabelledPictures

CHECKOUT = Path(__file__).resolve().parents[2]
SHARED = CHECKOUT.parent / "shared"
OUT = CHECKOUT / "build" / "bench"
FREE, SQUARE = SHARED / "models" / "yolov8n-dynamic.onnx", SHARED / "models" / "yolov8n.onnx"
SIZES = [Size(side, side, free=True) for side in (320, 416, 512, 640)] + [Size(384, 640, free=False)]
DEFAULT = ("free, long side 640", INT8)
TOLERANCE = 0.005
ROUNDS = 25


@dataclass(frozen=True, slots=True)
class Row:
    """One file's place on the curve."""

    input: str
    precision: str
    ap50_95: float
    ap50: float
    person_ap50_95: float
    cpu_ms: float
    ratio: float


def main() -> int:
    """Measure every file; returns the exit status."""
    missing = [str(path) for path in (FREE, SQUARE, SHARED / "data" / "coco-val-128") if not path.exists()]
    if missing:
        sys.stderr.write(f"the precision benchmark needs {', '.join(missing)}\n")
        return 2
    pictures = LabelledPictures(SHARED / "data" / "coco-val-128")
    with tempfile.TemporaryDirectory() as folder:
        files = make_files(pictures, Path(folder))
        scores = {name: score(pictures, pair) for name, pair in files.items()}
        times = measure({name: pair[0] for name, pair in files.items()}, a_frame(pictures))
    usual = times["square 640", FLOAT]
    rows = [
        Row(
            input=name[0],
            precision=name[1],
            ap50_95=round(found.ap50_95, 4),
            ap50=round(found.ap50, 4),
            person_ap50_95=round(found.by_label["person"], 4),
            cpu_ms=round(times[name], 2),
            ratio=round(times[name] / usual, 3),
        )
        for name, found in scores.items()
    ]
    OUT.mkdir(parents=True, exist_ok=True)
    document = json.dumps([asdict(row) for row in rows], indent=2)
    (OUT / "precision.json").write_text(document + "\n", encoding="utf-8")
    draw(rows, OUT / "precision.png")
    sys.stdout.write(table(rows))
    lost = scores[DEFAULT[0], FLOAT].ap50_95 - scores[DEFAULT].ap50_95
    sys.stdout.write(f"the default loses {lost:.4f} of the float model's AP50-95 on the same input\n")
    return 1 if lost > TOLERANCE else 0


Name = tuple[str, str]
Pair = tuple[Path, Path]  # the files that score the one half and the other


def make_files(pictures: LabelledPictures, folder: Path) -> dict[Name, Pair]:
    """Prepare every size in both precisions; in 8 bits once for each half, calibrated on the other one."""
    halves = pictures.files[0::2], pictures.files[1::2]
    files: dict[Name, Pair] = {("square 640", FLOAT): (SQUARE, SQUARE)}
    for size in SIZES:
        for precision in (FLOAT, INT8):
            stem = folder / f"{size}-{precision}"
            if precision == FLOAT:
                files[str(size), precision] = (make(size, precision, stem, []),) * 2
            else:
                files[str(size), precision] = (
                    make(size, precision, stem.with_suffix(".a"), halves[1]),
                    make(size, precision, stem.with_suffix(".b"), halves[0]),
                )
    return files


def make(size: Size, precision: str, target: Path, calibration: list[Path]) -> Path:
    """Prepare one file, as the command does."""
    job = Job(source=FREE, target=target, size=size, precision=precision, calibration=calibration)
    prepare(job, say=lambda sentence: None)
    return target


def score(pictures: LabelledPictures, pair: Pair) -> AveragePrecision:
    """Score each half with its file, and all pictures together."""
    sightings: dict[str, Sighting] = {}
    for number, model in enumerate(pair):
        detector = YoloDetector(model=model, confidence=CONFIDENCE)
        for file in pictures.files[number::2]:
            sightings[file.name] = detector.detect(file.read_bytes())
    return pictures.score_sightings(sightings)


def a_frame(pictures: LabelledPictures) -> bytes:
    """Make a 1280x720 JPEG, such as a camera gives, of a labelled picture with people in it."""
    image = cv2.imread(str(pictures.folder / "images" / "000000000785.jpg"))
    assert image is not None
    done, content = cv2.imencode(".jpg", cv2.resize(image, (1280, 720)))
    assert done
    return content.tobytes()


def measure(models: dict[Name, Path], jpeg: bytes) -> dict[Name, float]:
    """Return the CPU milliseconds of each, all taking turns."""
    detectors = {name: YoloDetector(model=model, threads=1) for name, model in models.items()}
    taken: dict[Name, list[float]] = {name: [] for name in models}
    for turn in range(ROUNDS + 2):
        for name, detector in detectors.items():
            begin = time.process_time()
            detector.detect(jpeg)
            if turn >= 2:  # the first ones find cold caches
                taken[name].append((time.process_time() - begin) * 1000)
    return {name: statistics.median(values) for name, values in taken.items()}


def draw(rows: list[Row], path: Path) -> None:
    """Draw the curve."""
    from matplotlib.figure import Figure

    with house_style():
        figure = Figure(figsize=(6.4, 3.8), layout="constrained")
        axes = figure.subplots()
        for precision, colour in ((FLOAT, PEOPLE), (INT8, VEHICLES)):
            points = [row for row in rows if row.precision == precision and row.input.startswith("free")]
            axes.plot(
                [row.ratio for row in points],
                [row.ap50_95 for row in points],
                marker="o",
                color=colour,
                label={FLOAT: "32-bit floats", INT8: "8 bits"}[precision],
            )
            for row in points:
                axes.annotate(
                    row.input.split()[-1],
                    (row.ratio, row.ap50_95),
                    xytext=(6, -10) if precision == FLOAT else (-22, 5),
                    textcoords="offset points",
                )
        (usual,) = (row for row in rows if row.input == "square 640")
        axes.plot(
            usual.ratio, usual.ap50_95, marker="s", linestyle="", color=INK, label="float, 640x640 square"
        )
        axes.set_xlim(left=0)
        axes.margins(y=0.1)
        axes.set_xlabel("time of one 1280x720 JPEG, as a part of the float model's at 640x640")
        axes.set_ylabel("AP50-95, six labels")
        axes.set_title("Long side of the input, in each precision", loc="left")
        axes.legend(loc="lower right")
        figure.savefig(path)


def table(rows: list[Row]) -> str:
    """Lay the results out for a terminal."""
    cells = [("input", "precision", "AP50-95", "AP50", "person", "CPU ms", "ratio")]
    cells += [
        (
            row.input,
            row.precision,
            f"{row.ap50_95:.4f}",
            f"{row.ap50:.4f}",
            f"{row.person_ap50_95:.4f}",
            f"{row.cpu_ms:.1f}",
            f"{row.ratio:.3f}",
        )
        for row in rows
    ]
    return "".join(
        f"{row[0]:<22}{row[1]:<10}" + "".join(f"{cell:>9}" for cell in row[2:]) + "\n" for row in cells
    )


if __name__ == "__main__":
    sys.exit(main())
