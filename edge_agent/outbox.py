"""Local mode's reports on disk, between the detector and the bucket.

They are gathered for a few seconds and become files that are named as the objects that they will be.
"""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from vigie.domain.reports import REPORTS_PREFIX, FrameReport, reports_key
from vigie.errors import SetupError
from vigie.messages import write_report_lines

log = logging.getLogger(__name__)

_MOST_REPORTS = 25
_LONGEST_S = 10.0
# Two weeks of a camera at one frame a second.
_MOST_FILES = 50_000


class Outbox:
    """Reports on their way: gathered by camera, then files named as the objects that they become.

    `on_loss` is called with the number of reports that are lost because the disk takes none, and why.

    Raises:
        SetupError: the folder cannot be made.

    """

    def __init__(
        self,
        folder: Path,
        *,
        on_loss: Callable[[int, str], None] = lambda *_: None,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._on_loss = on_loss
        self._steady = steady
        self._lock = threading.Lock()
        self._gathered: dict[str, list[FrameReport]] = {}
        self._since: dict[str, float] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for half_written in folder.rglob("*.part"):
                half_written.unlink()
            for empty in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
                self._remove_empty(empty)
        except OSError as error:
            raise SetupError(f"{folder} cannot be used: {error.strerror}") from error

    def add(self, report: FrameReport) -> None:
        """Gather a report; the twenty-fifth of its camera puts all of them on disk."""
        camera_id = report.key.camera_id
        with self._lock:
            gathered = self._gathered.setdefault(camera_id, [])
            self._since.setdefault(camera_id, self._steady())
            gathered.append(report)
            if len(gathered) >= _MOST_REPORTS:
                self._write(camera_id)

    def flush(self, camera_id: str | None = None) -> None:
        """Put on disk what a camera has gathered; of all cameras when none is named."""
        with self._lock:
            for each in [camera_id] if camera_id else list(self._gathered):
                self._write(each)

    def flush_old(self) -> None:
        """Put on disk what has been gathered for ten seconds."""
        now = self._steady()
        with self._lock:
            for camera_id in [camera for camera, since in self._since.items() if now - since >= _LONGEST_S]:
                self._write(camera_id)

    def waiting(self) -> list[tuple[str, Path]]:
        """Return the object keys and files that wait, those whose first report is oldest coming first.

        What is too much is dropped, the oldest first, and said.
        """
        files = sorted(self._folder.rglob("*.jsonl"), key=lambda path: path.name)
        for path in files[:-_MOST_FILES]:
            self.remove(path)
            log.error("reports are dropped: too many wait", extra={"file": path.name})
        return [(REPORTS_PREFIX + str(path.relative_to(self._folder)), path) for path in files[-_MOST_FILES:]]

    def remove(self, path: Path) -> None:
        """Let a file go, and the folders that it leaves empty, of which each hour makes one."""
        with self._lock:  # or a folder would go that `_write` has just made
            path.unlink(missing_ok=True)
            self._remove_empty(path.parent)

    def _remove_empty(self, folder: Path) -> None:
        with contextlib.suppress(OSError):  # not empty, or gone
            while folder != self._folder:
                folder.rmdir()
                folder = folder.parent

    def _write(self, camera_id: str) -> None:
        reports = self._gathered.pop(camera_id, [])
        self._since.pop(camera_id, None)
        if not reports:
            return
        path = self._folder / reports_key(reports).removeprefix(REPORTS_PREFIX)
        part = path.with_suffix(".part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("w", encoding="utf-8") as file:
                file.write(write_report_lines(reports))
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)  # it would keep the room that the next ones need
            self._on_loss(len(reports), str(error.strerror))
            log.error(  # noqa: TRY400 - the sentence says it all
                "reports are lost: the disk takes none",
                extra={"camera_id": camera_id, "reports": len(reports), "error": str(error)},
            )
