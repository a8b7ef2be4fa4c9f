"""What the motion gate lets through, and which visits it keeps, with the real detector.

Run it as `python tests/benchmarks/bench_gate.py [--fps 2]`; it prints a table and
writes build/bench/gate.json.

Two clips are real. The stills are one empty picture of each of them, ten minutes long, with what upsets a
camera that sees nothing: noise, slow and sudden light, flicker, a starved encoder. In `stands` somebody walks
in and stands still for two minutes. Says what was missed: every visit that the detector sees without the gate
must be there with it, and at most 5 % of a still clip's frames may pass. It ends with 1 when one was missed.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from edge_agent.ffmpeg import find_ffmpeg, sampling
from edge_agent.gate import MotionGate
from edge_agent.process import FfmpegProcess
from edge_agent.settings import CameraSettings
from vigie.domain.cameras import Gate
from vigie.domain.following import Following, follow
from vigie.domain.frames import FrameKey
from vigie.domain.reports import FrameReport
from vigie.domain.visits import Visit
from vigie.vision.detector import YoloDetector

CHECKOUT = Path(__file__).resolve().parents[2]
SHARED = CHECKOUT.parent / "shared"
OUT = CHECKOUT / "build" / "bench"
MADE = OUT / "gate-clips"
CLIPS = {
    "hall": SHARED / "data" / "video" / "one-by-one-person-detection.mp4",
    "road": SHARED / "data" / "video" / "car-detection.mp4",
}
MODEL = SHARED / "models" / "yolov8n-dynamic.onnx"
TEN = datetime(2026, 1, 31, 10, tzinfo=UTC)
EMPTY_AT_S = 3  # when both real clips show nobody
STILL_S = 600
MOST_STILL = 0.05
NOISE = "noise=alls=14:allf=t"
STILLS = {
    # name: (filters, encoder's options)
    "noise": (NOISE, ("-crf", "28")),
    "clouds": (
        f"eq=brightness='0.12*sin(t/19)':contrast='1+0.15*sin(t/31)':eval=frame,{NOISE}",
        ("-crf", "28"),
    ),
    "lamp": (
        f"vignette=PI/4:enable='lt(mod(t,120),60)',eq=brightness=0.15:enable='lt(mod(t,80),30)',{NOISE}",
        ("-crf", "28"),
    ),
    "flicker": (f"eq=brightness='0.05*sin(7.3*t*2*PI)':eval=frame,{NOISE}", ("-crf", "28")),
    "pumping": (NOISE, ("-b:v", "60k", "-maxrate", "60k", "-bufsize", "60k", "-g", "20")),
}
STANDS = "loop=loop=1200:size=1:start=110," + NOISE


def main() -> int:
    """Make the clips, look at them all; returns the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fps", type=float, default=2.0)
    parser.add_argument("--sensitivity", default="normal")
    arguments = parser.parse_args()
    missing = [str(path) for path in (*CLIPS.values(), MODEL) if not path.exists()]
    if missing:
        sys.stderr.write(f"the gate's benchmark needs {', '.join(missing)}\n")
        return 2
    ffmpeg = find_ffmpeg(os.environ)
    clips = {**CLIPS, **made(ffmpeg)}
    detector = YoloDetector(model=MODEL)
    gate = Gate(sensitivity=arguments.sensitivity)
    result: dict[str, Any] = {"fps": arguments.fps, "sensitivity": arguments.sensitivity, "clips": {}}
    for name, clip in clips.items():
        result["clips"][name] = look(
            name, clip, ffmpeg=ffmpeg, fps=arguments.fps, gate=gate, detector=detector
        )
    result["missed"] = missed(result)
    (OUT / "gate.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(table(result))
    sys.stderr.write("".join(f"missed: {sentence}\n" for sentence in result["missed"]))
    return 1 if result["missed"] else 0


def made(ffmpeg: str) -> dict[str, Path]:
    """Make the clips that nobody filmed, once."""
    MADE.mkdir(parents=True, exist_ok=True)
    clips = {}
    encoder = ("-an", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "veryfast")
    for place, source in CLIPS.items():
        empty = MADE / f"{place}.png"
        if not empty.exists():
            take = ("-ss", str(EMPTY_AT_S), "-i", str(source), "-frames:v", "1", str(empty))
            subprocess.run([ffmpeg, "-v", "error", "-y", *take], check=True)
        for name, (filters, options) in STILLS.items():
            clip = clips[f"{place}-{name}"] = MADE / f"{place}-{name}.mp4"
            if not clip.exists():
                still = ("-loop", "1", "-framerate", "4", "-t", str(STILL_S), "-i", str(empty))
                words = (*still, "-vf", filters, *encoder, "-g", "16", *options, str(clip))
                subprocess.run([ffmpeg, "-v", "error", "-y", *words], check=True)
    stands = clips["stands"] = MADE / "stands.mp4"
    if not stands.exists():
        words = ("-t", "25", "-i", str(CLIPS["hall"]), "-vf", STANDS, *encoder, "-crf", "26", str(stands))
        subprocess.run([ffmpeg, "-v", "error", "-y", *words], check=True)
    return clips


def pictures(clip: Path, *, ffmpeg: str, fps: float) -> list[bytes]:
    """Sample a clip as the agent does."""
    command = sampling(CameraSettings("bench", str(clip), fps=fps), ffmpeg, private=False)
    with FfmpegProcess(command, redact=str) as process:
        return list(process.pictures(stopping=lambda: False, patience_s=60))


def look(
    name: str, clip: Path, *, ffmpeg: str, fps: float, gate: Gate, detector: YoloDetector
) -> dict[str, Any]:
    """Send one clip through the gate; what is no still goes to the detector as well, with and without it."""
    jpegs = pictures(clip, ffmpeg=ffmpeg, fps=fps)
    judge = MotionGate(gate)
    times = [TEN + timedelta(seconds=number / fps) for number in range(len(jpegs))]
    begun = time.process_time()
    verdicts = [judge.judge(jpeg, at) for jpeg, at in zip(jpegs, times, strict=True)]
    spent_s = time.process_time() - begun
    passed = [verdict != "still" for verdict in verdicts]
    said: dict[str, Any] = {
        "frames": len(jpegs),
        "passed": round(sum(passed) / len(passed), 4),
        "verdicts": dict(Counter(verdicts)),
        "ms_a_frame": round(spent_s / len(jpegs) * 1000, 2),
    }
    if name in CLIPS or name == "stands":
        reports = [report(detector, jpeg, at, fps) for jpeg, at in zip(jpegs, times, strict=True)]
        kept = [one for one, through in zip(reports, passed, strict=True) if through]
        said["visits"] = {"ungated": visits(reports), "gated": visits(kept)}
    return said


def report(detector: YoloDetector, jpeg: bytes, at: datetime, fps: float) -> FrameReport:
    """Look at one picture as the cloud does."""
    seen = detector.detect(jpeg)
    return FrameReport(
        key=FrameKey("bench", at),
        width=seen.width,
        height=seen.height,
        detections=seen.detections,
        model=detector.name,
        timings=seen.timings,
        reported_at=at,
        interval_s=1 / fps,
    )


def visits(reports: list[FrameReport]) -> list[dict[str, Any]]:
    """Fold the reports into visits: label, first and last second."""
    following = Following()
    still_open: tuple[Visit, ...] = ()
    ended: list[Visit] = []
    for one in reports:
        followed = follow(still_open, one, following)
        still_open = followed.open
        ended += followed.ended
    every = sorted((*ended, *still_open), key=lambda visit: (visit.started_at, visit.label))
    return [
        {
            "label": visit.label,
            "from_s": (visit.started_at - TEN).total_seconds(),
            "to_s": (visit.last_seen_at - TEN).total_seconds(),
        }
        for visit in every
    ]


def missed(result: dict[str, Any]) -> list[str]:
    """Say which targets were missed."""
    sentences = []
    for name, said in result["clips"].items():
        if "visits" in said:
            gated, ungated = said["visits"]["gated"], said["visits"]["ungated"]
            sentences += [f"{name}: {visit} is not seen through the gate" for visit in lost(ungated, gated)]
            if len(gated) != len(ungated):
                sentences.append(f"{name}: {len(gated)} visits with the gate, {len(ungated)} without")
        elif said["passed"] > MOST_STILL:
            sentences.append(f"{name}: {said['passed']:.1%} of a still clip's frames pass")
    return sentences


def lost(ungated: list[dict[str, Any]], gated: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the visits without the gate that no visit with it overlaps."""
    return [
        visit
        for visit in ungated
        if not any(
            other["label"] == visit["label"]
            and other["from_s"] <= visit["to_s"]
            and visit["from_s"] <= other["to_s"]
            for other in gated
        )
    ]


def table(result: dict[str, Any]) -> str:
    """Lay the result out for a terminal."""
    lines = [f"{'clip':<16}{'frames':>8}{'passed':>9}{'ms':>7}{'ungated':>9}{'gated':>7}  verdicts"]
    for name, said in result["clips"].items():
        both = said.get("visits")
        counts = (len(both["ungated"]), len(both["gated"])) if both else ("", "")
        lines.append(
            f"{name:<16}{said['frames']:>8}{said['passed']:>9.1%}{said['ms_a_frame']:>7.2f}"
            f"{counts[0]:>9}{counts[1]:>7}  {said['verdicts']}"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
