"""Frames within their share of bytes, on real pictures with a sensor's noise."""

import subprocess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge_agent.compression import within_share
from edge_agent.settings import CameraSettings
from tests.edge.conftest import make_clip
from tests.edge.rig import Rig


def noisy(ffmpeg: str, picture: Path, strength: int, size: tuple[int, int]) -> bytes:
    """A picture as a camera sees it in the dark, made a JPEG as the agent's ffmpeg does."""
    graph = f"scale={size[0]}:{size[1]},noise=alls={strength}:allf=t"
    encoder = ["-c:v", "mjpeg", "-color_range", "pc", "-pix_fmt", "yuv420p", "-q:v", "4"]
    command = [ffmpeg, "-v", "error", "-i", str(picture), "-vf", graph, *encoder, "-f", "mjpeg", "pipe:1"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def shape(jpeg: bytes) -> tuple[int, int]:
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    return decoded.shape[1], decoded.shape[0]


@pytest.mark.parametrize("size", [(320, 180), (640, 360), (1280, 720)])
@pytest.mark.parametrize("strength", [20, 45, 90])
def test_a_noisy_frame_is_at_most_a_fifteenth_of_raw(
    ffmpeg: str, coco_folder: Path, strength: int, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = size[0] * size[1] * 3
    tries = []
    honest = cv2.imencode
    pictures = [noisy(ffmpeg, path, strength, size) for path in sorted(coco_folder.glob("*.jpg"))[::32]]
    assert max(map(len, pictures)) > raw / 15

    def counted(*words: Any) -> Any:
        tries.append(words)
        return honest(*words)

    monkeypatch.setattr(cv2, "imencode", counted)
    for jpeg in pictures:
        tries.clear()
        kept = within_share(jpeg)
        assert len(kept) <= raw / 15
        assert shape(kept) == size
        assert (kept is jpeg) == (len(jpeg) <= raw / 15)
        assert len(tries) <= 1, "one try suffices"
        assert len(kept) > raw / 30, "no coarser than needed"


def test_a_bound_of_ones_own_and_what_cannot_be_bounded(ffmpeg: str, coco_folder: Path) -> None:
    jpeg = noisy(ffmpeg, min(coco_folder.glob("*.jpg")), 45, (640, 360))
    assert len(within_share(jpeg, max_kib=20)) <= 20 * 1024
    assert within_share(jpeg, max_kib=1000) is jpeg
    coarsest = within_share(jpeg, max_kib=1)
    assert 1024 < len(coarsest) < 20 * 1024
    assert shape(coarsest) == (640, 360)


@pytest.mark.parametrize(
    "bytes_", [b"", b"\xff\xd8", b"\xff\xd8\xff\xe0\x00\x00" * 100, b"no picture" * 10_000], ids=len
)
def test_what_cannot_be_read_is_left_as_it_is(bytes_: bytes) -> None:
    assert within_share(bytes_) is bytes_
    assert within_share(bytes_, max_kib=8) is bytes_


def test_a_picture_of_a_pixel_has_no_share_to_stay_within() -> None:
    made, jpeg = cv2.imencode(".jpg", np.zeros((1, 1, 3), np.uint8))
    assert made
    picture = jpeg.tobytes()
    assert within_share(picture) is picture


def test_frames_are_bounded_before_they_are_spooled(rig: Rig, ffmpeg: str, tmp_path: Path) -> None:
    clip = make_clip(
        ffmpeg,
        tmp_path / "night.mkv",
        ["color=c=gray:s=640x360:r=5:d=1,noise=alls=60:allf=t"],
        "-c:v",
        "ffv1",
    )
    rig.play(CameraSettings("hall", str(clip), fps=5, pace="fast"))
    sizes = [len(frame.load().jpeg) for frame in rig.spool.oldest(10)]
    assert len(sizes) == 5
    assert max(sizes) <= 640 * 360 * 3 / 15
    rig.play(CameraSettings("hall", str(clip), fps=5, pace="fast", max_frame_kib=1000))
    assert max(len(frame.load().jpeg) for frame in rig.spool.oldest(10)) > 640 * 360 * 3 / 15
