"""Frames on disk between ffmpeg and S3; they outlive a kill and a power cut, and none is ever torn.

The spool is bounded. What makes it too large, and what a full disk needs, is made room for by dropping the
oldest frames of all cameras, and each is counted. Disks that lie about flushing are known: a file without
JPEG's end marker is set aside under `<spool>/.torn/` when the agent starts.
"""

import contextlib
import errno
import heapq
import logging
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Set
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from edge_agent.spool_folder import SpooledFrame, SpoolFolder, file_name, sampled_stamp
from edge_agent.spool_index import SpoolIndex, Waiting
from vigie.domain.frames import FrameKey
from vigie.domain.instants import to_stamp
from vigie.errors import SetupError

log = logging.getLogger(__name__)

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})

LossReason = Literal[
    "the spool was full", "the disk was full", "it was too old", "it was torn", "it could not be read"
]
_NO_ROOM: Final = "the spool was full"
_FULL_DISK: Final = "the disk was full"
_TOO_OLD: Final = "it was too old"
_TORN: Final = "it was torn"
_UNREADABLE: Final = "it could not be read"

_SAY_S = 60.0  # between two lines about frames that are dropped


class Spool:
    """The spool's folder, held by one agent at a time; every method may be called from any thread.

    At most `max_bytes` of pictures wait. `folder_sync_s` is how long the flush of a folder may wait for more
    frames; 0 flushes with each. A frame is fresh for `fresh_s` seconds, and backlog from then on;
    up to `in_order` fresh frames of a camera wait for the one before them to arrive.
    `on_drop` is called with the camera's id for each frame that is lost, and why: no room, its age, torn;
    `on_found` for each frame that the run before left: many thousands take a slow disk minutes to read.

    Raises:
        SetupError: the folder cannot be made or written, or another agent holds it.

    """

    def __init__(
        self,
        root: Path,
        *,
        max_bytes: float = math.inf,
        folder_sync_s: float = 0.0,
        fresh_s: float = math.inf,
        in_order: float = 0,
        on_drop: Callable[[str, LossReason], None] = lambda *_: None,
        on_found: Callable[[], None] = lambda: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._root = root
        self._max_bytes = max_bytes
        self._folder_sync_s = folder_sync_s
        self._on_drop = on_drop
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._index = SpoolIndex(fresh_s=fresh_s, in_order=in_order)
        self._being_written: set[FrameKey] = set()
        self._flushed_at = -math.inf
        self._unsaid: Counter[str] = Counter()
        self._said_at = -math.inf
        self._folder = SpoolFolder(root)
        try:
            for frame in self._folder.frames():
                on_found()
                if frame.size:
                    self._index.add(frame)
                else:
                    self._folder.set_aside(frame)
                    on_drop(frame.camera_id, _TORN)
        except OSError as error:
            self._folder.release()
            raise SetupError(f"the spool {root} cannot be read: {error.strerror}") from error

    def close(self) -> None:
        """Let another agent have the folder."""
        with contextlib.suppress(OSError):
            self._folder.flush()
        self._folder.release()

    def add(self, key: FrameKey, jpeg: bytes, *, interval_s: float, sampled_at: datetime) -> None:
        """Keep a frame; when this returns it is on the disk. One that waits already stays as it is.

        The oldest frames make room for it, where the limits or a full disk ask for that.

        Raises:
            SetupError: the disk cannot be written, or is full and no frame is left to be dropped.

        """
        with self._lock:
            if key in self._being_written or self._index.has(key.camera_id, to_stamp(key.captured_at)):
                return
            self._being_written.add(key)
        name = file_name(key, interval_s=interval_s, sampled_at=sampled_at)
        try:
            self._drop_while(lambda: self._index.size + len(jpeg) > self._max_bytes, _NO_ROOM)
            self._write(key.camera_id, name, jpeg)
            with self._lock:
                # Only now, or the uploader might take what is not there yet.
                self._index.add(Waiting(name, key.camera_id, len(jpeg), self._monotonic()))
        finally:
            with self._lock:
                self._being_written.discard(key)

    def oldest(self, most: int) -> list[SpooledFrame]:
        """Return up to `most` frames of all cameras, those captured first coming first."""
        with self._lock:
            chosen = heapq.nsmallest(most, self._index)
        return [self._folder.spooled(frame) for frame in chosen]

    def any(self, *, fresh: bool, but_of: Set[str] = frozenset()) -> bool:
        """Tell whether `take` has a frame to give."""
        with self._lock:
            return self._index.any(fresh=fresh, now=self._monotonic(), but_of=but_of)

    def take(self, *, fresh: bool, but_of: Set[str] = frozenset()) -> SpooledFrame | None:
        """Hand out the oldest of the fresh frames or of the backlog, for `remove` or `give_back` later.

        Cameras in `but_of` are passed over.
        """
        with self._lock:
            frame = self._index.take(fresh=fresh, now=self._monotonic(), but_of=but_of)
        return None if frame is None else self._folder.spooled(frame)

    def give_back(self, frame: SpooledFrame) -> None:
        """Let a frame wait on that could not be uploaded now."""
        with self._lock:
            self._index.give_back(frame.key.camera_id, to_stamp(frame.key.captured_at))

    def remove(self, frame: SpooledFrame) -> None:
        """Let a frame go, because it has arrived."""
        # A disk that turned read-only keeps it: it is tried again at the next start, and found to be there.
        with contextlib.suppress(OSError):
            frame.path.unlink()
        self._forget(frame.key)

    def set_aside(self, frame: SpooledFrame) -> None:
        """Let a frame go that cannot be read, and count it as dropped."""
        self._folder.set_aside(Waiting(frame.path.name, frame.key.camera_id, 0, -math.inf))
        self._forget(frame.key)
        self._on_drop(frame.key.camera_id, _UNREADABLE)

    def drop_older(self, max_age_s: float, *, now: datetime) -> None:
        """Drop the frames that are older than that.

        Those of this run by the steady clock, which no correction moves; of those of an earlier run, their
        own stamps are all that is known.
        """
        limit = to_stamp(now - timedelta(seconds=max_age_s))

        def too_old() -> bool:
            steady = self._monotonic()
            frame = self._index.oldest(now=steady)
            if frame is None:
                return False
            if math.isinf(frame.since):
                return sampled_stamp(frame.name) < limit
            return steady - frame.since > max_age_s

        self._drop_while(too_old, _TOO_OLD)

    def flush(self) -> None:
        """Flush the folders that wait for it, unless that was done within `folder_sync_s`.

        Raises:
            OSError: the disk refuses.

        """
        with self._lock:
            now = self._monotonic()
            if now - self._flushed_at < self._folder_sync_s:
                return
            self._flushed_at = now
        self._folder.flush()

    def left(self) -> int:
        """Return how many frames of all cameras are on disk."""
        with self._lock:
            return len(self._index)

    def size(self) -> int:
        """Return the bytes of all frames that wait."""
        with self._lock:
            return self._index.size

    def waiting(self, camera_id: str) -> int:
        """Return how many frames of a camera are on disk."""
        with self._lock:
            return self._index.count(camera_id)

    def _write(self, camera_id: str, name: str, jpeg: bytes) -> None:
        """Write a frame, dropping others for as long as the disk is full."""
        while True:
            try:
                self._folder.write(camera_id, name, jpeg)
                self.flush()
            except OSError as error:
                self._folder.path(Waiting(name, camera_id, 0, -math.inf)).unlink(missing_ok=True)
                if error.errno not in _FULL:
                    sentence = f"the spool {self._root} cannot be written: {error.strerror}"
                    raise SetupError(sentence) from error
                if not self._drop_bytes(len(jpeg)):
                    raise SetupError(f"the spool {self._root} has no room left") from error
            else:
                return

    def _drop_bytes(self, size: int) -> bool:
        """Drop frames of that many bytes in all; false when none was there."""
        with self._lock:
            target = self._index.size - size
        return self._drop_while(lambda: self._index.size > target, _FULL_DISK) > 0

    def _drop_while(self, too_much: Callable[[], bool], why: LossReason) -> int:
        """Drop the oldest frames while that is true, which is asked with the lock held."""
        dropped = 0
        while True:
            with self._lock:
                frame = self._index.oldest(now=self._monotonic()) if too_much() else None
                if frame is None:
                    return dropped
                self._index.discard(frame.camera_id, frame.stamp)
            with contextlib.suppress(OSError):
                self._folder.path(frame).unlink()
            self._count_drop(frame.camera_id, why)
            dropped += 1

    def _count_drop(self, camera_id: str, why: LossReason) -> None:
        self._on_drop(camera_id, why)
        with self._lock:
            self._unsaid[camera_id] += 1
            now = self._monotonic()
            if now - self._said_at < _SAY_S:
                return
            self._said_at, said, self._unsaid = now, dict(self._unsaid), Counter()
            left = len(self._index)
        log.warning(
            "the oldest frames are dropped", extra={"dropped": said, "why": why, "frames_left_in_spool": left}
        )

    def _forget(self, key: FrameKey) -> None:
        with self._lock:
            self._index.discard(key.camera_id, to_stamp(key.captured_at))
