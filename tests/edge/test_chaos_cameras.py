"""One agent with real ffmpeg and its own patience of 20 s, before cameras that do what cameras do.

All at once, since the waiting is the same: one ffmpeg is killed, one stopped, one fed garbage, one stream
falls silent, one HLS server hangs; and beside them a camera to which nothing happens.
"""

import contextlib
import http.server
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sized
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.edge.running import Agent, wait_for
from tests.edge.servers import CameraServer
from vigie.domain.frames import FrameKey

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

RECOVERY = timedelta(seconds=25)


@pytest.fixture
def hls(ffmpeg: str, tmp_path: Path, test_clip: Path) -> Iterator[tuple[str, int]]:
    """A live HLS stream: its address, and the process that makes it."""
    folder = tmp_path / "hls"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    command = [ffmpeg, "-v", "error", "-re", "-stream_loop", "-1", "-i", str(test_clip), "-g", "10"]
    command += ["-c:v", "libx264", "-preset", "ultrafast", "-f", "hls", "-hls_time", "1"]
    command += ["-hls_list_size", "4", "-hls_flags", "delete_segments", str(folder / "live.m3u8")]
    with subprocess.Popen(command) as maker:
        try:
            wait_for(lambda: (folder / "live.m3u8").exists())
            yield f"http://127.0.0.1:{server.server_port}/live.m3u8", maker.pid
        finally:
            maker.send_signal(signal.SIGCONT)
            maker.kill()
            server.shutdown()
            thread.join()
            server.server_close()


QUALITIES = {"killed": 5, "stopped": 6}


def ffmpeg_of(agent_pid: int, quality: int) -> int | None:
    """The process number of the agent's ffmpeg of the camera with that quality: its URL is not to be seen."""
    mark = f"\0-q:v\0{quality}\0"
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            words = (folder / "cmdline").read_text()
            if parent == str(agent_pid) and mark in words and "mpjpeg" in words:
                return int(folder.name)
    return None


def capture_times(s3: "S3Client", bucket: str, camera_id: str) -> list[datetime]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"frames/{camera_id}/")
    return [FrameKey.parse(item["Key"]).captured_at for page in pages for item in page.get("Contents", ())]


def has_more(requests: Sized, than: int) -> bool:
    return len(requests) > than


def longest_gap(times: list[datetime]) -> timedelta:
    return max(later - earlier for earlier, later in pairwise(times))


def test_cameras_come_back_and_disturb_no_other(
    tmp_path: Path, s3: "S3Client", bucket: str, moto_url: str, hls: tuple[str, int], jpeg: bytes
) -> None:
    hls_url, hls_maker = hls
    names = ("steady", "killed", "stopped", "silent", "garbage")
    with contextlib.ExitStack() as stack:
        servers = {name: stack.enter_context(CameraServer(jpeg, pictures=10**9)) for name in names}
        paths = {"silent": "/silent", "garbage": "/garbage"}
        text = f'bucket = "{bucket}"\n[upload]\nconnections = 4\n'
        for name, server in servers.items():
            url = server.url + paths.get(name, "/stream")
            text += f'[[camera]]\ncamera_id = "{name}"\nsource = "{url}"\nfps = 4\n'
            text += f"quality = {QUALITIES.get(name, 4)}\n"
        text += f'[[camera]]\ncamera_id = "hls"\nsource = "{hls_url}"\nfps = 4\n'
        agent = stack.enter_context(Agent(tmp_path, text, moto_url))
        pid = agent.process.pid

        def times(name: str) -> list[datetime]:
            return capture_times(s3, bucket, name)

        for name in ("steady", "killed", "stopped", "hls"):
            wait_for(lambda name=name: bool(times(name)))  # type: ignore[misc]
        begun = datetime.now(UTC)
        time.sleep(3)  # what the steady camera does when nothing happens
        disturbed = datetime.now(UTC)
        killed, stopped = (ffmpeg_of(pid, quality) for quality in QUALITIES.values())
        assert killed
        assert stopped
        os.kill(killed, signal.SIGKILL)
        os.kill(stopped, signal.SIGSTOP)
        os.kill(hls_maker, signal.SIGSTOP)
        wait_for(lambda: times("killed")[-1] > disturbed + timedelta(seconds=2))
        wait_for(lambda: times("stopped")[-1] > disturbed + timedelta(seconds=5))
        os.kill(hls_maker, signal.SIGCONT)
        continued = datetime.now(UTC)
        wait_for(lambda: times("hls")[-1] > continued)
        wait_for(lambda: len(servers["garbage"].requests) >= 2)
        # Whichever notices first, ffmpeg's own time-out or the agent's watch: it is asked again, and again.
        silent = servers["silent"].requests
        for asked in (len(silent), len(silent) + 1):
            wait_for(partial(has_more, silent, asked), seconds=RECOVERY.total_seconds())
        ended = datetime.now(UTC)
        agent.process.send_signal(signal.SIGTERM)
        assert agent.process.wait(20) == 0

    assert longest_gap(times("killed")) < RECOVERY
    assert longest_gap(times("stopped")) < RECOVERY
    steady = times("steady")
    before = len([at for at in steady if begun <= at < disturbed]) / (disturbed - begun).total_seconds()
    during = len([at for at in steady if disturbed <= at < ended]) / (ended - disturbed).total_seconds()
    assert during > 0.75 * before
    assert longest_gap(steady) < timedelta(seconds=5)
    assert not Path(f"/proc/{stopped}").exists()
    log_text = (tmp_path / "log").read_text()
    assert "ended by signal 9" in log_text
    assert "Traceback" not in log_text
