"""20,000 mutated JPEGs through the whole detector: no crash, no hang, each a sighting or a refusal.

Run it as `python tests/benchmarks/bench_fuzz.py [--pictures N] [--seed S]`; it prints a table, writes
build/bench/fuzz.json and exits 1 when anything else came out. The pictures go through in processes of their
own, a thousand each, so that a segmentation fault is seen. Each thousand has a seed, printed as it begins:
`--seed S` starts there again. The picture under way lies in build/bench/fuzz-picture.jpg.

The model is the real one, shown pictures of 64 pixels' length: what is tried is everything around it.
"""

import argparse
import json
import re
import resource
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from tests.mutations import mutated_jpegs  # noqa: E402
from vigie.errors import PictureError  # noqa: E402
from vigie.vision.detector import YoloDetector  # noqa: E402

MODEL = CHECKOUT.parent / "shared" / "models" / "yolov8n-dynamic.onnx"
OUT = CHECKOUT / "build" / "bench"
PICTURE = OUT / "fuzz-picture.jpg"

BATCH = 1000
LONGEST_S = 1.0  # of the thread's own time: this machine is shared
HANG_S = 900  # of a whole thousand


def main() -> int:
    """Run all batches; returns the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not MODEL.is_file():
        sys.stderr.write(f"the fuzzing benchmark needs {MODEL}\n")
        return 2
    OUT.mkdir(parents=True, exist_ok=True)
    if arguments.worker:
        sys.stdout.write(json.dumps(work(seed=arguments.seed, pictures=arguments.pictures)) + "\n")
        return 0
    return supervise(seed=arguments.seed, pictures=arguments.pictures)


def supervise(*, seed: int, pictures: int) -> int:
    """Start a process a batch and add up what they say."""
    totals: Counter[str] = Counter()
    refusals: Counter[str] = Counter()
    slowest: dict[str, float] = {"cpu_s": 0.0, "wall_s": 0.0, "memory_mb": 0.0}
    failures: list[str] = []
    while totals["pictures"] < pictures and not failures:
        count = min(BATCH, pictures - totals["pictures"])
        command = [sys.executable, __file__, "--worker", "--seed", str(seed), "--pictures", str(count)]
        try:
            # libjpeg writes a line to stderr for much that it meets; the end of it tells of a crash.
            run = subprocess.run(command, capture_output=True, text=True, timeout=HANG_S, errors="replace")
        except subprocess.TimeoutExpired:
            failures.append(f"seed {seed}: no end after {HANG_S} s; see {PICTURE}")
            break
        if run.returncode:
            failures.append(f"seed {seed}: exit status {run.returncode}; see {PICTURE}\n{run.stderr[-2000:]}")
            break
        said = json.loads(run.stdout)
        totals.update(said["totals"])
        refusals.update(said["refusals"])
        slowest = {key: max(value, said["slowest"][key]) for key, value in slowest.items()}
        failures += [f"seed {seed}: {failure}" for failure in said["failures"]]
        sys.stdout.write(f"seed {seed}: {totals['pictures']} pictures, slowest {slowest['cpu_s']:.3f} s\n")
        sys.stdout.flush()
        seed += 1
    result = {
        "totals": dict(totals),
        "slowest": slowest,
        "refusals": dict(refusals.most_common()),
        "failures": failures,
    }
    (OUT / "fuzz.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(table(result))
    sys.stderr.write("".join(f"{failure}\n" for failure in failures))
    return 1 if failures else 0


def work(*, seed: int, pictures: int) -> dict[str, Any]:
    """Show one batch to the detector, in this process."""
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded

    detector = YoloDetector(model=small_model(OUT / "fuzz.onnx"))
    totals: Counter[str] = Counter()
    refusals: Counter[str] = Counter()
    slowest = {"cpu_s": 0.0, "wall_s": 0.0, "memory_mb": 0.0}
    failures: list[str] = []

    @seeded(seed)
    @settings(
        max_examples=pictures,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(jpeg=mutated_jpegs())
    def look(jpeg: bytes) -> None:
        PICTURE.write_bytes(jpeg)
        begin, cpu = time.perf_counter(), time.thread_time()
        try:
            sighting = detector.detect(jpeg)
        except PictureError as error:
            totals["refused"] += 1
            # Figures differ from picture to picture; the words around them tell the kind.
            refusals[re.sub(r"\d+|b['\"].*", "#", str(error))[:50]] += 1
        else:
            totals["seen"] += 1
            totals["detections"] += len(sighting.detections)
        totals["pictures"] += 1
        took = time.thread_time() - cpu
        slowest["cpu_s"] = max(slowest["cpu_s"], took)
        slowest["wall_s"] = max(slowest["wall_s"], time.perf_counter() - begin)
        if took > LONGEST_S:
            kept = OUT / f"fuzz-slow-{seed}-{totals['pictures']}.jpg"
            kept.write_bytes(jpeg)
            failures.append(f"{took:.2f} s for {kept}")

    look()
    slowest["memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "totals": dict(totals),
        "refusals": dict(refusals),
        "slowest": slowest,
        "failures": failures,
    }


def small_model(path: Path) -> Path:
    """Write the real model with another `imgsz`: of two entries of a key, onnxruntime takes the last."""
    from tests.tiny_onnx import metadata_entry

    path.write_bytes(MODEL.read_bytes() + metadata_entry("imgsz", "[64, 64]"))
    return path


def table(result: dict[str, Any]) -> str:
    """Lay the result out for a terminal."""
    totals, slowest = result["totals"], result["slowest"]
    lines = [
        f"{'mutated JPEGs':<36}{totals.get('pictures', 0):>9}",
        f"{'seen':<36}{totals.get('seen', 0):>9}",
        f"{'refused with a sentence':<36}{totals.get('refused', 0):>9}",
        f"{'slowest, s (own time / wall)':<36}{slowest['cpu_s']:>9.3f}{slowest['wall_s']:>9.3f}",
        f"{'most memory, MB':<36}{slowest['memory_mb']:>9.0f}",
    ]
    lines += [f"  refused: {words:<52}{count:>7}" for words, count in list(result["refusals"].items())[:12]]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
