"""`python -m edge_agent` as people start it, against moto's S3."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from edge_agent.status import read_status
from tests.edge.servers import CameraServer
from vigie.domain.heartbeats import CameraLife

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TWO = """
bucket = "{bucket}"
[[camera]]
camera_id = "hall"
source = "{clip}"
fps = 2
start_at = 2026-01-31T10:00:00Z
[[camera]]
camera_id = "shop"
source = "{clip}"
fps = 5.0
start_at = 2026-01-31T23:59:59Z
"""


def agent(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edge_agent", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "cameras.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def status_of(tmp_path: Path) -> dict[str, CameraLife]:
    return {camera.camera_id: camera for camera in read_status(tmp_path / "status.json").cameras}


def keys(s3: "S3Client", bucket: str) -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix="frames/").get("Contents", [])]


def log_lines(stderr: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stderr.splitlines()]


def test_run_brings_two_cameras_to_the_bucket(
    tmp_path: Path, s3: "S3Client", bucket: str, test_clip: Path
) -> None:
    config = written(tmp_path, TWO.format(bucket=bucket, clip=test_clip))
    done = agent("run", "--config", config, "--pace", "fast")
    assert done.returncode == 0, done.stderr
    found = keys(s3, bucket)
    assert [key for key in found if "/hall/" in key] == [
        f"frames/hall/2026/01/31/10/20260131T1000{n // 2:02d}{n % 2 * 500:03d}Z.jpg" for n in range(6)
    ]
    assert len([key for key in found if "/shop/" in key]) == 15
    assert "frames/shop/2026/02/01/00/20260201T000000000Z.jpg" in found
    stored = s3.get_object(Bucket=bucket, Key=found[0])
    assert stored["Metadata"]["interval-s"] == "0.5"
    assert stored["Metadata"].keys() == {"interval-s", "sampled-at", "sha256"}
    picture = cv2.imdecode(np.frombuffer(stored["Body"].read(), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (240, 320, 3)

    status = status_of(tmp_path)
    assert status["hall"] == CameraLife(
        camera_id="hall",
        state="ended",
        sampled=6,
        uploaded=6,
        started_at=datetime(2026, 1, 31, 10, tzinfo=UTC),
        last_captured_at=datetime(2026, 1, 31, 10, 0, 2, 500_000, tzinfo=UTC),
    )
    assert status["shop"].uploaded == 15
    assert not list((tmp_path / "spool").glob("*/*"))
    assert {line["level"] for line in log_lines(done.stderr)} == {"INFO"}

    again = agent("run", "--config", config, "--pace", "fast", "--spool", str(tmp_path / "other"))
    assert again.returncode == 0, again.stderr
    assert keys(s3, bucket) == found


def test_one_bad_source_stops_no_other_and_ends_with_1(
    tmp_path: Path, s3: "S3Client", bucket: str, test_clip: Path, sound_clip: Path
) -> None:
    text = TWO.format(bucket=bucket, clip=test_clip)
    text += '[[camera]]\ncamera_id = "gone"\nsource = "gone.mp4"\n'
    text += f'[[camera]]\ncamera_id = "mute"\nsource = "{sound_clip}"\n'
    done = agent("run", "--config", written(tmp_path, text), "--pace", "fast")
    assert done.returncode == 1
    assert len(keys(s3, bucket)) == 21
    status = status_of(tmp_path)
    assert (status["gone"].state, status["gone"].error) == (
        "failed",
        f"{tmp_path}/gone.mp4 does not exist",
    )
    assert (status["mute"].state, status["mute"].error) == (
        "failed",
        f"{sound_clip} has no video stream",
    )
    assert (status["hall"].state, status["shop"].state) == ("ended", "ended")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(
    tmp_path: Path,
    s3: "S3Client",
    bucket: str,
    test_clip: Path,
    camera_server: CameraServer,
    number: signal.Signals,
) -> None:
    camera_server.pictures = 10_000
    user, password = camera_server.user, camera_server.password
    text = TWO.format(bucket=bucket, clip=test_clip).replace("fps = 2\n", "fps = 1\n")
    text += '[[camera]]\ncamera_id = "yard"\nfps = 5\n'
    text += f'source = "http://${{U}}:${{P}}@{camera_server.address}/private"\n'
    command: Sequence[str] = [sys.executable, "-m", "edge_agent", "run", "--config", written(tmp_path, text)]
    environment = {**os.environ, "U": user, "P": password}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as running:
        deadline = time.monotonic() + 20
        while not any("/yard/" in key for key in keys(s3, bucket)):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        running.send_signal(number)
        sent = time.monotonic()
        _, stderr = running.communicate(timeout=10)
    assert running.returncode == 0, stderr
    assert time.monotonic() - sent < 5
    assert "Traceback" not in stderr
    assert log_lines(stderr)[-1]["message"] == "agent stopped"
    status = status_of(tmp_path)
    assert {camera.state for camera in status.values()} == {"ended"}
    assert all(camera.sampled == camera.uploaded for camera in status.values())
    everything = stderr + (tmp_path / "status.json").read_text() + "".join(keys(s3, bucket))
    assert password not in everything


def test_frames_of_an_outage_wait_on_disk_for_the_next_run(
    tmp_path: Path, s3: "S3Client", bucket: str, test_clip: Path
) -> None:
    config = written(tmp_path, TWO.format(bucket=bucket, clip=test_clip))
    nobody = "http://127.0.0.1:9"
    command = [sys.executable, "-m", "edge_agent", "run", "--config", config, "--pace", "fast"]
    with subprocess.Popen(
        command, env={**os.environ, "AWS_ENDPOINT_URL": nobody}, stderr=subprocess.PIPE, text=True
    ) as running:
        deadline = time.monotonic() + 20
        while not (tmp_path / "status.json").exists() or status_of(tmp_path)["shop"].state != "ended":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        running.terminate()
        _, stderr = running.communicate(timeout=10)
    assert running.returncode == 0, stderr
    assert status_of(tmp_path)["hall"].spooled == 6
    assert keys(s3, bucket) == []
    written(
        tmp_path, f'bucket = "{bucket}"\n[[camera]]\ncamera_id = "hall"\nsource = "{test_clip}"\nfps = 2\n'
    )
    done = agent("run", "--config", config, "--pace", "fast")
    assert done.returncode == 0, done.stderr
    assert len([key for key in keys(s3, bucket) if "/2026/01/31/" in key or "/2026/02/01/" in key]) == 21


def test_check_says_a_sentence_a_camera(tmp_path: Path, test_clip: Path, camera_server: CameraServer) -> None:
    text = (
        f'bucket = "vigie-data"\n[[camera]]\ncamera_id = "hall"\nsource = "{test_clip}"\nfps = 2\n'
        f'[[camera]]\ncamera_id = "yard"\nsource = "{camera_server.url}/stream?token=s3cr3t"\n'
    )
    done = agent("check", "--config", written(tmp_path, text))
    assert (done.returncode, done.stderr) == (0, "")
    hall, yard = done.stdout.splitlines()
    assert hall == "hall: 320x240 at 10 fps (h264), to be sampled at 2 fps"
    assert yard.startswith("yard: 160x120 at ")

    text += '[[camera]]\ncamera_id = "gone"\nsource = "gone.mp4"\n'
    text += f'[[camera]]\ncamera_id = "shut"\nsource = "http://me:s3cr3t@{camera_server.address}/elsewhere"\n'
    done = agent("check", "--config", written(tmp_path, text))
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"gone: {tmp_path}/gone.mp4 does not exist",
        "shut: its HTTP source cannot be opened: Server returned 404 Not Found",
    ]
    assert "s3cr3t" not in done.stdout + done.stderr


def test_snapshot(tmp_path: Path, test_clip: Path) -> None:
    config = written(tmp_path, TWO.format(bucket="vigie-data", clip=test_clip))
    picture = tmp_path / "hall.jpg"
    done = agent("snapshot", "--config", config, "--camera", "hall", "--output", str(picture))
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{picture}\n", "")
    shot = cv2.imread(str(picture))
    assert shot is not None
    assert shot.shape == (240, 320, 3)
    done = agent("snapshot", "--config", config, "--camera", "door")
    assert (done.returncode, done.stderr) == (2, f"{config} has no camera 'door'; it has hall, shop\n")


def test_a_bad_file_is_one_sentence_and_ends_with_2(tmp_path: Path) -> None:
    config = written(
        tmp_path, 'bucket = "vigie-data"\n[[camera]]\ncamera_id = "hall"\nsource = "a.mp4"\nfps = 0\n'
    )
    done = agent("run", "--config", config)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{config}: camera 'hall': fps must be over 0 and at most 30, not 0\n"
