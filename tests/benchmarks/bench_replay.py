"""Whether disorder leaves a trace: 2,000 frames of three cameras, 200 seeds, four handlers that die.

Run it as `python tests/benchmarks/bench_replay.py [--seeds 200] [--first 0] [--frames 2000]`; it
prints what it found, and writes build/bench/replay.json. Exits 1 when a seed left a trace.

The frames are synthetic tracks, and the reports that the model makes of the sample clips. Each is delivered
one to three times, up to 120 s late, to four handlers whose every call on the tables may be followed by
anybody else's and every hundredth write by death. What is stored in the end is compared with the orderly
run's.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from tests.benchmarks.clips import clip_reports  # noqa: E402
from tests.builders import NOON  # noqa: E402
from tests.replay import SITES, Outcome, differences, disorderly, orderly  # noqa: E402
from tests.tracks import three_cameras  # noqa: E402
from vigie.domain.frames import FrameKey  # noqa: E402
from vigie.domain.reports import FrameReport  # noqa: E402
from vigie.vision.detector import YoloDetector  # noqa: E402

SHARED = CHECKOUT.parent / "shared"
MODEL = SHARED / "models" / "yolov8n-dynamic.onnx"
VIDEO = SHARED / "data" / "video"
OUT = CHECKOUT / "build" / "bench" / "replay.json"
_CLIPS = {
    "door": "one-by-one-person-detection.mp4",
    "hall": "store-aisle-detection.mp4",
    "street": "person-bicycle-car-detection.mp4",
}


def main() -> int:
    """Run all seeds; 1 when any of them left a trace."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument(
        "--first", type=int, default=0, help="the first seed, a multiple of the sites' number"
    )
    parser.add_argument("--frames", type=int, default=2000)
    given = parser.parse_args()
    missing = [
        str(path) for path in (MODEL, *(VIDEO / clip for clip in _CLIPS.values())) if not path.is_file()
    ]
    if missing:
        sys.stderr.write(f"the benchmark of replays needs {', '.join(missing)}\n")
        return 2
    clips = of_clips()
    frames = apart([*clips, *three_cameras(7, given.frames - len(clips))])
    seeds = range(given.first, given.first + given.seeds)
    begun = time.monotonic()
    expected = [orderly(frames, site) for site in SITES]
    found: list[tuple[bool, int]] = []
    with ProcessPoolExecutor() as pool:
        for one in pool.map(_differs, [(frames, seed, expected) for seed in seeds]):
            found.append(one)
            if len(found) % 10 == 0:
                left = sum(differs for differs, _ in found)
                sys.stderr.write(f"{len(found)} seeds, {left} of them left a trace\n")
    told = [sorted(told for _, told in found[site :: len(SITES)]) for site in range(len(SITES))]
    wrong = [seed for seed, (differs, _) in zip(seeds, found, strict=True) if differs]
    result = {
        "frames": len(frames),
        "frames_of_clips": len(clips),
        "seeds": f"{seeds.start} to {seeds.stop - 1}",
        "seeds_that_left_a_trace": wrong,
        "alerts_asked_for": [len(one.asked) for one in expected],
        "alerts": [len(one.alerts) for one in expected],
        "messages_orderly": [one.messages for one in expected],
        "messages_median": [each[len(each) // 2] for each in told if each],
        "messages_most": [each[-1] for each in told if each],
        "minutes_taken": round((time.monotonic() - begun) / 60, 1),
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    for name, value in result.items():
        sys.stdout.write(f"{name.replace('_', ' '):26} {value}\n")
    return int(bool(wrong))


def of_clips() -> list[FrameReport]:
    """Return the reports of the sample clips at 1 frame a second, one clip a camera, from noon on."""
    detector = YoloDetector(model=MODEL)
    return [
        report
        for camera, clip in _CLIPS.items()
        for report in clip_reports(VIDEO / clip, camera, detector=detector, rate=1.0, start=NOON)
    ]


def apart(frames: Sequence[FrameReport]) -> list[FrameReport]:
    """Let what shares a camera and an instant come after one another: the tracks follow the clips."""
    found: dict[FrameKey, FrameReport] = {}
    for report in frames:
        key = report.key
        while key in found:
            key = FrameKey(key.camera_id, key.captured_at + timedelta(minutes=5))
        found[key] = replace(report, key=key)
    assert min(key.captured_at for key in found) == NOON
    return list(found.values())


def _differs(work: tuple[Sequence[FrameReport], int, Sequence[Outcome]]) -> tuple[bool, int]:
    frames, seed, expected = work
    site = seed % len(SITES)
    found = disorderly(frames, seed, SITES[site])
    return bool(differences(expected[site], found)) or bool(found.untold), found.messages


if __name__ == "__main__":
    sys.exit(main())
