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
from vigie.domain.cameras import is_camera_id
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
        interval_s = float(match[2])
        if not 0 < interval_s < math.inf:
            raise ValueError(f"{frame.name!r} names no interval")
        return SpooledFrame(key, interval_s, from_stamp(match[3]), self.path(frame))

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

        A torn frame is given with a size of 0. What the disk does not let us look at stays where it is and is
        counted in one line of the log for each folder: it must not keep the others from leaving.

        Raises:
            OSError: the spool itself cannot be read.

        """
        for folder in sorted(self._root.iterdir()):
            if not is_camera_id(folder.name):  # `lost+found` where the spool is a disk of its own
                continue
            unread, why = 0, ""
            for entry in _entries(folder):
                try:
                    frame = self._found(folder.name, entry)
                except OSError as error:
                    unread, why = unread + 1, str(error)
                    continue
                if frame is not None:
                    yield frame
            if unread:
                facts = {"camera_id": folder.name, "left_alone": unread, "error": why}
                log.error("not all that lies in the spool can be looked at", extra=facts)

    def _found(self, camera_id: str, entry: "os.DirEntry[str]") -> Waiting | None:
        """Return a frame; None for what is half written, which goes, and for what is none of ours."""
        if entry.name.endswith(_PART):
            Path(entry.path).unlink()
            return None
        frame = Waiting(entry.name, camera_id, 0, -math.inf)
        try:
            self.spooled(frame)
        except ValueError:
            return None
        # A link is none of ours either, and to open a named pipe would take for ever.
        is_ours = entry.is_file(follow_symlinks=False)
        return frame._replace(size=_size_if_whole(Path(entry.path))) if is_ours else None

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
    return sorted(folder.iterdir(), key=lambda path: path.lstat().st_mtime, reverse=True)


def _entries(folder: Path) -> list["os.DirEntry[str]"]:
    """Return what lies in a folder; nothing of what is no folder, or cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except NotADirectoryError:
        return []
    except OSError as error:
        facts = {"camera_id": folder.name, "error": str(error)}
        log.error("a folder of the spool cannot be read", extra=facts)  # noqa: TRY400 - the sentence says it all
        return []


def _size_if_whole(path: Path) -> int:
    """Return a frame's bytes, 0 when it lacks its end or the disk does not give it back."""
    try:
        with path.open("rb") as file:
            file.seek(-len(_END_MARKER), os.SEEK_END)
            end = file.read()
            return file.tell() if end == _END_MARKER else 0
    except OSError:
        return 0


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
