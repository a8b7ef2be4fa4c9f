"""Looks into a source for a second: is there a video stream, how large, how fast."""

import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from edge_agent.ffmpeg import Command, probing
from edge_agent.folders import first_picture
from edge_agent.settings import CameraSettings
from edge_agent.sources import USB_PREFIX, SourceKind
from vigie.errors import SetupError, SourceError

_PATIENCE_S = 30.0
_FACT = re.compile(r"#(tb|media_type|codec_id|dimensions) (\d+): (\S+)")


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """The first video stream; `fps` is measured over its first second, None when that holds one picture."""

    codec: str
    width: int
    height: int
    fps: float | None


def probe(
    camera: CameraSettings, executable: str, *, private: bool, redact: Callable[[str], str]
) -> SourceFacts:
    """Open the source and tell what is in it.

    Raises:
        SourceError: it does not open, or has no video stream; one sentence without the camera's name.

    """
    check_source(camera)
    if camera.kind is SourceKind.FOLDER:
        camera = first_picture(camera, left_out=_refuse)
    status, listing, words = _listing(probing(camera, executable, private=private))
    facts = _streams(listing)
    video = next((n for n, fact in facts.items() if fact.get("media_type") == "video"), None)
    if video is not None and "dimensions" in facts[video]:
        width, _, height = facts[video]["dimensions"].partition("x")
        rate = _rate(listing, video, Fraction(facts[video].get("tb", "1/1")))
        return SourceFacts(facts[video].get("codec_id", "unknown"), int(width), int(height), rate)
    if facts:
        raise SourceError(f"{shown(camera)} has no video stream")
    last = redact(words[-1]).removeprefix("Error opening input files: ") if words else f"status {status}"
    raise SourceError(f"{shown(camera)} cannot be opened: {last}")


def _refuse(picture: Path, why: str) -> None:
    """Fail where a run would leave the picture out: somebody is there to mend its name."""
    raise SourceError(f"{picture}: {why}; a run leaves it out")


def check_source(camera: CameraSettings) -> None:
    """Refuse a path where there is nothing to play, before ffmpeg is troubled.

    Raises:
        SourceError: the file is missing, or a folder; the USB camera is missing, or may not be opened.

    """
    if camera.kind is SourceKind.USB:
        _check_device(Path(camera.source.removeprefix(USB_PREFIX)))
    if camera.kind.is_live:
        return
    path = Path(camera.source)
    if not path.exists():
        raise SourceError(f"{path} does not exist")
    if path.is_dir() and camera.kind is not SourceKind.FOLDER:
        raise SourceError(f"{path} is a folder; a source is one file or a URL")


def explained(
    error: SourceError,
    camera: CameraSettings,
    executable: str,
    *,
    taken: int,
    private: bool,
    redact: Callable[[str], str],
) -> SourceError:
    """Say what a file lacks when ffmpeg took no picture from it: ffmpeg's own words are about options."""
    if camera.kind.is_live:
        return error
    if taken:
        return SourceError(f"{camera.source} broke off after {taken} pictures: {error}")
    try:
        probe(camera, executable, private=private, redact=redact)
    except SourceError as reason:
        return reason
    return SourceError(f"{camera.source} gives no pictures: {error}")


def _check_device(device: Path) -> None:
    if not device.exists():
        raise SourceError(f"{device} does not exist; is the camera plugged in?")
    if not device.is_char_device():
        raise SourceError(f"{device} is no USB camera; those are called /dev/video0 and so on")
    if not os.access(device, os.R_OK | os.W_OK):
        raise SourceError(f"{device} may not be opened; its user must be in the group video")


def shown(camera: CameraSettings) -> str:
    """Return how a sentence names the source: a file by its path, a stream without its URL."""
    return f"its {camera.kind.value.upper()} source" if camera.kind.is_live else camera.source


def _listing(command: Command) -> tuple[int, str, list[str]]:
    try:
        # Without a script standard input is empty, not the terminal.
        done = subprocess.run(
            command.arguments,
            input=command.script or b"",
            capture_output=True,
            timeout=_PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SourceError(f"nothing came from the source within {_PATIENCE_S:g} s") from None
    except OSError as error:
        raise SetupError(f"{command.arguments[0]} cannot be started: {error.strerror}") from error
    words = [line for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
    return done.returncode, done.stdout.decode(errors="replace"), words


def _streams(listing: str) -> dict[int, dict[str, str]]:
    facts: dict[int, dict[str, str]] = {}
    for name, stream, value in _FACT.findall(listing):
        facts.setdefault(int(stream), {})[name] = value
    return facts


def _rate(listing: str, stream: int, tick: Fraction) -> float | None:
    """Measure the rate by the presentation times of the packets: `stream, dts, pts, duration, size, crc`."""
    rows = (line.split(",") for line in listing.splitlines() if line[:1].isdigit())
    times = sorted({int(row[2]) for row in rows if int(row[0]) == stream})
    if len(times) < 2:
        return None
    return float((len(times) - 1) / ((times[-1] - times[0]) * tick))
