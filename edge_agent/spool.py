"""Frames on disk between ffmpeg and S3; they outlive a kill and a power cut, and none is ever torn.

A frame is one file, `<spool>/<camera_id>/<capture stamp>~<interval_s>~<sampled stamp>.jpg`: what the cloud
must know beside the picture is in the name, so that one rename makes both appear at once, and names sort in
the order of capture. It is written under a name that ends in `.part`, flushed to the disk, then renamed.
"""

import errno
import fcntl
import heapq
import os
import re
import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from vigie.domain.frames import Frame, FrameKey
from vigie.domain.instants import from_stamp, to_stamp
from vigie.errors import SetupError

_NAME = re.compile(r"(\d{8}T\d{9}Z)~([0-9.e+-]+)~(\d{8}T\d{9}Z)\.jpg")
_PART = ".part"


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

        """
        return Frame(self.key, self.path.read_bytes(), self.interval_s, self.sampled_at)


class Spool:
    """The spool's folder, held by one agent at a time; every method may be called from any thread.

    Raises:
        SetupError: the folder cannot be made or written, or another agent holds it.

    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._waiting: defaultdict[str, set[datetime]] = defaultdict(set)
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
        for half_written in root.glob(f"*/*{_PART}"):
            half_written.unlink()
        for frame in self._frames():
            self._waiting[frame.key.camera_id].add(frame.key.captured_at)

    def close(self) -> None:
        """Let another agent have the folder."""
        os.close(self._held)

    def add(self, key: FrameKey, jpeg: bytes, *, interval_s: float, sampled_at: datetime) -> None:
        """Keep a frame; when this returns it is on the disk. One that waits already stays as it is.

        Raises:
            SetupError: the disk is full or cannot be written.

        """
        with self._lock:
            if key.captured_at in self._waiting[key.camera_id]:
                return
            # Before the file appears: the uploader may have taken it away before this method returns.
            self._waiting[key.camera_id].add(key.captured_at)
        folder = self._root / key.camera_id
        name = f"{to_stamp(key.captured_at)}~{interval_s:.6g}~{to_stamp(sampled_at)}.jpg"
        part = folder / (name + _PART)
        try:
            folder.mkdir(exist_ok=True)
            with part.open("wb") as file:
                file.write(jpeg)
                file.flush()
                os.fsync(file.fileno())
            part.rename(folder / name)
            _flush_folder(folder)
        except OSError as error:
            self._forget(key)
            part.unlink(missing_ok=True)
            full = error.errno in {errno.ENOSPC, errno.EDQUOT}
            what = "has no room left" if full else f"cannot be written: {error.strerror}"
            raise SetupError(f"the spool {self._root} {what}") from error

    def oldest(self, most: int) -> list[SpooledFrame]:
        """Return up to `most` frames of all cameras, those captured first coming first."""
        return heapq.nsmallest(most, self._frames(), key=lambda f: (f.key.captured_at, f.key.camera_id))

    def remove(self, frame: SpooledFrame) -> None:
        """Let a frame go, because it has arrived."""
        frame.path.unlink(missing_ok=True)
        self._forget(frame.key)

    def left(self) -> int:
        """Return how many frames of all cameras wait."""
        with self._lock:
            return sum(len(instants) for instants in self._waiting.values())

    def waiting(self, camera_id: str) -> int:
        """Return how many frames of a camera wait."""
        with self._lock:
            return len(self._waiting[camera_id])

    def _forget(self, key: FrameKey) -> None:
        with self._lock:
            self._waiting[key.camera_id].discard(key.captured_at)

    def _frames(self) -> Iterator[SpooledFrame]:
        for path in self._root.glob("*/*.jpg"):
            match = _NAME.fullmatch(path.name)
            try:
                if match:
                    key = FrameKey(path.parent.name, from_stamp(match[1]))
                    yield SpooledFrame(key, float(match[2]), from_stamp(match[3]), path)
            except ValueError:
                continue  # a file that somebody else put there stays where it is


def _flush_folder(folder: Path) -> None:
    # Without this a power cut may undo the rename.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
