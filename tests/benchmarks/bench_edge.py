"""What a camera costs at the edge: CPU and bytes a frame. bench_agent.py measures the whole agent.

Run it as `python tests/benchmarks/bench_edge.py [--rounds N] [--only cpu|bytes]`; it prints a
table and writes build/bench/edge.json. It ends with 1 when a target was missed, and says which.

CPU is that of the ffmpeg child alone, by the kernel's own count, for a minute of one camera at one frame a
second, brought to 640 pixels' width. The contenders take turns in one run, and only ratios count: ours as the
agent starts it, once it has found what it need not decode, and what a newcomer writes, who pipes every
picture through an fps filter (`-vf fps=1`), to JPEG or raw. Bytes are those of the default quality and bound
at 640x360, against raw pictures, 3 bytes a pixel.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from edge_agent.compression import within_share
from edge_agent.decoding import Decoding, Way
from edge_agent.ffmpeg import find_ffmpeg, sampling
from edge_agent.mpjpeg import MpjpegReader
from edge_agent.settings import CameraSettings
from tests.benchmarks.edge_clips import CLIPS, MINUTE_S, clips, length_of

CHECKOUT = Path(__file__).resolve().parents[2]
OUT = CHECKOUT / "build" / "bench"
_NEAR_S = 1.1  # the agent itself goes by the pictures that come
MOST_CPU = 1 / 4
MOST_BYTES = 1 / 15
RAW_BYTES = 640 * 360 * 3


def main() -> int:
    """Run the measurements; returns the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=("cpu", "bytes"))
    arguments = parser.parse_args()
    ffmpeg = find_ffmpeg(os.environ)
    measurements: dict[str, Callable[[], Any]] = {
        "cpu": lambda: cpu(ffmpeg, rounds=arguments.rounds),
        "bytes": lambda: picture_bytes(ffmpeg),
    }
    result: dict[str, Any] = {
        name: measure() for name, measure in measurements.items() if arguments.only in {None, name}
    }
    result["missed"] = missed(result)
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "edge.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(table(result))
    sys.stderr.write("".join(f"missed: {sentence}\n" for sentence in result["missed"]))
    return 1 if result["missed"] else 0


def spent_s(command: Sequence[str]) -> float:
    """Run a command and return its CPU seconds, user and system."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def cpu(ffmpeg: str, *, rounds: int) -> dict[str, Any]:
    """Compare CPU seconds for a camera-minute, clip by clip."""
    said = {}
    for name, clip in clips(ffmpeg).items():
        minutes, keyframe_s = length_of(clip, ffmpeg)
        decoding = Decoding.KEYFRAMES if keyframe_s <= _NEAR_S else Decoding.REFERENCES
        naive = [ffmpeg, "-i", str(clip), "-vf"]
        contenders = {
            "ours": list(streamed(clip, ffmpeg, decoding)),
            "naive jpeg": [*naive, "fps=1,scale=640:-2", "-f", "mjpeg", "-"],
            "naive raw": [*naive, "fps=1,scale=640:-2", "-f", "rawvideo", "-pix_fmt", "bgr24", "-"],
        }
        spent: dict[str, list[float]] = {who: [] for who in contenders}
        for _ in range(rounds):
            for who, command in contenders.items():
                spent[who].append(spent_s(command) / minutes)
        said[name] = {
            "keyframe_s": round(keyframe_s, 2),
            "decodes": decoding.name.lower(),
            **{who: round(statistics.median(each), 3) for who, each in spent.items()},
            "ratio": round(
                statistics.median(a / b for a, b in zip(spent["ours"], spent["naive jpeg"], strict=True)), 3
            ),
        }
    return said


def streamed(clip: Path, ffmpeg: str, decoding: Decoding) -> tuple[str, ...]:
    """Return what the agent would start if the clip came as a stream, which it here reads at once."""
    camera = CameraSettings("bench", "https://cams.example/live.m3u8", max_width=640)
    command = sampling(camera, ffmpeg, private=False, way=Way(decoding)).arguments
    return tuple(str(clip) if word == camera.source else word for word in command if word not in _REAL_TIME)


_REAL_TIME = {"-re", "-rw_timeout", "15000000"}


def picture_bytes(ffmpeg: str) -> dict[str, Any]:
    """Measure a JPEG's mean size at 640x360, of every clip there is."""
    said = {}
    found = {clip.stem: clip for clip in sorted(CLIPS.glob("*.mp4"))} | clips(ffmpeg)
    with tempfile.TemporaryDirectory() as folder:
        for name, clip in found.items():
            small = Path(folder) / "small.mkv"
            fitted = ["-vf", "scale=640:360", "-c:v", "ffv1", "-t", str(MINUTE_S), str(small)]
            subprocess.run([ffmpeg, "-v", "error", "-y", "-i", str(clip), "-an", *fitted], check=True)
            command = sampling(CameraSettings("bench", str(small)), ffmpeg, private=False).arguments
            made = MpjpegReader().feed(subprocess.run(command, check=True, capture_output=True).stdout)
            jpegs = [within_share(jpeg) for jpeg in made]
            mean = statistics.mean(map(len, jpegs))
            said[name] = {
                "frames": len(jpegs),
                "shrunk": sum(len(now) < len(then) for now, then in zip(jpegs, made, strict=True)),
                "bytes": round(mean),
                "ratio": round(mean / RAW_BYTES, 4),
                "largest": round(max(map(len, jpegs)) / RAW_BYTES, 4),
            }
    return said


def missed(result: dict[str, Any]) -> list[str]:
    """Say which targets were missed."""
    sentences = [
        f"{name}: {said['ratio']:.2f} of the naive CPU, not {MOST_CPU:.2f}; a keyframe each "
        f"{said['keyframe_s']:g} s"
        for name, said in result.get("cpu", {}).items()
        if said["ratio"] > MOST_CPU
    ]
    sentences += [
        f"{name}: 1/{1 / said['largest']:.1f} of raw, not 1/{1 / MOST_BYTES:.0f}"
        for name, said in result.get("bytes", {}).items()
        if said["largest"] > MOST_BYTES
    ]
    return sentences


def table(result: dict[str, Any]) -> str:
    """Lay the result out for a terminal."""
    lines = []
    for name, said in result.get("cpu", {}).items():
        figures = "".join(f"{said[who]:>12.2f}" for who in ("ours", "naive jpeg", "naive raw"))
        lines.append(f"{name:<38}{said['decodes']:<12}{figures}{said['ratio']:>8.2f}x")
    if lines:
        head = f"{'CPU s a camera-minute':<38}{'decodes':<12}{'ours':>12}{'naive jpeg':>12}{'naive raw':>12}"
        lines.insert(0, head)
    for name, said in result.get("bytes", {}).items():
        lines.append(
            f"{name:<38}{said['bytes']:>10} bytes a frame, 1/{1 / said['ratio']:.1f} of raw, the largest "
            f"1/{1 / said['largest']:.1f}; {said['shrunk']} of {said['frames']} compressed harder"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
