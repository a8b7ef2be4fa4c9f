"""RTSP with real video: GStreamer's RTSP server on loopback, with a password, over TCP and UDP.

Run where the system's Python has GStreamer's bindings (`apt-get install gir1.2-gst-rtsp-server-1.0 python3-gi
gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly`), which pip cannot install, so
that also under CI=true it is skipped without them.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from edge_agent.probe import advice, probe
from edge_agent.redaction import Redactor
from edge_agent.settings import CameraSettings
from edge_agent.supervisor import Endurance
from tests.edge.rig import Rig
from vigie.domain.heartbeats import CameraLife

SCRIPT = Path(__file__).with_name("rtsp_camera.py")
USER, PASSWORD = "watcher", "r0sebud-0f-rtsp"


def system_python() -> str:
    """The Python that has GStreamer's bindings; a virtual environment has none."""
    found = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else shutil.which("python3")
    if found is None:
        pytest.skip("there is no python3 beside the virtual environment's, which has GStreamer's bindings")
    checked = subprocess.run([found, str(SCRIPT), "--check"], capture_output=True, text=True, check=False)
    lacking = checked.stdout.split() or ([] if checked.returncode == 0 else [checked.stderr.strip()[-200:]])
    if lacking:
        pytest.skip(f"RTSP with real video needs, of the system, {', '.join(lacking)}")
    return found


class RtspCamera:
    """The server's process; it can be stopped and started again at its port."""

    def __init__(self, folder: Path, *, keyframe_interval: int, transport: str) -> None:
        self._python = system_python()
        self._said = folder / "rtsp"
        self._options = [USER, PASSWORD, str(keyframe_interval), transport]
        self.port = "0"
        self._watchers: list[str] = []
        self.start()

    def start(self) -> None:
        with self._said.open("a") as said:
            words = [self._python, str(SCRIPT), self.port, *self._options]
            self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=said, text=True)
        assert self.process.stdout is not None
        self.port = self.process.stdout.readline().removeprefix("ready ").strip()

    def end(self) -> list[str]:
        """End it; return what it said of each watcher."""
        if self.process.poll() is None:
            self.process.kill()
            self._watchers = self.process.communicate()[0].splitlines()
        return self._watchers

    def settings(self, password: str = PASSWORD, *, fps: float = 1.0) -> CameraSettings:
        source = f"rtsp://{USER}:{password}@127.0.0.1:{self.port}/live"
        return CameraSettings("yard", source, fps=fps, hardware="off")


@pytest.fixture
def rtsp(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RtspCamera]:
    interval, transport = getattr(request, "param", (10, "any"))
    server = RtspCamera(tmp_path, keyframe_interval=interval, transport=transport)
    yield server
    server.end()


@pytest.mark.parametrize(("rtsp", "over"), [((10, "any"), "tcp"), ((10, "udp"), "udp")], indirect=["rtsp"])
def test_keyframes_alone_come_over_tcp_first_and_over_udp_when_that_is_refused(
    rig: Rig, rtsp: RtspCamera, over: str
) -> None:
    rig.endurance = Endurance()
    rig.watch(rtsp.settings(), lambda status: status.sampled >= 7, private=True)
    gaps = [(b - a).total_seconds() for a, b in pairwise(rig.times())]
    # What waited while ffmpeg looked at the stream comes in one burst.
    assert sum(gaps[-3:]) / 3 == pytest.approx(1, abs=0.2)
    assert rig.picture(0).shape == (240, 320, 3)
    # One connection: nothing but keyframes was ever decoded.
    assert rtsp.end()[-1:] == [f"over {over}"]


def test_a_wrong_password_is_told_without_it(
    rig: Rig, rtsp: RtspCamera, caplog: pytest.LogCaptureFixture
) -> None:
    errors = set()

    def refused(status: CameraLife) -> bool:
        errors.add(status.error)
        return status.state == "waiting"

    with caplog.at_level("DEBUG", logger="edge_agent"):
        rig.watch(rtsp.settings("wr0ng-0f-rtsp"), refused, private=True)
    assert errors == {None, "Server returned 401 Unauthorized (authorization failed)"}
    said = [str(vars(record)) for record in caplog.records]
    assert any("401" in line for line in said)
    assert not any("wr0ng-0f-rtsp" in line for line in said)


@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_a_camera_that_was_away_is_back_within_25_s(rig: Rig, rtsp: RtspCamera, how: str) -> None:
    """Killed it is away as by a power cut; stopped it keeps its connections and sends nothing."""
    rig.endurance = Endurance(patience_s=20.0 if how == "killed" else 4.0)
    steps = iter(["runs", "away", "back"])
    step, sampled = next(steps), 0

    def through(status: CameraLife) -> bool:
        nonlocal step, sampled
        if step == "runs" and status.sampled >= 2:
            os.kill(rtsp.process.pid, signal.SIGKILL if how == "killed" else signal.SIGSTOP)
            step = next(steps)
        elif step == "away" and status.state == "waiting":
            sampled = status.sampled
            if how == "killed":
                rtsp.process.communicate()
                rtsp.start()
            else:
                os.kill(rtsp.process.pid, signal.SIGCONT)
            step = next(steps)
        return step == "back" and status.sampled >= sampled + 2

    rig.watch(rtsp.settings(fps=2), through, private=True)  # which has patience for 15 s in all
    assert step == "back"


@pytest.mark.parametrize("rtsp", [(40, "any")], indirect=True)
def test_check_tells_size_rate_and_keyframes(rtsp: RtspCamera, ffmpeg: str) -> None:
    yard = rtsp.settings()
    facts = probe(yard, ffmpeg, private=True, redact=Redactor(yard.secrets()))
    assert (facts.codec, facts.width, facts.height) == ("h264", 320, 240)
    assert facts.fps == pytest.approx(10, abs=1)
    assert advice(yard, facts).startswith(
        "; this camera sends a keyframe each 4 s: set its I-frame interval to 1 s"
    )
