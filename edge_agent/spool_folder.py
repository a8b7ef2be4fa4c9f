"""The spool's files: their names, how one is written so that it is never torn, which are whole.

A frame is one file, `<spool>/<camera_id>/<capture stamp>~<interval_s>~<sampled stamp>.jpg`: what the cloud
must know beside the picture is in the name, so that one rename makes both appear at once, and names sort in
the order of capture. It is written under a name that ends in `.part`, flushed to the disk, renamed, and the
folder is flushed too; only then it counts.
"""

import contextlib
import fcntl
import logging
import math
import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from edge_agent.spool_index import Waiting
from vigie.domain.frames import Frame, FrameKey
from vigie.domain.instants import from_stamp, to_stamp
from vigie.errors import SetupError

log = logging.getLogger(__name__)

_NAME = re.compile(r"(\d{8}T\d{9}Z)~([0-9.e+-]+)~(\d{8}T\d{9}Z)\.jpg")
_PART = ".part"
_TORN = ".torn"
_TORN_KEPT = 20
_END_MARKER = b"\xff\xd9"


@dataclass(frozen=True, slots=True)
class SpooledFrame:
    """A frame that waits on disk: the facts of its name, and where it lies."""

    key: FrameKey
    interval_s: float
    sampled_at: datetime
    path: Path

    def load(self) -> Frame:
        """Read the picture.

        Raises:
            FileNotFoundError: somebody removed it.
            OSError: the disk does not give it back.

        """
        return Frame(self.key, self.path.read_bytes(), self.interval_s, self.sampled_at)


def file_name(key: FrameKey, *, interval_s: float, sampled_at: datetime) -> str:
    """Return the name that holds a frame's facts."""
    return f"{to_stamp(key.captured_at)}~{interval_s:.6g}~{to_stamp(sampled_at)}.jpg"


def sampled_stamp(name: str) -> str:
    """Return when the frame of that name was sampled, as a stamp."""
    return name.rpartition("~")[2].removesuffix(".jpg")


class SpoolFolder:
    """The folder, held by one agent at a time; every method may be called from any thread.

    Raises:
        SetupError: the folder cannot be made, or another agent holds it.

    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._unflushed: set[Path] = set()
        try:
            root.mkdir(parents=True, exist_ok=True)
            self._held = os.open(root / ".lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise SetupError(f"the spool {root} cannot be used: {error.strerror}") from error
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._held)
            raise SetupError(f"the spool {root} is in use by another agent; each needs its own") from error

    def release(self) -> None:
        """Let another agent have the folder."""
        os.close(self._held)

    def path(self, frame: Waiting) -> Path:
        """Return where a frame lies."""
        return self._root / frame.camera_id / frame.name

    def spooled(self, frame: Waiting) -> SpooledFrame:
        """Read a frame's facts out of its name.

        Raises:
            ValueError: the name is none of ours.

        """
        match = _NAME.fullmatch(frame.name)
        if match is None:
            raise ValueError(f"{frame.name!r} is no spooled frame")
        key = FrameKey(frame.camera_id, from_stamp(match[1]))
        return SpooledFrame(key, float(match[2]), from_stamp(match[3]), self.path(frame))

    def write(self, camera_id: str, name: str, jpeg: bytes) -> None:
        """Write a frame; `flush` must follow before it counts.

        Raises:
            OSError: nothing was left behind.

        """
        folder = self._root / camera_id
        part = folder / (name + _PART)
        try:
            if not folder.is_dir():
                folder.mkdir(exist_ok=True)
                _flush_folder(self._root)
            with part.open("wb") as file:
                file.write(jpeg)
                file.flush()
                os.fsync(file.fileno())
            part.rename(folder / name)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        with self._lock:
            self._unflushed.add(folder)

    def flush(self) -> None:
        """Flush the folders that were written, so that a power cut undoes no rename."""
        with self._lock:
            folders, self._unflushed = self._unflushed, set()
        for folder in folders:
            _flush_folder(folder)

    def frames(self) -> Iterator[Waiting]:
        """Give every whole frame on disk; remove what was half written, and set aside what is torn.

        A torn frame is given with a size of 0.
        """
        for folder in sorted(path for path in self._root.iterdir() if path.is_dir() and path.name[0] != "."):
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.endswith(_PART):
                        Path(entry.path).unlink()
                        continue
                    frame = Waiting(entry.name, folder.name, entry.stat().st_size, -math.inf)
                    with contextlib.suppress(ValueError):  # somebody else's file stays where it is
                        self.spooled(frame)
                        yield frame if _is_whole(Path(entry.path)) else frame._replace(size=0)

    def set_aside(self, frame: Waiting) -> None:
        """Move a frame that cannot be read out of the way, for a person to look at."""
        aside = self._root / _TORN
        with contextlib.suppress(OSError):  # a disk that is broken or full is what this is about
            aside.mkdir(exist_ok=True)
            self.path(frame).rename(aside / f"{frame.camera_id}~{frame.name}")
            for old in _newest_first(aside)[_TORN_KEPT:]:
                old.unlink()
        log.error("a torn frame was set aside", extra={"camera_id": frame.camera_id, "file": frame.name})


def _newest_first(folder: Path) -> list[Path]:
    return sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)


def _is_whole(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            file.seek(-len(_END_MARKER), os.SEEK_END)
            return file.read() == _END_MARKER
    except OSError:
        return False


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
