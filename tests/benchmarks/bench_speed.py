"""JPEG bytes to final detections: ours against Ultralytics' ONNX predictor, and what our own time goes to.

Run it as `python tests/benchmarks/bench_speed.py [--prepared FILE] [--rounds N]`; it prints a table and
writes build/bench/speed.json. The first run makes build/bench/ultralytics-venv, with Ultralytics and torch.

All contenders take turns picture by picture in one process with one thread, so that a noisy machine is noisy
for all of them: only ratios count. A ratio is the median over pairs: the same picture in the same turn.
Says which targets are missed: the float model 1.8 times as fast, the prepared one 5 times, at most 8 %
outside the session at 1280x720, memory within 5 % after 1,000 frames of that after 50.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

CHECKOUT = Path(__file__).resolve().parents[2]
SHARED = CHECKOUT.parent / "shared"
OUT = CHECKOUT / "build" / "bench"
VENV = OUT / "ultralytics-venv"
REQUIREMENTS = CHECKOUT / "requirements" / "bench.txt"
SQUARE = SHARED / "models" / "yolov8n.onnx"
FLOAT = SHARED / "models" / "yolov8n-dynamic.onnx"
PREPARED = OUT / "yolov8n-prepared.onnx"
CALIBRATION = SHARED / "data" / "coco-val-128" / "images"
CLIPS = SHARED / "data" / "video"

SIZES = ((640, 360), (1280, 720))
CLASSES = [0, 1, 2, 3, 5, 7]  # our six labels
QUALITY = 85  # about what ffmpeg's -q:v 4 gives
FRAMES = 12
EARLY, LATE = 50, 1000
MEMORY = {"early_mb": EARLY, "late_mb": LATE}
REFERENCE = "ultralytics"
LEAST_RATIO = {"float": 1.8, "prepared": 5.0}
MOST_OUTSIDE = 0.08
MOST_GROWTH = 0.05


def main() -> int:
    """Make the environment, run both measurements in processes of their own; returns the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--prepared", type=Path, default=PREPARED)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--inside", choices=("speed", "memory"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    missing = [str(path) for path in (SQUARE, FLOAT, CLIPS) if not path.exists()]
    if missing:
        sys.stderr.write(f"the speed benchmark needs {', '.join(missing)}\n")
        return 2
    models = {"float": FLOAT}
    if not arguments.prepared.is_file() and not arguments.inside:
        prepare(arguments.prepared)
    if arguments.prepared.is_file():
        models["prepared"] = arguments.prepared
    if arguments.inside:
        cv2.setNumThreads(1)
        said = speed(models, rounds=arguments.rounds) if arguments.inside == "speed" else memory(models)
        sys.stdout.write(json.dumps(said) + "\n")
        return 0
    try:
        reference = environment()
    except subprocess.CalledProcessError as error:
        sys.stderr.write(f"the speed benchmark could not install Ultralytics: {' '.join(error.cmd)} failed\n")
        return 2
    result: dict[str, Any] = {
        "speed": run_inside("speed", python=reference, arguments=arguments),
        "memory": run_inside("memory", python=Path(sys.executable), arguments=arguments),
    }
    result["missed"] = missed(result)
    (OUT / "speed.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(table(result))
    if "prepared" not in models:
        sys.stderr.write(f"no prepared model at {arguments.prepared}: only the float one was measured\n")
    sys.stderr.write("".join(f"missed: {sentence}\n" for sentence in result["missed"]))
    # A figure that is missed is said, and explained in docs/decisions; only a bench that cannot run fails.
    return 0


def prepare(target: Path) -> None:
    """Write the prepared default, as an operator does; what goes wrong stands on stderr."""
    command = [sys.executable, "-m", "vigie", "model", "prepare", "--model", str(FLOAT)]
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([*command, "--calibration", str(CALIBRATION), "--output", str(target)])


def environment() -> Path:
    """Return the Python that has Ultralytics, made on the first run."""
    python, mark = VENV / "bin" / "python", VENV / ".ready"
    pins = REQUIREMENTS.read_text(encoding="utf-8")
    if mark.is_file() and mark.read_text(encoding="utf-8") == pins:
        return python
    sys.stderr.write(f"Installing Ultralytics and torch into {VENV}, once; this takes minutes.\n")
    subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    torch = next(line for line in pins.splitlines() if line.startswith("torch=="))
    install = [str(python), "-m", "pip", "install", "--quiet"]
    # torch brings what it needs, which differs from build to build; the rest is pinned to the last package.
    subprocess.run([*install, torch], check=True)
    subprocess.run([*install, "--no-deps", "--requirement", str(REQUIREMENTS)], check=True)
    mark.write_text(pins, encoding="utf-8")
    return python


def run_inside(what: str, *, python: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Run one measurement in a process of its own, with our package from the checkout."""
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    paths = os.pathsep.join((str(CHECKOUT / "layers" / "vigie" / "python"), str(CHECKOUT)))
    command = [str(python), __file__, "--inside", what, "--rounds", str(arguments.rounds)]
    run = subprocess.run(
        [*command, "--prepared", str(arguments.prepared)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        cwd=OUT,
        env={**os.environ, **one_thread, "PYTHONPATH": paths, "ORT_DISABLE_TELEMETRY": "1"},
    )
    said: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return said


def frames(width: int, height: int) -> list[bytes]:
    """Take pictures from the sample clips, brought to one size."""
    clips = sorted(CLIPS.glob("*.mp4"))
    found = []
    for number in range(FRAMES):
        clip = cv2.VideoCapture(str(clips[number % len(clips)]))
        clip.set(cv2.CAP_PROP_POS_FRAMES, 10 + 12 * (number // len(clips)))
        read, image = clip.read()
        clip.release()
        assert read
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_CUBIC)
        done, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        assert done
        found.append(jpeg.tobytes())
    return found


def speed(models: dict[str, Path], *, rounds: int) -> dict[str, Any]:
    """Let all contenders take turns, at both sizes."""
    from tests.benchmarks import reference
    from vigie.vision.detector import YoloDetector

    predict, nms = reference.predictor(SQUARE, classes=CLASSES, settings=OUT / "ultralytics-settings")
    ours = {name: YoloDetector(model=model).detect for name, model in models.items()}
    contenders = {REFERENCE: predict, **ours}
    order = list(contenders)
    sizes = {}
    for width, height in SIZES:
        jpegs = frames(width, height)
        for look in contenders.values():
            look(jpegs[0])
        wall: dict[str, list[float]] = {name: [] for name in order}
        own: dict[str, list[float]] = {name: [] for name in order}
        stages: dict[str, list[list[float]]] = {name: [] for name in order}
        for turn in range(rounds):
            for jpeg in jpegs:
                for name in order[turn % len(order) :] + order[: turn % len(order)]:
                    begin, cpu = time.perf_counter(), time.process_time()
                    seen = contenders[name](jpeg)
                    own[name].append((time.process_time() - cpu) * 1000)
                    wall[name].append((time.perf_counter() - begin) * 1000)
                    stages[name].append(stages_of(seen, wall[name][-1]))
        sizes[f"{width}x{height}"] = {
            "jpeg_bytes": round(float(np.mean([len(jpeg) for jpeg in jpegs]))),
            "pictures": len(jpegs),
            "contenders": {name: figures(name, wall, own, stages[name]) for name in order},
        }
    return {"reference_nms": nms, "models": {k: v.name for k, v in models.items()}, "sizes": sizes}


def stages_of(seen: Any, elapsed_ms: float) -> list[float]:
    """Return decode, prepare, infer, select in milliseconds, as each contender says of itself."""
    if hasattr(seen, "timings"):
        said = seen.timings
        return [said.decode_ms, said.prepare_ms, said.infer_ms, said.select_ms]
    said = seen.speed
    decode = elapsed_ms - sum(said.values())  # and the predictor's own frame around its stages
    return [decode, said["preprocess"], said["inference"], said["postprocess"]]


def figures(
    name: str, wall: dict[str, list[float]], own: dict[str, list[float]], stages: list[list[float]]
) -> dict[str, Any]:
    """Sum one contender up; `outside` is the share of the whole that is not the session's."""
    took, infer = np.array(wall[name]), np.array(stages)[:, 2]
    return {
        "median_ms": round(float(np.median(took)), 2),
        "ratio": round(float(np.median(np.array(wall[REFERENCE]) / took)), 2),
        "ratio_of_medians": round(float(np.median(wall[REFERENCE]) / np.median(took)), 2),
        "ratio_of_cpu_time": round(float(np.median(np.array(own[REFERENCE]) / np.array(own[name]))), 2),
        "cpu_to_wall": round(float(np.sum(own[name]) / took.sum()), 2),
        "outside": round(float(np.median((took - infer) / took)), 4),
        "stages_ms": dict(
            zip(
                ("decode", "prepare", "infer", "select"),
                np.median(np.array(stages), axis=0).round(2).tolist(),
                strict=True,
            )
        ),
    }


def memory(models: dict[str, Path]) -> dict[str, Any]:
    """Look at 1,000 frames of both sizes; megabytes after 50 and after all."""
    from vigie.vision.detector import YoloDetector

    detector = YoloDetector(model=models.get("prepared", models["float"]))
    jpegs = [jpeg for pair in zip(*(frames(*size) for size in SIZES), strict=True) for jpeg in pair]
    early = 0.0
    for number in range(LATE):
        detector.detect(jpegs[number % len(jpegs)])
        if number + 1 == EARLY:
            early = resident_mb()
    late = resident_mb()
    return {"early_mb": round(early, 1), "late_mb": round(late, 1), "growth": round(late / early - 1, 4)}


def resident_mb() -> float:
    """Return what of this process lies in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_000_000


def missed(result: dict[str, Any]) -> list[str]:
    """Say which targets were missed."""
    sentences = []
    for size, said in result["speed"]["sizes"].items():
        for name, least in LEAST_RATIO.items():
            if name in said["contenders"] and said["contenders"][name]["ratio"] < least:
                sentences.append(f"{name} at {size} is {said['contenders'][name]['ratio']}x, not {least}x")
    for name, said in result["speed"]["sizes"]["1280x720"]["contenders"].items():
        if name in LEAST_RATIO and said["outside"] > MOST_OUTSIDE:
            sentences.append(f"{said['outside']:.1%} of {name}'s time is outside the session at 1280x720")
    if result["memory"]["growth"] > MOST_GROWTH:
        sentences.append(f"memory grew by {result['memory']['growth']:.1%}")
    return sentences


def table(result: dict[str, Any]) -> str:
    """Lay the result out for a terminal."""
    head = ("picture", "who", "ms", "ratio", "cpu", "outside", "decode", "prepare", "infer", "select")
    rows = [head]
    for size, said in result["speed"]["sizes"].items():
        for name, one in said["contenders"].items():
            stages = [f"{value:.2f}" for value in one["stages_ms"].values()]
            times = (f"{one['median_ms']:.1f}", f"{one['ratio']:.2f}x", f"{one['ratio_of_cpu_time']:.2f}x")
            rows.append((size, name, *times, f"{one['outside']:.1%}", *stages))
    memory_mb = result["memory"]
    lines = [f"{row[0]:<10}{row[1]:<13}" + "".join(f"{cell:>9}" for cell in row[2:]) for row in rows]
    lines.append(f"the reference's NMS: {result['speed']['reference_nms']}")
    early, late = (f"{memory_mb[key]:.0f} MB after {count}" for key, count in MEMORY.items())
    lines.append(f"memory: {early} frames, {late}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
