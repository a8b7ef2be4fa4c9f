"""The motion gate on real clips, and on still ones with what upsets a camera that sees nothing."""

import os
import subprocess
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_agent.ffmpeg import find_ffmpeg, sampling
from edge_agent.gate import MotionGate
from edge_agent.process import FfmpegProcess
from edge_agent.settings import CameraSettings
from tests.conftest import shared_file
from vigie.domain.cameras import Gate
from vigie.errors import SourceError

TEN = datetime(2026, 1, 31, 10, tzinfo=UTC)
# When YOLOv8n sees somebody in the clips, every picture looked at: bench_gate.py measures it.
HALL = [(6.5, 19.0), (23.0, 44.5), (50.5, 69.5), (74.5, 86.5), (92.5, 119.5), (123.5, 135.5)]
ROAD = [(8.0, 8.0), (18.0, 18.5), (27.5, 27.5)]
WALL, FLOOR = 190, 90


@cache
def sampled(clip: Path, fps: float) -> tuple[bytes, ...]:
    command = sampling(CameraSettings("hall", str(clip), fps=fps), find_ffmpeg(os.environ), private=False)
    with FfmpegProcess(command, redact=str) as process:
        return tuple(process.pictures(stopping=lambda: False, patience_s=60))


def judged(gate: MotionGate, jpegs: Iterable[bytes], fps: float, *, start: datetime = TEN) -> list[str]:
    return [gate.judge(jpeg, start + timedelta(seconds=n / fps)) for n, jpeg in enumerate(jpegs)]


@pytest.mark.parametrize("fps", [1.0, 2.0])
@pytest.mark.parametrize(
    ("name", "seen"), [("one-by-one-person-detection.mp4", HALL), ("car-detection.mp4", ROAD)]
)
def test_whoever_is_seen_goes_through(name: str, seen: list[tuple[float, float]], fps: float) -> None:
    verdicts = judged(MotionGate(Gate()), sampled(shared_file(f"data/video/{name}"), fps), fps)
    for begin, end in seen:
        during = verdicts[int(np.ceil(begin * fps)) : int(end * fps) + 1]
        assert "still" not in during, (begin, end)
    assert "still" in verdicts


def scene(number: int, *, gain: float = 1.0, lamp: bool = False, person: float | None = None) -> bytes:
    """A room of 640x360 with texture and noise; a person at that fraction of its width."""
    chance = np.random.default_rng(7)
    room = np.full((360, 640), WALL, float)
    room[220:] = FLOOR
    room[220:] += chance.normal(0, 14, (140, 640 // 8)).repeat(8, axis=1)
    room[60:140, 60:160] = 60
    room[80:200, 420:440] = 120
    if person is not None:
        left = int(person * 640)
        room[110:300, left : left + 60] = 40
        room[160:230, left + 10 : left + 50] = 150
    if lamp:
        x = np.linspace(0, 1, 640)
        room *= 0.75 + 0.4 * x
    room = room * gain + np.random.default_rng(number).normal(0, 6, room.shape)
    done, jpeg = cv2.imencode(".jpg", np.clip(room, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 80])
    assert done
    return jpeg.tobytes()


def test_light_alone_is_no_motion() -> None:
    frames = [
        scene(n, gain=0.8 + 0.2 * np.sin(n / 25) + 0.03 * (n % 2), lamp=(n // 40) % 2 == 1)
        for n in range(240)
    ]
    counts = Counter(judged(MotionGate(Gate()), frames, 1.0))
    assert counts == {"learning": 5, "heartbeat": 3, "still": 232}


def test_a_starved_encoder_is_no_motion(ffmpeg: str, tmp_path: Path) -> None:
    room = tmp_path / "room.jpg"
    room.write_bytes(scene(0))
    clip = tmp_path / "room.mp4"
    noise = "noise=alls=14:allf=t,scale=480:270"
    make_still = ["-y", "-v", "error", "-loop", "1", "-framerate", "4", "-t", "60", "-i", str(room)]
    words = ["-vf", noise, "-c:v", "libx264", "-preset", "ultrafast", "-b:v", "40k", "-g", "10", str(clip)]
    subprocess.run([ffmpeg, *make_still, *words], check=True)
    assert Counter(judged(MotionGate(Gate()), sampled(clip, 2.0), 2.0)) == {"learning": 5, "still": 115}


def test_a_person_who_stands_still_goes_through_until_absorbed_and_leaves_no_ghost() -> None:
    gate = MotionGate(Gate(absorb_s=120))
    came, stands, left = range(20), range(20, 190), range(190, 260)
    frames = [scene(n) for n in came]
    frames += [scene(n, person=0.5) for n in stands]
    frames += [scene(n) for n in left]
    verdicts = judged(gate, frames, 1.0)
    assert set(verdicts[20:140]) == {"motion"}
    assert set(verdicts[150:190]) <= {"still", "heartbeat"}
    assert set(verdicts[197:]) <= {"still", "heartbeat"}


def test_somebody_under_changing_light_stays_seen() -> None:
    gate = MotionGate(Gate())
    frames = [scene(n) for n in range(20)]
    frames += [scene(n, person=0.5, lamp=n >= 30) for n in range(20, 60)]
    assert set(judged(gate, frames, 1.0)[20:]) == {"motion"}


def test_our_own_lamp_is_no_motion_and_hides_nobody() -> None:
    lamp = [scene(n) for n in range(20)] + [scene(n, person=0.3) for n in range(20, 40)]
    gate = MotionGate(Gate(after_s=0))
    gate.ignore_until(TEN + timedelta(seconds=30))
    # Whatever comes while we switch is taken for light, and is none that would go through afterwards.
    assert set(judged(gate, lamp, 1.0)[5:]) == {"still"}

    gate = MotionGate(Gate(after_s=0))
    assert set(judged(gate, lamp, 1.0)[20:]) == {"motion"}
    gate.ignore_until(TEN + timedelta(seconds=60))
    bright = [scene(n, person=0.3, lamp=True, gain=1.1) for n in range(40, 80)]
    assert set(judged(gate, bright, 1.0, start=TEN + timedelta(seconds=40))) == {"motion"}


def test_motion_in_an_ignored_polygon_counts_for_nothing() -> None:
    left_half = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
    frames = [scene(n, person=0.2 if n % 3 else 0.3) for n in range(20, 40)]
    for ignore, verdicts in (((), {"motion", "after"}), ((left_half,), {"still"})):
        gate = MotionGate(Gate(ignore=ignore))
        judged(gate, [scene(n) for n in range(10)], 1.0)
        assert set(judged(gate, frames, 1.0, start=TEN + timedelta(seconds=10))) <= verdicts


def test_sensitivity_says_how_small_a_thing_may_be() -> None:
    def dot(number: int, side: int) -> bytes:
        room = cv2.imdecode(np.frombuffer(scene(number), np.uint8), cv2.IMREAD_GRAYSCALE)
        assert room is not None
        room[20 : 20 + side, 300 : 300 + side] = 20
        return cv2.imencode(".jpg", room)[1].tobytes()

    for side, through in ((14, {"high"}), (36, {"high", "normal"}), (80, {"high", "normal", "low"})):
        for sensitivity in ("low", "normal", "high"):
            gate = MotionGate(Gate(sensitivity=sensitivity))
            judged(gate, [scene(n) for n in range(10)], 1.0)
            verdict = gate.judge(dot(10, side), TEN + timedelta(seconds=10))
            assert (verdict == "motion") == (sensitivity in through), (side, sensitivity)


def test_every_minute_of_the_clock_has_a_heartbeat() -> None:
    frame = scene(0)
    start = TEN + timedelta(seconds=41.3)
    verdicts = judged(MotionGate(Gate()), [frame] * 400, 0.9, start=start)
    minutes = {
        int((start + timedelta(seconds=n / 0.9)).timestamp() // 60)
        for n, verdict in enumerate(verdicts)
        if verdict != "still"
    }
    assert minutes == set(range(min(minutes), min(minutes) + 9))


def test_garbage_is_a_sentence() -> None:
    with pytest.raises(SourceError, match="a picture cannot be decoded"):
        MotionGate(Gate()).judge(b"no picture", TEN)


@pytest.mark.parametrize("back_s", [120, 7_200, 86_400])
def test_a_clock_that_is_set_back_begins_anew(back_s: float) -> None:
    gate = MotionGate(Gate())
    assert judged(gate, [scene(n, person=0.5 if n == 9 else None) for n in range(10)], 1.0)[-1] == "motion"
    gate.ignore_until(TEN + timedelta(seconds=20))
    frames = [scene(n, person=0.3 if n >= 30 else None) for n in range(10, 50)]
    verdicts = judged(gate, frames, 1.0, start=TEN - timedelta(seconds=back_s))
    assert verdicts[:20] == ["learning"] * 5 + ["still"] * 15
    assert verdicts[20:] == ["motion"] * 20


def test_another_shape_of_picture_begins_anew() -> None:
    gate = MotionGate(Gate())
    judged(gate, [scene(n) for n in range(10)], 1.0)
    wide = cv2.imencode(".jpg", np.full((720, 960), 90, np.uint8))[1].tobytes()
    assert gate.judge(wide, TEN + timedelta(seconds=10)) == "learning"


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    cv2.setNumThreads(1)
