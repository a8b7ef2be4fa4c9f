"""Decoders in hardware: which ones may work here, and what ffmpeg is told to use one.

Whether one really works, for this stream, only a run shows: an ffmpeg that lists a method may lack its
driver, and a driver may refuse the codec or the size. So these are candidates, and the camera's first run
with one is the proof.
"""

import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Method:
    """One way to decode in hardware.

    `device` must be there; `listed` is what `ffmpeg <listing>` must say of it. `options` go before the input,
    `fetch` are the filters that bring a picture out of the device's memory: after the choice by time, so that
    only the wanted ones take that way.
    """

    name: str
    device: str
    listing: str
    listed: str
    options: tuple[str, ...]
    fetch: str = ""


_METHODS = (
    Method(
        "cuda",
        "/dev/nvidiactl",
        "-hwaccels",
        "cuda",
        ("-hwaccel", "cuda", "-hwaccel_output_format", "cuda"),
        "hwdownload,format=nv12",
    ),
    Method(
        "vaapi",
        "/dev/dri/renderD128",
        "-hwaccels",
        "vaapi",
        ("-hwaccel", "vaapi", "-hwaccel_output_format", "vaapi"),
        "hwdownload,format=nv12",
    ),
    # A Raspberry Pi up to 4; the Pi 5 decodes H.264 on its cores.
    Method("v4l2m2m", "/dev/video10", "-decoders", "h264_v4l2m2m", ("-c:v", "h264_v4l2m2m")),
)


@dataclass(frozen=True, slots=True)
class Hardware:
    """A method, and the ffmpeg that has it: the system's may be built for devices that ours does not know."""

    method: Method
    executable: str


def candidates(executable: str, wanted: str) -> tuple[Hardware, ...]:
    """Return what may work here, best first; `wanted` is `auto`, `off` or a method's name.

    A method that is asked for by name is tried even when its device seems to be missing. Of two programs
    that have it ours goes first.
    """
    if wanted == "off":
        return ()
    named = [method for method in _METHODS if wanted in {"auto", method.name}]
    there = [method for method in named if wanted == method.name or Path(method.device).exists()]
    programs = dict.fromkeys(filter(None, (executable, shutil.which("ffmpeg"))))
    return tuple(
        Hardware(method, program)
        for method in there
        for program in programs
        if method.listed in _words(program, method.listing)
    )


@cache
def _words(executable: str, listing: str) -> frozenset[str]:
    """Return the words of one of ffmpeg's listings; none when it cannot be had."""
    try:
        done = subprocess.run(
            [executable, "-hide_banner", listing],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return frozenset()
    return frozenset(done.stdout.decode(errors="replace").split())
