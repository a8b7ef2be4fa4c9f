"""The whole agent on one core: eight cameras with gates, spool and uploads; its memory over two hours.

Run it as `python tests/benchmarks/bench_agent.py [--seconds N] [--only eight|memory]`; it prints what it
measured, writes build/bench/agent.json, and ends with 1 when a target was missed.

`python -m edge_agent run` is started as people do, pinned to one core with all its children. The cameras (one
server that gives a minute of 1280x720 h264 at 25 fps, a keyframe a second, at its own pace) and S3 (moto's
server) are processes of their own and not pinned. Frames are counted in the bucket, by the capture times in
their keys; memory is the agent's own process. For the memory two hours of pictures of a real clip are played
as fast as they can be uploaded.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from edge_agent.ffmpeg import find_ffmpeg
from tests.benchmarks.edge_clips import CLIPS, KEYFRAME_INTERVALS, MADE, Serving, clips
from vigie.documents import read_json
from vigie.domain.frames import FrameKey
from vigie.domain.heartbeats import Heartbeat

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CHECKOUT = Path(__file__).resolve().parents[2]
OUT = CHECKOUT / "build" / "bench"
CAMERAS = tuple(f"cam-{number}" for number in range(8))
LEAST_RATE = 0.99
HOURS = 2
MOST_GROWTH = 0.05
PATIENCE_S = 120.0
_BUCKET = "vigie-bench"
_SERVER = """
import sys, time
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print("http://%s:%d" % server.get_host_and_port(), flush=True)
time.sleep(1e6)
"""


def main() -> int:
    """Run the measurements; returns the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--only", choices=("eight", "memory"))
    arguments = parser.parse_args()
    measurements: dict[str, Callable[[], Any]] = {
        "eight": lambda: eight(seconds=arguments.seconds),
        "memory": memory,
    }
    result: dict[str, Any] = {
        name: measure() for name, measure in measurements.items() if arguments.only in {None, name}
    }
    result["missed"] = missed(result)
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "agent.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(result, indent=2) + "\n")
    return 1 if result["missed"] else 0


@contextmanager
def cloud() -> Iterator["S3Client"]:
    """Run moto's server; the environment points boto3, ours and the agent's, at it."""
    child = subprocess.Popen(
        [sys.executable, "-c", _SERVER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        if child.stdout is None:
            raise AssertionError("Popen was asked for this pipe")
        os.environ.update(
            AWS_ENDPOINT_URL=child.stdout.readline().strip(),
            AWS_ACCESS_KEY_ID="testing",
            AWS_SECRET_ACCESS_KEY="testing",
            AWS_DEFAULT_REGION="us-east-1",
            AWS_EC2_METADATA_DISABLED="true",
        )
        client = boto3.client("s3")
        client.create_bucket(Bucket=_BUCKET)
        yield client
    finally:
        child.kill()
        child.wait()


class Agent:
    """`python -m edge_agent run` on one core."""

    def __init__(self, folder: Path, cameras: str, *options: str) -> None:
        self._folder = folder
        config = folder / "cameras.toml"
        config.write_text(f'bucket = "{_BUCKET}"\nfollow_site = false\n{cameras}', encoding="utf-8")
        core = min(os.sched_getaffinity(0))
        words = [sys.executable, "-m", "edge_agent", "run", "--config", str(config), *options]
        with (folder / "log").open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(["taskset", "-c", str(core), *words], cwd=CHECKOUT, stderr=log)

    def __enter__(self) -> "Agent":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(30)

    def status(self) -> Heartbeat | None:
        """Return what it says of itself; None while it has said nothing."""
        path = self._folder / "status.json"
        return read_json(Heartbeat, path.read_bytes(), source="status.json") if path.exists() else None

    def cpu_s(self) -> tuple[float, float]:
        """Return the CPU seconds of the agent itself and of its children that still run."""
        tick = os.sysconf("SC_CLK_TCK")
        own = children = 0.0
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                fields = (folder / "stat").read_text(encoding="ascii").rpartition(")")[2].split()
            except OSError:
                continue
            spent = (int(fields[11]) + int(fields[12])) / tick
            own += spent * (folder.name == str(self.process.pid))
            children += spent * (fields[1] == str(self.process.pid))
        return own, children

    def resident_mb(self) -> float:
        """Return what of the agent's own process lies in memory."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1_000_000


def keys(s3: "S3Client") -> list[FrameKey]:
    """Return the keys of all frames that arrived."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=_BUCKET, Prefix="frames/")
    return [FrameKey.parse(item["Key"]) for page in pages for item in page.get("Contents", ())]


def eight(*, seconds: int) -> dict[str, Any]:
    """Watch eight 720p cameras with one agent on one core, in real time."""
    clip = clips(find_ffmpeg({}))[f"720p, GOP {KEYFRAME_INTERVALS[0]}"]
    with tempfile.TemporaryDirectory() as folder, cloud() as s3, Serving(clip) as server:
        table = f'source = "{server.url}"\nmax_width = 640\n[camera.gate]\n'
        cameras = "".join(f'[[camera]]\ncamera_id = "{camera_id}"\n{table}' for camera_id in CAMERAS)
        with Agent(Path(folder), cameras) as agent:
            _wait(lambda: (life := agent.status()) is not None and all(c.uploaded > 4 for c in life.cameras))
            before, begun = agent.cpu_s(), time.monotonic()
            time.sleep(seconds)
            after, elapsed_s = agent.cpu_s(), time.monotonic() - begun
            time.sleep(3)  # what was captured until now arrives
            life = agent.status()
            arrived = keys(s3)
    newest = min(max(key.captured_at for key in arrived if key.camera_id == one) for one in CAMERAS)
    window = timedelta(seconds=seconds)
    end = newest - timedelta(seconds=3)
    rates, gaps = {}, []
    for camera_id in CAMERAS:
        times = sorted(
            key.captured_at
            for key in arrived
            if key.camera_id == camera_id and end - window <= key.captured_at <= end
        )
        # From the first picture to the last, so that a window's edge does not cost one.
        rates[camera_id] = round((len(times) - 1) / (times[-1] - times[0]).total_seconds(), 4)
        gaps += [(b - a).total_seconds() for a, b in pairwise(times)]
    own, children = (b - a for a, b in zip(before, after, strict=True))
    return {
        "frames_a_second": rates,
        "longest_gaps_s": sorted(round(gap, 2) for gap in gaps)[-8:],
        "core_share": round((own + children) / elapsed_s, 3),
        "agent_share": round(own / elapsed_s, 3),
        "ffmpeg_share": round(children / elapsed_s, 3),
        "dropped": sum(camera.dropped for camera in life.cameras) if life else None,
        "waiting": sum(camera.spooled for camera in life.cameras) if life else None,
    }


def memory() -> dict[str, Any]:
    """Play two hours of a real clip through the whole agent as fast as it goes."""
    hours = MADE / "hours.mp4"
    if not hours.exists():
        MADE.mkdir(parents=True, exist_ok=True)
        clip = CLIPS / "one-by-one-person-detection.mp4"
        words = ["-stream_loop", "-1", "-i", str(clip), "-an", "-vf", "fps=1", "-t", str(HOURS * 3600)]
        encoder = ["-c:v", "libx264", "-preset", "ultrafast", str(hours)]
        subprocess.run([find_ffmpeg({}), "-v", "error", "-y", *words, *encoder], check=True)
    sizes: list[float] = []
    with tempfile.TemporaryDirectory() as folder, cloud() as s3:
        camera = f'[[camera]]\ncamera_id = "hall"\nsource = "{hours}"\nstart_at = 2026-01-31T10:00:00Z\n'
        with Agent(Path(folder), camera, "--pace", "fast") as agent:
            _wait(lambda: (life := agent.status()) is not None and life.cameras[0].uploaded > 0)
            while agent.process.poll() is None:
                sizes.append(agent.resident_mb())
                time.sleep(0.25)
        frames = len(keys(s3))
    part = len(sizes) // 10
    early, late = (statistics.median(sizes[at : at + part]) for at in (part, len(sizes) - 2 * part))
    return {
        "hours": HOURS,
        "frames": frames,
        "seconds": round(len(sizes) * 0.25),
        "early_mb": round(early, 1),
        "late_mb": round(late, 1),
        "largest_mb": round(max(sizes), 1),
        "growth": round(late / early - 1, 4),
    }


def _wait(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        if time.monotonic() > deadline:
            raise AssertionError("the agent did not come to work")
        time.sleep(0.2)


def missed(result: dict[str, Any]) -> list[str]:
    """Say which targets were missed."""
    sentences = []
    if "eight" in result and min(result["eight"]["frames_a_second"].values()) < LEAST_RATE:
        sentences.append(f"eight cameras come to {min(result['eight']['frames_a_second'].values())} a second")
    if result.get("memory", {}).get("growth", 0) > MOST_GROWTH:
        sentences.append(f"memory grew by {result['memory']['growth']:.1%}")
    if "memory" in result and result["memory"]["frames"] != HOURS * 3600:
        sentences.append(f"{result['memory']['frames']} frames arrived, not {HOURS * 3600}")
    return sentences


if __name__ == "__main__":
    sys.exit(main())
