"""A folder of pictures as a camera: each picture in it is one, in the order of capture.

Where every name holds a stamp as a frame key has it (`20260131T100000000Z`), that is the capture time;
otherwise names are sorted, and the pictures are taken to follow one another at the camera's rate.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from edge_agent.ffmpeg import sampling
from edge_agent.process import FfmpegProcess
from edge_agent.settings import CameraSettings
from vigie.domain.instants import from_stamp
from vigie.errors import SourceError

_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})
_STAMP = re.compile(r"\d{8}T\d{9}Z")


LeftOut = Callable[[Path, str], None]


def dated_pictures(
    folder: Path, *, start: datetime, fps: float, left_out: LeftOut
) -> list[tuple[Path, datetime]]:
    """Return the folder's pictures with their capture times, in order; `start` is the first one's, unstamped.

    `left_out` is told each picture whose stamp is no time, such as that of a 40th day, and why.

    Raises:
        SourceError: the folder holds no pictures, none of a time, or two of one time.

    """
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)
    if not paths:
        raise SourceError(f"{folder} holds no pictures: none ends in {', '.join(sorted(_SUFFIXES))}")
    stamps = [_STAMP.search(path.name) for path in paths]
    if not all(stamps):
        return [(path, start + timedelta(seconds=n / fps)) for n, path in enumerate(paths)]
    dated: list[tuple[datetime, Path]] = []
    for stamp, path in zip(stamps, paths, strict=True):
        if stamp is None:
            raise AssertionError("all of them have one")
        try:
            dated.append((from_stamp(stamp[0]), path))
        except ValueError:
            left_out(path, f"the stamp in its name, {stamp[0]}, is no time")
    if not dated:
        raise SourceError(f"{folder} holds no picture with a time in its name: the stamps there are none")
    dated.sort()
    for (one, path), (other, another) in pairwise(dated):
        if one == other:
            raise SourceError(f"{path} and {another.name} have the same time in their names")
    return [(path, instant) for instant, path in dated]


def first_picture(camera: CameraSettings, *, left_out: LeftOut) -> CameraSettings:
    """Return the folder's first picture as a camera of its own.

    Raises:
        SourceError: as `dated_pictures`.

    """
    start = datetime.now(UTC)
    (path, _), *_ = dated_pictures(Path(camera.source), start=start, fps=camera.fps, left_out=left_out)
    return replace(camera, source=str(path))


def read_picture(
    path: Path,
    camera: CameraSettings,
    executable: str,
    *,
    redact: Callable[[str], str],
    stopping: Callable[[], bool],
    patience_s: float,
) -> bytes:
    """Return the picture as the camera's frames are: scaled and masked, as JPEG.

    A process each, so that a broken picture takes nothing with it, and never lends its time to another.

    Raises:
        SourceError: it is no picture.

    """
    command = sampling(replace(camera, source=str(path)), executable, private=False)
    with FfmpegProcess(command, redact=redact) as ffmpeg:
        for jpeg in ffmpeg.pictures(stopping=stopping, patience_s=patience_s):
            return jpeg
    raise SourceError("ffmpeg finds no picture in it")
