"""What the spool's safety costs, and how fast the uploader is, against doing the same without care.

Run it as `python tests/benchmarks/bench_spool.py [--folder DIR] [--frames N]`; it prints a table and writes
build/bench/spool.json. Figures of one run are ratios of each other: disks and machines differ. Uploads go to
moto's server in a process of its own, which is what limits them here. `--folder` chooses the disk.
"""

import argparse
import gc
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import boto3
from botocore.config import Config

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from edge_agent.frame_bucket import FrameBucket  # noqa: E402
from edge_agent.limits import UploadSettings  # noqa: E402
from edge_agent.spool import Spool  # noqa: E402
from edge_agent.status import StatusBoard  # noqa: E402
from edge_agent.uploader import Uploader  # noqa: E402
from vigie.domain.frames import FrameKey  # noqa: E402

OUT = CHECKOUT / "build" / "bench"
BEGIN = datetime(2026, 1, 31, tzinfo=UTC)
JPEG = b"\xff\xd8" + os.urandom(60_000) + b"\xff\xd9"
SMALL = b"\xff\xd8" + os.urandom(2_000) + b"\xff\xd9"
MANY = 20_000

Rows = dict[str, float]


def main() -> int:
    """Measure; returns the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--folder", type=Path, help="a folder on the disk to measure")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        rows = {**writing(folder, arguments.frames), **index(folder), **uploading(folder, arguments.frames)}
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "spool.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    for label, value in rows.items():
        sys.stdout.write(f"{label:60} {value:10.3g}\n")
    return 0


def writing(folder: Path, frames: int) -> Rows:
    """Milliseconds to spool a frame of 60 kB, as it is and with less care."""

    def spooled(name: str, *, folder_sync_s: float) -> float:
        spool = Spool(folder / name, folder_sync_s=folder_sync_s)
        spent = timed(lambda: fill(spool, frames))
        spool.close()
        return spent / frames * 1000

    def plain() -> None:
        (folder / "plain").mkdir()
        for n in range(frames):
            (folder / "plain" / f"{n}.jpg").write_bytes(JPEG)

    each = spooled("each", folder_sync_s=0)
    batched = spooled("batched", folder_sync_s=5)
    with patch.object(os, "fsync", lambda _: None):
        none = spooled("none", folder_sync_s=math.inf)
    bare = timed(plain) / frames * 1000
    return {
        "ms to spool a frame, file and folder flushed": each,
        "ms with the folder flushed every 5 s": batched,
        "ms without any flush": none,
        "ms to write a plain file": bare,
        "flushing each / no flush": each / none,
        "flushing the folder every 5 s / no flush": batched / none,
        "no flush / plain file": none / bare,
    }


def index(folder: Path) -> Rows:
    """The index over many frames: seconds to build, bytes of memory, and what a frame costs to hand out."""
    camera = folder / "many" / "hall"
    camera.mkdir(parents=True)
    for n in range(MANY):
        stamp = f"{BEGIN + timedelta(seconds=n):%Y%m%dT%H%M%S}000Z"
        (camera / f"{stamp}~1~{stamp}.jpg").write_bytes(b"\xff\xd9")
    tracemalloc.start()
    spool = Spool(folder / "many")
    memory, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    spool.close()
    begun = time.perf_counter()
    spool = Spool(folder / "many")
    built_s = time.perf_counter() - begun

    def hand_out() -> None:
        for _ in range(MANY):
            spool.take(fresh=False)

    taken_us = timed(hand_out) / MANY * 1e6
    look_us = timed(lambda: sum(1 for _ in (folder / "many").glob("*/*.jpg"))) * 1e6 / 100
    spool.close()
    return {
        f"s to build the index of {MANY} frames": built_s,
        "bytes of memory a waiting frame": memory / MANY,
        "us to hand out a frame": taken_us,
        "us a frame, looking through the folder for every 100": look_us,
        "looking through / index": look_us / taken_us,
    }


def uploading(folder: Path, frames: int) -> Rows:
    """Frames a second to moto's server, against bare put_object calls one after the other."""
    environment = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }
    os.environ.update(environment)
    code = (
        "import time; from moto.server import ThreadedMotoServer as M; "
        "s = M(ip_address='127.0.0.1', port=0, verbose=False); s.start(); "
        "print(s.get_host_and_port()[1], flush=True); time.sleep(1e6)"
    )
    rows: Rows = {}
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            url = f"http://127.0.0.1:{server.stdout.readline().strip()}" if server.stdout else ""
            config = Config(retries={"total_max_attempts": 1}, max_pool_connections=4)
            client = boto3.client("s3", endpoint_url=url, config=config)
            bucket = f"vigie-{uuid.uuid4().hex[:8]}"
            client.create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
            )

            def bare() -> None:
                for n in range(frames):
                    client.put_object(Bucket=bucket, Key=f"bare/{n}", Body=JPEG)

            bare_fps = frames / timed(bare)
            rows["frames a second, put_object alone"] = bare_fps
            for connections in (1, 2, 4):
                spool = Spool(folder / f"up-{connections}")
                fill(spool, frames, camera_id=f"camera-{connections}")
                loop = Uploader(
                    spool=spool,
                    bucket=FrameBucket(client, bucket),
                    board=StatusBoard([], redact=str),
                    settings=UploadSettings(connections=connections, backlog_fps=math.inf),
                )
                loop.finish()
                cpu = cpu_s()
                fps = frames / timed(loop.run)
                rows[f"uploader / put_object alone, {connections} connections"] = fps / bare_fps
                rows[f"CPU ms a frame, {connections} connections"] = (cpu_s() - cpu) / frames * 1000
                spool.close()
            rows.update(memory(folder, FrameBucket(client, bucket)))
        finally:
            server.kill()
    return rows


def memory(folder: Path, bucket: FrameBucket) -> Rows:
    """Bytes of Python's memory after 500 and after 5,000 uploaded frames, and of the whole process."""
    spool = Spool(folder / "memory")
    loop = Uploader(
        spool=spool, bucket=bucket, board=StatusBoard([], redact=str), settings=UploadSettings(connections=2)
    )
    thread = threading.Thread(target=loop.run)
    thread.start()
    tracemalloc.start()
    traced: list[int] = []
    resident: list[int] = []
    for batch in range(10):
        with patch.object(os, "fsync", lambda _: None):
            for n in range(500):
                at = BEGIN + timedelta(seconds=500 * batch + n)
                spool.add(FrameKey("memory", at), SMALL, interval_s=1, sampled_at=at)
        while spool.left():
            loop.notify()
            time.sleep(0.05)
        gc.collect()
        traced.append(tracemalloc.get_traced_memory()[0])
        resident.append(int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE"))
    tracemalloc.stop()
    loop.finish()
    thread.join()
    spool.close()
    return {
        "bytes that Python holds after 5,000 frames, less those after 500": float(traced[-1] - traced[0]),
        "memory of the process after 5,000 frames / after 500": resident[-1] / resident[0],
    }


def fill(spool: Spool, frames: int, *, camera_id: str = "hall") -> None:
    """Spool that many frames, a second apart."""
    for n in range(frames):
        at = BEGIN + timedelta(seconds=n)
        spool.add(FrameKey(camera_id, at), JPEG, interval_s=1, sampled_at=at)


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def cpu_s() -> float:
    """Return the CPU seconds that this process has used."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    sys.exit(main())
