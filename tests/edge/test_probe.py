"""What `check` reads out of ffmpeg's list of packets, and what it advises."""

import math
from pathlib import Path

import pytest

from edge_agent.probe import SourceFacts, advice, probe
from edge_agent.settings import CameraSettings

HEAD = "#tb 0: 1/10\n#media_type 0: video\n#codec_id 0: h264\n#dimensions 0: 640x360\n"


def listed(tmp_path: Path, flags: list[str]) -> SourceFacts:
    """Look at a camera of ten pictures a second whose packets ffmpeg lists with these flags."""
    rows = [f"0, {n}, {n}, 1, 100, 0x00000001{f', F={f}' if f else ''}" for n, f in enumerate(flags)]
    ffmpeg = tmp_path / "ffmpeg"
    ffmpeg.write_text("#!/bin/sh\ncat <<END\n" + HEAD + "\n".join(rows) + "\nEND\n")
    ffmpeg.chmod(0o755)
    return probe(CameraSettings("yard", "rtsp://192.0.2.7/live"), str(ffmpeg), private=True, redact=str)


def group(pictures: int, *, key: str = "") -> list[str]:
    return [key, *["0x0"] * (pictures - 1)]


@pytest.mark.parametrize(
    ("why", "flags", "keyframe_s"),
    [
        ("a rhythm", group(20) * 3, 2.0),
        ("one more for whoever comes", group(3) + group(20) * 2, 2.0),
        ("one gap alone", group(20) * 2, 2.0),
        ("another flag beside", group(20, key="0x5") * 3, 2.0),
        ("a flag, and no keyframe", group(20) + ["0x4"] * 40, math.inf),
    ],
)
def test_the_time_between_keyframes(tmp_path: Path, why: str, flags: list[str], keyframe_s: float) -> None:
    assert listed(tmp_path, flags).keyframe_s == pytest.approx(keyframe_s), why


@pytest.mark.parametrize(
    ("why", "facts", "decode", "sentence"),
    [
        (
            "no keyframe interval makes more pictures",
            SourceFacts("mjpeg", 640, 480, 0.5, 2.0),
            "auto",
            "; this camera sends fewer pictures than are wanted",
        ),
        (
            "nor of a stream of keyframes",
            SourceFacts("h264", 640, 480, 0.5, 2.0),
            "auto",
            "; this camera sends fewer pictures than are wanted",
        ),
        ("all are decoded for all that", SourceFacts("h264", 640, 480, 25, 4.0), "all", ""),
        (
            "a whole picture at least",
            SourceFacts("h264", 640, 480, 1.2, 5.0),
            "auto",
            "; this camera sends a keyframe each 5 s: set its I-frame interval to 1 s (1 picture) and "
            "the agent needs about a fifth of the CPU",
        ),
    ],
)
def test_advice_is_of_use(why: str, facts: SourceFacts, decode: str, sentence: str) -> None:
    camera = CameraSettings("yard", "http://192.0.2.7/live", decode="all" if decode == "all" else "auto")
    assert advice(camera, facts) == sentence, why
