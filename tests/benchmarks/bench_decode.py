"""JPEG bytes to the model's input: by Pillow, as Vigie does it, against OpenCV, as it did; what each costs.

Run it as `python tests/benchmarks/bench_decode.py [--rounds N]`; it prints tables and writes
build/bench/decode.json. Both take turns picture by picture in one process with one thread, so that a noisy
machine is noisy for both: only ratios count, and each is the median over pairs. Imports run in fresh
processes, in turns too, with the files in the machine's cache. All times are the processor's, since others
use the machine; sizes are those of the installed packages.

OpenCV's way is restated here: decoded at a half, a quarter or an eighth where that left at most 1.1 or at
least 2 to scale by, then scaled by INTER_LINEAR, split into planes and made floats.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import files
from pathlib import Path
from typing import Any

import cv2
import numpy as np

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from vigie.vision.headers import read_header  # noqa: E402
from vigie.vision.images import Canvas, Letterbox, Tensor, decode_pixels, fit  # noqa: E402

SHARED = CHECKOUT.parent / "shared"
CLIPS = SHARED / "data" / "video"
MODEL = SHARED / "models" / "yolov8n-dynamic.onnx"
OUT = CHECKOUT / "build" / "bench" / "decode.json"

SIZES = ((640, 360), (768, 432), (1280, 720), (1920, 1080), (2560, 1440), (4000, 3000))
INTO, STRIDE = (640, 640), 32
QUALITY = 85  # about what ffmpeg's -q:v 4 gives
STARTS = 7
IMPORTS = {
    "opencv": "import cv2",
    "pillow": "import PIL.Image, PIL.JpegImagePlugin",
    "pillow, to draw with": "import PIL.Image, PIL.JpegImagePlugin, PIL.ImageDraw, PIL.ImageFont",
}
SESSION = (
    "from pathlib import Path; from vigie.vision.detector import YoloDetector; "
    f"YoloDetector(model=Path({str(MODEL)!r}))"
)
PACKAGES = ("opencv-python-headless", "pillow")


def main() -> int:
    """Measure and print; returns the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=10)
    arguments = parser.parse_args()
    missing = [str(path) for path in (CLIPS, MODEL) if not path.exists()]
    if missing:
        sys.stderr.write(f"the benchmark of decoding needs {', '.join(missing)}\n")
        return 2
    cv2.setNumThreads(1)
    result = {
        "sizes": {f"{width}x{height}": measure(width, height, arguments.rounds) for width, height in SIZES},
        "import_ms": starts(),
        "installed_mb": {name: installed_mb(name) for name in PACKAGES},
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(table(result))
    return 0


def frames(width: int, height: int) -> list[bytes]:
    """Take a picture of each clip, brought to one size."""
    found = []
    for file in sorted(CLIPS.glob("*.mp4")):
        clip = cv2.VideoCapture(str(file))
        clip.set(cv2.CAP_PROP_POS_FRAMES, 20)
        read, image = clip.read()
        clip.release()
        assert read
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_CUBIC)
        done, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        assert done
        found.append(jpeg.tobytes())
    return found


class ByOpenCv:
    """What Vigie's vision did with a frame before it left OpenCV."""

    def __init__(self, box: Letterbox) -> None:
        size = box.inner_height, box.inner_width
        tensor = np.full((1, 3, box.input_height, box.input_width), 114 / 255, np.float32)
        inside = tensor[0, :, box.top : box.top + size[0], box.left : box.left + size[1]]
        self._box, self._tensor, self._targets = box, tensor, inside[::-1]
        self._planes = [np.empty(size, np.uint8) for _ in range(3)]
        reduced = {
            8: cv2.IMREAD_REDUCED_COLOR_8,
            4: cv2.IMREAD_REDUCED_COLOR_4,
            2: cv2.IMREAD_REDUCED_COLOR_2,
        }
        rests = {
            d: min(box.width / (box.inner_width * d), box.height / (box.inner_height * d)) for d in reduced
        }
        fitting = (flags for d, flags in reduced.items() if 1 <= rests[d] <= 1.1 or rests[d] >= 2)
        self._flags = next(fitting, cv2.IMREAD_COLOR) | cv2.IMREAD_IGNORE_ORIENTATION

    def decode(self, jpeg: bytes) -> Any:
        """Bytes to pixels."""
        read_header(jpeg)
        return cv2.imdecode(np.frombuffer(jpeg, np.uint8), self._flags)

    def fill(self, image: Any) -> Tensor:
        """Pixels to the input."""
        size = self._box.inner_width, self._box.inner_height
        if (image.shape[1], image.shape[0]) != size:
            image = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
        for plane, target in zip(cv2.split(image, self._planes), self._targets, strict=True):
            np.multiply(plane, np.float32(1 / 255), out=target)
        return self._tensor


def measure(width: int, height: int, rounds: int) -> dict[str, Any]:
    """Let both take turns over pictures of one size; milliseconds, and OpenCV's time to Pillow's."""
    box = fit(width, height, into=INTO, stride=STRIDE)
    least = box.inner_width, box.inner_height
    old, canvas = ByOpenCv(box), Canvas(box)
    ways: dict[str, tuple[Callable[[bytes], Any], Callable[[Any], Tensor]]] = {
        "opencv": (old.decode, old.fill),
        "pillow": (lambda jpeg: decode_pixels(jpeg, read_header(jpeg), least=least), canvas.fill),
    }
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    jpegs = frames(width, height)
    for turn in range(rounds + 1):
        for jpeg in jpegs:
            for name in sorted(ways, reverse=bool(turn % 2)):
                decode, fill = ways[name]
                begin = time.process_time()
                image = decode(jpeg)
                decoded = time.process_time()
                fill(image)
                times[name].append(((decoded - begin) * 1000, (time.process_time() - decoded) * 1000))
    medians = {}
    for name, taken in times.items():
        pairs = taken[len(jpegs) :]  # the first turn warms up
        medians[name] = {
            "decode_ms": round(statistics.median(decode for decode, _ in pairs), 2),
            "prepare_ms": round(statistics.median(fill for _, fill in pairs), 2),
            "both_ms": round(statistics.median(map(sum, pairs)), 2),
        }
    turns = zip(times["opencv"], times["pillow"], strict=True)
    ratio = round(statistics.median(sum(one) / sum(other) for one, other in turns), 2)
    return {**medians, "ratio": ratio, "jpeg_bytes": round(statistics.mean(map(len, jpegs)))}


def starts() -> dict[str, float]:
    """Time imports, and a detector from nothing to ready, in fresh processes; medians in milliseconds."""
    codes = {**IMPORTS, "detector, ready": SESSION}
    took: dict[str, list[float]] = {name: [] for name in codes}
    for _ in range(STARTS):
        for name, code in codes.items():
            timed = (
                "import time, numpy; t = time.process_time(); "  # numpy is there in any case
                f"{code}; print((time.process_time() - t) * 1000)"
            )
            run = subprocess.run(
                [sys.executable, "-c", timed], check=True, capture_output=True, text=True, cwd=CHECKOUT
            )
            took[name].append(float(run.stdout))
    return {name: round(statistics.median(times), 1) for name, times in took.items()}


def installed_mb(package: str) -> float:
    """Add up the files of a package, without its bytecode."""
    paths = [Path(str(file.locate())) for file in files(package) or () if file.suffix != ".pyc"]
    return round(sum(path.stat().st_size for path in paths if path.is_file()) / 1e6, 1)


def table(result: dict[str, Any]) -> str:
    """Lay the result out for a terminal."""
    lines = [f"{'picture':<12}{'OpenCV':>22}{'Pillow':>22}{'OpenCV to Pillow':>18}   (decode + prepare = ms)"]
    for size, one in result["sizes"].items():
        cells = [
            f"{ms['decode_ms']:.2f} + {ms['prepare_ms']:.2f} = {ms['both_ms']:.2f}"
            for ms in (one["opencv"], one["pillow"])
        ]
        lines.append(f"{size:<12}{cells[0]:>22}{cells[1]:>22}{one['ratio']:>17.2f}x")
    lines += [f"import {name}: {ms:.1f} ms" for name, ms in result["import_ms"].items()]
    lines += [f"{name}: {mb:.1f} MB installed" for name, mb in result["installed_mb"].items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
