"""The clips of bench_edge.py: what they are, how long, and served as a camera would."""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
CLIPS = CHECKOUT.parent / "shared" / "data" / "video"
MADE = CHECKOUT / "build" / "bench" / "edge-clips"
MINUTE_S = 60
KEYFRAME_INTERVALS = (25, 50, 250)
ADVISED_INTERVAL = 25  # a keyframe each second, which is how often is sampled


def clips(ffmpeg: str) -> dict[str, Path]:
    """Return the clips: a generated minute of 1280x720 at 25 fps for each keyframe interval, and real ones.

    The real ones come twice: as they are, and as a camera would send them that is set up as we advise.
    """
    MADE.mkdir(parents=True, exist_ok=True)
    found = {}
    # A room's soft light with a sensor's noise, and something with sharp edges that goes through it.
    room = "gradients=s=1280x720:r=25:speed=0.002:seed=7,noise=alls=4:allf=t"
    moving = "testsrc2=s=96x288:r=25"
    graph = "[0][1]overlay=x='mod(t*150,1184)':y=300"
    for interval in KEYFRAME_INTERVALS:
        clip = found[f"720p, GOP {interval}"] = MADE / f"minute-{interval}.mp4"
        if not clip.exists():
            inputs = ["-f", "lavfi", "-i", room, "-f", "lavfi", "-i", moving, "-filter_complex", graph]
            encode(ffmpeg, [*inputs, "-t", str(MINUTE_S)], clip, interval=interval)
    for name in ("car-detection", "one-by-one-person-detection"):
        if (clip := CLIPS / f"{name}.mp4").exists():
            found[name] = clip
            advised = found[f"{name}, 720p"] = MADE / f"{name}-720p.mp4"
            if not advised.exists():
                inputs = ["-i", str(clip), "-an", "-vf", "scale=1280:720,fps=25"]
                encode(ffmpeg, inputs, advised, interval=ADVISED_INTERVAL)
    return found


def encode(ffmpeg: str, inputs: list[str], clip: Path, *, interval: int) -> None:
    """Encode as cameras do: keyframes at a fixed distance, no picture that looks ahead."""
    encoder = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-b:v", "2M"]
    camera = ["-g", str(interval), "-keyint_min", str(interval), "-sc_threshold", "0", "-bf", "0"]
    subprocess.run([ffmpeg, "-v", "error", "-y", *inputs, *encoder, *camera, str(clip)], check=True)


def length_of(clip: Path, ffmpeg: str) -> tuple[float, float]:
    """Return a clip's minutes, and the longest time between two of its keyframes, by its packets."""
    command = [ffmpeg, "-v", "error", "-i", str(clip), "-map", "0:V:0", "-c", "copy", "-f", "framecrc", "-"]
    listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    tick = next(line.split()[-1] for line in listing if line.startswith("#tb 0"))
    numerator, denominator = map(int, tick.split("/"))
    rows = [line.split(",") for line in listing if not line.startswith("#")]
    end_s = (int(rows[-1][1]) + int(rows[-1][3])) * numerator / denominator
    # framecrc marks every packet that is no keyframe.
    keys = [int(row[1]) * numerator / denominator for row in rows if "F=" not in ",".join(row[6:])]
    keys.append(end_s)
    return end_s / 60, max(b - a for a, b in pairwise(keys))


class Serving:
    """An HTTP server in a process of its own that gives a clip as a transport stream at its own pace."""

    def __init__(self, clip: Path) -> None:
        self._clip = clip

    def __enter__(self) -> "Serving":
        """Start it on a free port of loopback."""
        words = [sys.executable, str(Path(__file__).with_name("live_server.py")), str(self._clip), "25"]
        self._child = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        os.sched_setaffinity(self._child.pid, range(os.cpu_count() or 1))
        if self._child.stdout is None:
            raise AssertionError("Popen was asked for this pipe")
        self.url = self._child.stdout.readline().strip()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self._child.kill()
        self._child.wait()
