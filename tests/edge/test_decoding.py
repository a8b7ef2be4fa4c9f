"""How much of a live stream is decoded, on streams made by real ffmpeg."""

import contextlib
import math
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from edge_agent.decoding import DecodeOtherwise, Decoding, DecodingChoice, Way
from edge_agent.ffmpeg import Command, sampling
from edge_agent.hardware import Hardware, Method, candidates
from edge_agent.probe import advice, probe
from edge_agent.settings import CameraSettings
from tests.edge.conftest import make_clip
from tests.edge.rig import QUICK, Rig
from tests.edge.servers import _Server
from tests.edge.test_decoding_choice import Clock, camera, pictures


class StreamServer(_Server):
    """Gives a transport stream at its own pace, anew on each connection; `connections` counts them."""

    def __init__(self, clip: Path, seconds: float) -> None:
        self.connections = 0
        self.ahead_s = 1.0  # so that ffmpeg knows the stream soon
        self.stalls_after_s = math.inf  # the first connection, for good
        self.closing = threading.Event()
        server, content = self, clip.read_bytes()

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                server.connections += 1
                most_s = server.stalls_after_s if server.connections == 1 else math.inf
                self.send_response(200)
                self.send_header("Content-Type", "video/mp2t")
                self.end_headers()
                begun, sent = time.monotonic(), 0
                with contextlib.suppress(OSError):
                    while sent < len(content) and not server.closing.wait(0.02):
                        played_s = min(time.monotonic() - begun, most_s) + server.ahead_s
                        due = int(played_s / seconds * len(content))
                        self.wfile.write(content[sent:due])
                        sent = due

        super().__init__(Handler)

    def __exit__(self, *parts: object) -> None:
        self.closing.set()
        super().__exit__(*parts)


@pytest.fixture
def stream(request: pytest.FixtureRequest, ffmpeg: str, tmp_path: Path) -> Iterator[StreamServer]:
    options = ["-c:v", "libx264", "-preset", "ultrafast", "-g", str(request.param), "-muxrate", "2M"]
    clip = make_clip(ffmpeg, tmp_path / "live.ts", ["testsrc2=s=320x240:r=10:d=20"], *options)
    with StreamServer(clip, 20) as server:
        yield server


@pytest.mark.parametrize("stream", [5], indirect=True)
def test_keyframes_alone_hold_the_rate(rig: Rig, stream: StreamServer) -> None:
    rig.endurance = replace(QUICK, patience_s=10.0)  # ffmpeg looks at a stream for a while first
    rig.watch(camera(stream.url, fps=2), lambda status: status.sampled >= 8)
    gaps = [(b - a).total_seconds() for a, b in pairwise(rig.times())]
    assert stream.connections == 1
    assert sum(gaps[2:]) / len(gaps[2:]) == pytest.approx(0.5, abs=0.12)


@pytest.mark.parametrize("stream", [100], indirect=True)
def test_rare_keyframes_are_not_enough(rig: Rig, stream: StreamServer) -> None:
    rig.endurance = replace(QUICK, patience_s=10.0)  # ffmpeg looks at a stream for a while first
    rig.watch(camera(stream.url, fps=2), lambda status: status.sampled >= 8)
    gaps = [(b - a).total_seconds() for a, b in pairwise(rig.times())]
    assert stream.connections == 2
    assert sum(gaps[-5:]) / 5 == pytest.approx(0.5, abs=0.12)
    # No word of a failure: nothing has failed.
    assert rig.status().error is None


@pytest.mark.parametrize("stream", [5], indirect=True)
def test_after_a_stall_keyframes_alone_go_on(
    rig: Rig, stream: StreamServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways: list[Way] = []

    def watched(*arguments: Any, way: Way, **more: Any) -> Command:
        ways.append(way)
        return sampling(*arguments, way=way, **more)

    monkeypatch.setattr("edge_agent.captures.sampling", watched)
    stream.stalls_after_s = 5.0
    rig.endurance = replace(QUICK, patience_s=10.0)
    rig.watch(camera(stream.url, fps=2), lambda status: len(ways) == 2 and status.sampled >= 12)
    assert ways == [Way(Decoding.KEYFRAMES)] * 2
    assert rig.status().error is None


@pytest.mark.parametrize(
    ("stream", "settings", "sentence"),
    [
        (
            20,
            {},
            "; this camera sends a keyframe each 2 s: set its I-frame interval to 1 s (10 pictures) and the "
            "agent needs about a fifth of the CPU",
        ),
        (
            20,
            {"decode": "keyframes"},
            "; this camera sends a keyframe each 2 s: set its I-frame interval to 1 s (10 pictures) and "
            "pictures come as often as is wanted",
        ),
        (20, {"fps": 5.0}, ""),  # no camera has so many keyframes
        (5, {"fps": 2.0}, ""),
        (
            200,
            {},
            "; this camera sends no keyframe for 1 s: set its I-frame interval to 1 s (10 pictures) and "
            "the agent needs about a fifth of the CPU",
        ),
    ],
    indirect=["stream"],
)
def test_check_says_what_keyframe_interval_to_set(
    ffmpeg: str, stream: StreamServer, settings: Any, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.ffmpeg.KEYFRAME_LOOK_S", 3)
    monkeypatch.setattr("edge_agent.probe.KEYFRAME_LOOK_S", 1)
    stream.ahead_s = 0.1  # what comes in a burst is of one time
    begun = time.monotonic()
    yard = camera(stream.url, **settings)
    facts = probe(yard, ffmpeg, private=False, redact=str)
    assert (facts.width, facts.height) == (320, 240)
    assert facts.fps == pytest.approx(10, abs=1)
    assert facts.keyframe_s is not None
    # Times of arrival tremble.
    exact = facts.keyframe_s if math.isinf(facts.keyframe_s) else round(2 * facts.keyframe_s) / 2
    assert advice(yard, replace(facts, fps=10.0, keyframe_s=exact)) == sentence
    assert time.monotonic() - begun < 10, "the second keyframe ends the look"


@pytest.mark.parametrize(
    ("keyframe_s", "taken"),
    [
        (1.0, {60}),  # each, however they tremble
        (0.6, {60, 61}),
        (0.5, {60, 61}),  # no more than is wanted, but for one at the beginning
        (2.0, {30}),
    ],
)
def test_keyframes_that_tremble_are_all_taken_and_none_beyond_the_rate(
    ffmpeg: str, keyframe_s: float, taken: set[int]
) -> None:
    words = sampling(camera(), "ffmpeg", private=False, way=Way(Decoding.KEYFRAMES)).arguments
    chosen = re.findall("select='.*?'", words[words.index("-vf") + 1])[0]
    # Every second one is 0.4 of an interval late.
    late = f"setpts='(N+0.4*mod(N,2))*{keyframe_s}/TB'"
    made = ["-f", "lavfi", "-i", f"color=s=16x16:r=100:d={60 / keyframe_s / 100}", "-vf", f"{late},{chosen}"]
    command = [ffmpeg, "-v", "error", *made, "-fps_mode", "passthrough", "-f", "framecrc", "-"]
    listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    assert len([line for line in listing if not line.startswith("#")]) in taken


def test_the_command_line_skips_before_it_decodes() -> None:
    for decoding, words in (
        (Decoding.KEYFRAMES, "-skip_frame nokey"),
        (Decoding.REFERENCES, "-skip_frame noref"),
    ):
        command = sampling(camera(), "ffmpeg", private=False, way=Way(decoding))
        assert words in " ".join(command.arguments).split(" -i ")[0]


def test_a_stream_without_keyframes_is_not_tried_in_the_same_way_again(tmp_path: Path, rig: Rig) -> None:
    """A program in ffmpeg's place that gives no picture, as ffmpeg does for such a stream."""
    mute, said = tmp_path / "mute", tmp_path / "said"
    mute.write_text(f'#!/bin/sh\necho "$@" >> {said}\nexec sleep 30\n')
    mute.chmod(0o755)
    runs = Rig(rig.spool, str(mute))
    runs.watch(
        CameraSettings("yard", "rtsp://192.0.2.7/live", hardware="off"),
        lambda _: said.exists() and len(said.read_text().splitlines()) == 4,
    )
    skipped = [re.findall(r"-skip_frame (\w+)", line) for line in said.read_text().splitlines()]
    assert skipped == [["nokey"], ["noref"], [], []]


NOWHERE = Hardware(Method("vaapi", "/dev/none", "-hwaccels", "vaapi", ("-hwaccel", "vaapi")), "ffmpeg")


def test_hardware_comes_after_keyframes_and_is_given_up_when_it_fails() -> None:
    clock = Clock()
    asked: list[str] = []

    def find(settings: CameraSettings) -> tuple[Hardware, ...]:
        asked.append(settings.hardware)
        return (NOWHERE,)

    choice = DecodingChoice(find=find, clock=clock)
    assert choice.begin(camera()) == Way(Decoding.KEYFRAMES)
    assert not asked
    choice.failed()  # the camera's fault
    with pytest.raises(DecodeOtherwise):
        choice.give_up()
    assert choice.begin(camera()) == Way(Decoding.ALL, NOWHERE)
    pictures(choice, clock, 5.0)  # however slowly: no other way gives more
    with pytest.raises(DecodeOtherwise):
        choice.failed()
    assert choice.begin(camera()) == Way(Decoding.REFERENCES)


@pytest.mark.parametrize("stream", [100], indirect=True)
def test_a_healthy_run_ends_by_itself_so_that_keyframes_are_tried_again(
    rig: Rig, stream: StreamServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.decoding._FIRST_REST_S", 0.5)
    rig.endurance = replace(QUICK, patience_s=10.0)
    settings = CameraSettings("yard", stream.url, fps=2, hardware="off")
    rig.watch(settings, lambda status: stream.connections >= 4 and status.sampled >= 6)
    assert rig.status().error is None  # it is no failure, and waits for nothing


@pytest.mark.parametrize("stream", [5], indirect=True)
def test_hardware_that_is_not_there_costs_one_more_run(rig: Rig, stream: StreamServer) -> None:
    rig.endurance = replace(QUICK, patience_s=10.0)
    settings = CameraSettings("yard", stream.url, fps=5, hardware="vaapi")
    rig.watch(settings, lambda status: status.sampled >= 3)
    assert stream.connections == 2
    assert rig.status().error is None


def test_candidates(monkeypatch: pytest.MonkeyPatch, ffmpeg: str, tmp_path: Path) -> None:
    assert candidates(ffmpeg, "off") == ()
    (named,) = candidates(ffmpeg, "vaapi")
    assert (named.method.name, named.executable) == ("vaapi", ffmpeg)
    # The system's ffmpeg is asked too: it may have what ours has not.
    system = tmp_path / "ffmpeg"
    system.write_text("#!/bin/sh\necho ' V..... h264_v4l2m2m  V4L2 mem2mem H.264 decoder wrapper'\n")
    system.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert str(system) in {each.executable for each in candidates(ffmpeg, "v4l2m2m")}
    assert candidates(str(tmp_path / "gone"), "vaapi") == ()


def test_what_hardware_is_told(ffmpeg: str) -> None:
    (hardware,) = candidates(ffmpeg, "vaapi")
    words = sampling(camera(), ffmpeg, private=False, way=Way(Decoding.ALL, hardware)).arguments
    assert "-hwaccel vaapi -hwaccel_output_format vaapi" in " ".join(words)
    # Out of the device's memory comes only what was picked.
    assert words[words.index("-vf") + 1].index("select=") < words[words.index("-vf") + 1].index("hwdownload")
