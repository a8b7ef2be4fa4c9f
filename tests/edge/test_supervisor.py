"""One camera with real ffmpeg: files."""

import os
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from edge_agent.settings import CameraSettings
from tests.edge.rig import Rig

TEN = datetime(2026, 1, 31, 10, tzinfo=UTC)


def file_camera(path: Path, *, fps: float = 2.0) -> CameraSettings:
    return CameraSettings("hall", str(path), fps=fps, start_at=TEN, pace="fast")


def test_capture_times_are_exact_and_repeatable(rig: Rig, shop_clip: Path) -> None:
    status = rig.play(file_camera(shop_clip))
    expected = [TEN + timedelta(seconds=n / 2) for n in range(9)]  # 4.47 s at 2 a second
    assert rig.times() == expected
    assert (status.state, status.sampled, status.error) == ("ended", 9, None)
    assert (status.started_at, status.last_captured_at) == (TEN, TEN + timedelta(seconds=4))
    assert rig.picture(0).shape == (270, 480, 3)

    frames = rig.spool.oldest(100)
    once = [frame.load().jpeg for frame in frames]
    for frame in frames:
        rig.spool.remove(frame)
    rig.play(file_camera(shop_clip))
    assert rig.times() == expected
    assert [frame.load().jpeg for frame in rig.spool.oldest(100)] == once


@pytest.mark.parametrize("fps", [0.7, 2.0, 3.0, 10.0, 25.0])
def test_a_picture_is_the_one_shown_at_its_capture_time(rig: Rig, counting_clip: Path, fps: float) -> None:
    rig.play(file_camera(counting_clip, fps=fps))
    times = rig.times()
    assert len(times) == int(np.ceil(3 * fps))
    for index, instant in enumerate(times):
        # JPEG stretches luma 16..235 to 0..255; each of the clip's pictures is 7 lighter than the last.
        luma = float(rig.picture(index)[..., 1].mean()) * 219 / 255
        shown = int((instant - TEN).total_seconds() * 10 + 0.02)
        assert luma / 7 == pytest.approx(shown, abs=0.3), (index, instant)


def test_colours_and_width(rig: Rig, tmp_path: Path, ffmpeg: str) -> None:
    from tests.edge.conftest import make_clip

    clip = make_clip(ffmpeg, tmp_path / "red.mp4", ["color=c=red:s=640x360:d=1"], "-pix_fmt", "yuv420p")
    rig.play(replace(file_camera(clip, fps=1), max_width=320))
    picture = rig.picture(0)
    assert picture.shape == (180, 320, 3)
    assert picture.mean((0, 1)) == pytest.approx([0, 0, 254], abs=4)


def test_a_file_keeps_its_own_pace(rig: Rig, test_clip: Path) -> None:
    begun = time.monotonic()
    camera = replace(file_camera(test_clip, fps=5), pace="real", start_at=None)
    rig.play(camera)
    assert time.monotonic() - begun >= 2.8  # its last picture is at 2.8 s
    # With no start_at, the capture time is when the picture is shown: nothing comes early. Where the machine
    # is busy ffmpeg begins late, and one picture or another waits; but the file is not played more slowly.
    late = [(frame.sampled_at - frame.key.captured_at).total_seconds() for frame in rig.spool.oldest(100)]
    assert len(late) == 15
    assert all(seconds >= -0.002 for seconds in late)
    assert min(late[-5:]) < 0.5


def test_stop_in_the_middle_of_a_file(rig: Rig, test_clip: Path) -> None:
    camera = replace(file_camera(test_clip, fps=5), pace="real")
    rig.watch(camera, lambda status: status.sampled >= 3)
    assert rig.status().state == "ended"
    assert rig.status().sampled < 15


def test_bad_sources_are_one_sentence(rig: Rig, sound_clip: Path, tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("no video at all\n" * 100)
    rows = [
        (tmp_path / "nowhere.mp4", f"{tmp_path}/nowhere.mp4 does not exist"),
        (tmp_path, f"{tmp_path} is a folder; a source is one file or a URL"),
        (sound_clip, f"{sound_clip} has no video stream"),
        (text, f"{text} cannot be opened: Invalid data found when processing input"),
    ]
    for path, sentence in rows:
        status = rig.play(file_camera(path))
        assert (status.state, status.error, status.sampled) == ("failed", sentence, 0)


def test_a_full_disk_fails_the_camera_and_not_the_agent(
    rig: Rig, test_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        status = rig.play(file_camera(test_clip))
    assert (status.state, status.sampled) == ("failed", 0)
    assert status.error is not None
    assert status.error.endswith("has no room left")
