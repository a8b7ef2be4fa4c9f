"""What the agent is doing, camera by camera, and the file that says so to others."""

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from vigie.domain.instants import to_iso

State = Literal["starting", "running", "waiting", "ended", "failed"]


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """One camera's counts since the agent started.

    `starting` no picture yet, `running`, `waiting` to be started again, `ended` for good, `failed` for good.
    `sampled` are pictures taken, `gated_out` those that no motion gate let through (none as yet), `uploaded`
    those that arrived in S3, frames left over from an earlier run included, `spooled` those that wait on disk
    now. `started_at` and `last_captured_at` are the capture times of the first and the newest picture.
    """

    camera_id: str
    state: State = "starting"
    sampled: int = 0
    gated_out: int = 0
    uploaded: int = 0
    spooled: int = 0
    started_at: str | None = None
    last_captured_at: str | None = None
    error: str | None = None


class StatusBoard:
    """The cameras' statuses, which every thread may change; sentences are redacted on their way in."""

    def __init__(self, camera_ids: Iterable[str], *, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self._lock = threading.Lock()
        self._cameras = {camera_id: CameraStatus(camera_id) for camera_id in camera_ids}
        self._upload_error: str | None = None

    def camera(self, camera_id: str) -> CameraStatus:
        """Return one camera's status as it is now."""
        with self._lock:
            return self._cameras[camera_id]

    def sampled(self, camera_id: str, captured_at: datetime) -> None:
        """Count a picture; the camera runs."""
        instant = to_iso(captured_at)
        with self._lock:
            old = self._cameras[camera_id]
            self._cameras[camera_id] = replace(
                old,
                state="running",
                error=None,
                sampled=old.sampled + 1,
                started_at=old.started_at or instant,
                last_captured_at=instant,
            )

    def uploaded(self, camera_id: str) -> None:
        """Count a frame that arrived; one of a camera that is no longer configured is nobody's."""
        with self._lock:
            if (old := self._cameras.get(camera_id)) is not None:
                self._cameras[camera_id] = replace(old, uploaded=old.uploaded + 1)

    def change(self, camera_id: str, state: State, error: str | None = None) -> None:
        """Say what a camera does now, and the sentence about what went wrong."""
        with self._lock:
            shown = None if error is None else self._redact(error)
            self._cameras[camera_id] = replace(self._cameras[camera_id], state=state, error=shown)

    def upload_trouble(self, sentence: str | None) -> None:
        """Say what holds up the uploads; None when nothing does."""
        with self._lock:
            self._upload_error = None if sentence is None else self._redact(sentence)

    def any_failed(self) -> bool:
        """Tell whether a camera has failed for good."""
        with self._lock:
            return any(camera.state == "failed" for camera in self._cameras.values())

    def document(self, waiting: Callable[[str], int]) -> dict[str, object]:
        """Return the status as plain data; `waiting` counts a camera's frames on disk."""
        with self._lock:
            cameras, upload_error = list(self._cameras.values()), self._upload_error
        shown = [asdict(replace(camera, spooled=waiting(camera.camera_id))) for camera in cameras]
        return {"cameras": shown, "upload_error": upload_error}


class StatusFile:
    """`status.json`: replaced as a whole when something changed, so that a reader never sees half of it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written: dict[str, object] | None = None

    def write(self, document: dict[str, object]) -> None:
        """Write the document, with the time, unless the file says the same already."""
        if document == self._written:
            return
        text = json.dumps({"written_at": to_iso(datetime.now(UTC)), **document}, indent=2)
        part = self._path.with_name(self._path.name + ".part")
        part.write_text(text + "\n", encoding="utf-8")
        part.replace(self._path)
        self._written = document
