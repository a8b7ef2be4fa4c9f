"""An agent killed 50 times at random moments, before an S3 that fails in every way: each frame comes once.

Run it as `python tests/benchmarks/bench_chaos.py [--kills N]`; it is the test of tests/edge/test_chaos_s3.py
at its full length, prints a table, writes build/bench/chaos.json, and exits 1 when a frame was lost, came
twice or was torn.
"""

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import ExitStack
from pathlib import Path

import boto3
from moto.server import ThreadedMotoServer

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from edge_agent.ffmpeg import find_ffmpeg  # noqa: E402
from tests.edge.chaos_proxy import ChaosProxy  # noqa: E402
from tests.edge.conftest import CREDENTIALS  # noqa: E402
from tests.edge.ledger import Ledger, notified_bucket  # noqa: E402
from tests.edge.servers import CameraServer  # noqa: E402
from tests.edge.test_chaos_s3 import kill_and_kill_again  # noqa: E402

OUT = CHECKOUT / "build" / "bench"


def main() -> int:
    """Kill and count; returns the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=50)
    kills = parser.parse_args().kills
    os.environ.update(CREDENTIALS)
    picture = [find_ffmpeg(os.environ), "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=160x120:d=1"]
    jpeg = subprocess.run(
        [*picture, "-frames:v", "1", "-f", "mjpeg", "pipe:1"], check=True, capture_output=True
    ).stdout
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    os.environ["AWS_ENDPOINT_URL"] = f"http://{host}:{port}"
    begun = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        proxy = stack.enter_context(ChaosProxy(os.environ["AWS_ENDPOINT_URL"]))
        cameras = stack.enter_context(CameraServer(jpeg))
        s3, sqs = boto3.client("s3"), boto3.client("sqs")
        bucket = f"vigie-{uuid.uuid4().hex[:12]}"
        ledger = Ledger(s3, sqs, bucket=bucket, queue=notified_bucket(s3, sqs, bucket))
        try:
            kill_and_kill_again(folder, ledger, proxy, cameras, kills=kills)
        except AssertionError as error:
            sys.stderr.write(f"failed: {error}\n")
            return 1
        rows = {
            "kills": kills,
            "faults met": dict(proxy.met),
            "frames in the bucket": len(ledger.arrived()),
            "lost, twice or torn": 0,
            "seconds": round(time.monotonic() - begun),
        }
    moto.stop()
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "chaos.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    for label, value in rows.items():
        sys.stdout.write(f"{label:24} {value}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
