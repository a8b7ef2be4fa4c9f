"""Looks into a source for a second: is there a video stream, how large, how fast."""

import math
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryFile

from edge_agent.decoding import KEYFRAMES_FPS, TOLERANCE
from edge_agent.ffmpeg import KEYFRAME_LOOK_S, Command, probing
from edge_agent.folders import first_picture
from edge_agent.settings import CameraSettings
from edge_agent.sources import USB_PREFIX, SourceKind
from vigie.errors import SetupError, SourceError

_PATIENCE_S = 30.0
_KEYFRAMES_ALONE = frozenset({"mjpeg", "jpeg2000", "png", "rawvideo"})
_NEXT_PICTURE = 1.5  # in intervals of the pictures: the next keyframe is the next picture
_KEY = 1  # AV_PKT_FLAG_KEY
_FLAGS = re.compile(r"\bF=0x([0-9A-Fa-f]+)")
_FACT = re.compile(r"#(tb|media_type|codec_id|dimensions) (\d+): (\S+)")


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """The first video stream; `fps` is measured over its first seconds, None when they hold one picture.

    `keyframe_s` is the time between keyframes; None for a file, whose keyframes do not matter, and infinite
    when no second one came within `KEYFRAME_LOOK_S`.
    """

    codec: str
    width: int
    height: int
    fps: float | None
    keyframe_s: float | None = None


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
    status, listing, words = _listing(
        probing(camera, executable, private=private), keyframes=camera.kind.has_keyframes
    )
    facts = _streams(listing)
    video = next((n for n, fact in facts.items() if fact.get("media_type") == "video"), None)
    if video is not None and "dimensions" in facts[video]:
        width, _, height = facts[video]["dimensions"].partition("x")
        tick = Fraction(facts[video].get("tb", "1/1"))
        return SourceFacts(
            facts[video].get("codec_id", "unknown"),
            int(width),
            int(height),
            _rate(listing, video, tick),
            _keyframe_s(listing, video, tick) if camera.kind.has_keyframes else None,
        )
    if facts:
        raise SourceError(f"{shown(camera)} has no video stream")
    last = redact(words[-1]).removeprefix("Error opening input files: ") if words else f"status {status}"
    raise SourceError(f"{shown(camera)} cannot be opened: {last}")


def _refuse(picture: Path, why: str) -> None:
    """Fail where a run would leave the picture out: somebody is there to mend its name."""
    raise SourceError(f"{picture}: {why}; a run leaves it out")


def advice(camera: CameraSettings, facts: SourceFacts) -> str:
    """Return what to set at the camera so that its keyframes suffice, as a sentence's end; mostly none."""
    wanted_s, keyframe_s = camera.interval_s, facts.keyframe_s
    if keyframe_s is None or keyframe_s <= TOLERANCE * wanted_s or camera.fps > KEYFRAMES_FPS:
        return ""
    if camera.decode == "all":
        return ""
    if facts.codec in _KEYFRAMES_ALONE or (facts.fps is not None and keyframe_s * facts.fps < _NEXT_PICTURE):
        return "; this camera sends fewer pictures than are wanted"
    comes = (
        f"no keyframe for {KEYFRAME_LOOK_S} s"
        if math.isinf(keyframe_s)
        else f"a keyframe each {keyframe_s:.2g} s"
    )
    pictures = ""
    if facts.fps is not None:
        count = max(1, round(facts.fps * wanted_s))
        pictures = f" ({count} picture{'s' if count > 1 else ''})"
    gain = (
        "pictures come as often as is wanted"
        if camera.decode == "keyframes"
        else "the agent needs about a fifth of the CPU"
    )
    return f"; this camera sends {comes}: set its I-frame interval to {wanted_s:g} s{pictures} and {gain}"


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


def _listing(command: Command, *, keyframes: bool) -> tuple[int, str, list[str]]:
    """Return ffmpeg's status, its list and its words; with `keyframes` only as much as tells these."""
    with TemporaryFile() as said:
        try:
            child = subprocess.Popen(
                command.arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said
            )
        except OSError as error:
            raise SetupError(f"{command.arguments[0]} cannot be started: {error.strerror}") from error
        patience = threading.Timer(_PATIENCE_S, child.kill)
        patience.start()
        begun = time.monotonic()
        try:
            if child.stdin is None or child.stdout is None:
                raise AssertionError("Popen was asked for these pipes")
            with suppress(BrokenPipeError), child.stdin:
                # Without a script standard input is empty, not the terminal.
                child.stdin.write(command.script or b"")
            lines: list[str] = []
            with child.stdout:
                for line in child.stdout:
                    lines.append(line.decode(errors="replace"))
                    if keyframes and _tells_keyframes(lines):
                        child.terminate()
                        break
            status = child.wait()
        finally:
            patience.cancel()
            child.kill()
        if status == -signal.SIGKILL and time.monotonic() - begun >= _PATIENCE_S:
            raise SourceError(f"nothing came from the source within {_PATIENCE_S:g} s")
        said.seek(0)
        words = [line for line in said.read().decode(errors="replace").splitlines() if line.strip()]
    return status, "".join(lines), words


def _tells_keyframes(lines: list[str]) -> bool:
    """Tell whether the list holds a second of video, with three keyframes."""
    listing = "".join(lines)
    if not _is_keyframe(lines[-1]):
        return False
    facts = _streams(listing)
    video = next((n for n, fact in facts.items() if fact.get("media_type") == "video"), None)
    if video is None:
        return False
    rows = _rows(listing, video)
    seconds = (int(rows[-1][2]) - int(rows[0][2])) * Fraction(facts[video].get("tb", "1/1")) if rows else 0
    return seconds >= 1 and len(_keyframe_times(listing, video)) > 2


def _keyframe_s(listing: str, stream: int, tick: Fraction) -> float:
    """Measure the time between keyframes by the second gap; by the first when there is no other."""
    # Many cameras make a keyframe for whoever comes, and go on with their own rhythm: that gap is too short.
    times = _keyframe_times(listing, stream)[:3]
    return float((times[-1] - times[-2]) * tick) if len(times) > 1 else math.inf


def _keyframe_times(listing: str, stream: int) -> list[int]:
    # RTSP gives the first one twice, as a packet for those who come and as what it would have sent anyway.
    return sorted({int(row[2]) for row in _rows(listing, stream) if _is_keyframe(",".join(row))})


def _is_keyframe(line: str) -> bool:
    # framecrc tells a packet's flags unless they say "a keyframe" and nothing else.
    flags = _FLAGS.search(line)
    return line[:1].isdigit() and (flags is None or bool(int(flags[1], 16) & _KEY))


def _rows(listing: str, stream: int) -> list[list[str]]:
    """Return the stream's packets: `stream, dts, pts, duration, size, crc` and what else is known of each."""
    rows = (line.split(",") for line in listing.splitlines() if line[:1].isdigit())
    return [row for row in rows if int(row[0]) == stream]


def _streams(listing: str) -> dict[int, dict[str, str]]:
    facts: dict[int, dict[str, str]] = {}
    for name, stream, value in _FACT.findall(listing):
        facts.setdefault(int(stream), {})[name] = value
    return facts


def _rate(listing: str, stream: int, tick: Fraction) -> float | None:
    """Measure the rate by the presentation times of the packets."""
    times = sorted({int(row[2]) for row in _rows(listing, stream)})
    if len(times) < 2:
        return None
    return float((len(times) - 1) / ((times[-1] - times[0]) * tick))
