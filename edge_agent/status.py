"""What the agent is doing, camera by camera, and the file that says so to others on this machine.

The file holds a heartbeat, the very document that goes to the cloud each minute.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from vigie.documents import read_json, to_json
from vigie.domain.heartbeats import CameraLife, CameraState, Heartbeat
from vigie.domain.instants import whole_milliseconds
from vigie.errors import ConfigError, NotFound

# So often the file is written when nothing has changed: its reader must know a dead agent from a calm one.
REFRESH = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Troubles:
    """What the agent as a whole has to say of itself; see `Heartbeat` for each."""

    upload_error: str | None = None
    report_error: str | None = None
    heartbeat_error: str | None = None
    clock_ahead_s: float | None = None
    clock_error: str | None = None
    site_etag: str | None = None
    site_error: str | None = None
    site_denied: str | None = None


class StatusBoard:
    """The cameras' lives, which every thread may change; sentences are redacted on their way in."""

    def __init__(self, camera_ids: Iterable[str], *, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self._lock = threading.Lock()
        self._cameras = {camera_id: CameraLife(camera_id=camera_id) for camera_id in camera_ids}
        self._troubles = Troubles()

    def camera(self, camera_id: str) -> CameraLife:
        """Return one camera's life as it is now; what waits in the spool is for the spool to say."""
        with self._lock:
            return self._cameras[camera_id]

    def cameras(self) -> tuple[CameraLife, ...]:
        """Return every camera's life as it is now."""
        with self._lock:
            return tuple(self._cameras.values())

    @property
    def troubles(self) -> Troubles:
        """What concerns all cameras."""
        with self._lock:
            return self._troubles

    def sampled(self, camera_id: str, captured_at: datetime, *, gated_out: bool = False) -> None:
        """Count a picture, and whether the gate held it back; the camera runs."""
        with self._lock:
            old = self._cameras[camera_id]
            self._cameras[camera_id] = replace(
                old,
                state="running",
                error=None,
                sampled=old.sampled + 1,
                gated_out=old.gated_out + gated_out,
                started_at=old.started_at or captured_at,
                last_captured_at=captured_at,
            )

    def uploaded(self, camera_id: str) -> None:
        """Count a frame that arrived; one of a camera that is no longer configured is nobody's."""
        with self._lock:
            if (old := self._cameras.get(camera_id)) is not None:
                self._cameras[camera_id] = replace(old, uploaded=old.uploaded + 1)

    def dropped(self, camera_id: str, why: str) -> None:
        """Count a frame that was lost, and why; one of a camera that is no longer configured is nobody's."""
        with self._lock:
            if (old := self._cameras.get(camera_id)) is not None:
                self._cameras[camera_id] = replace(
                    old,
                    dropped=old.dropped + 1,
                    dropped_at=whole_milliseconds(datetime.now(UTC)),
                    dropped_why=self._redact(why),
                )

    def clock(self, ahead_s: float | None, sentence: str | None) -> None:
        """Say how far the clock is ahead of S3's, and what is wrong with it.

        The figure is good to a second at best, so it changes by that much only.
        """
        with self._lock:
            shown = self._troubles.clock_ahead_s
            if ahead_s is None or shown is None or abs(ahead_s - shown) >= 1:
                rounded = None if ahead_s is None else round(ahead_s, 1)
                self._troubles = replace(self._troubles, clock_ahead_s=rounded, clock_error=sentence)
            if (sentence is None) != (self._troubles.clock_error is None):
                self._troubles = replace(self._troubles, clock_error=sentence)

    def change(self, camera_id: str, state: CameraState, error: str | None = None) -> None:
        """Say what a camera does now, and the sentence about what went wrong."""
        with self._lock:
            old = self._cameras[camera_id]
            self._cameras[camera_id] = replace(old, state=state, error=self._shown(error))

    def upload_trouble(self, sentence: str | None) -> None:
        """Say what holds up the uploads; None when nothing does."""
        with self._lock:
            self._troubles = replace(self._troubles, upload_error=self._shown(sentence))

    def report_trouble(self, sentence: str | None) -> None:
        """Say what holds up local mode's reports; None when nothing does."""
        with self._lock:
            self._troubles = replace(self._troubles, report_error=self._shown(sentence))

    def heartbeat_trouble(self, sentence: str | None) -> None:
        """Say why heartbeats do not arrive; None when they do."""
        with self._lock:
            self._troubles = replace(self._troubles, heartbeat_error=self._shown(sentence))

    def site_denied(self, sentence: str | None) -> None:
        """Say why the site document that was asked for could not be read; None when it could, or is none."""
        with self._lock:
            self._troubles = replace(self._troubles, site_denied=self._shown(sentence))

    def follows(self, etag: str | None, *, error: str | None) -> None:
        """Say which site document is followed, and why a newer one was refused."""
        with self._lock:
            self._troubles = replace(self._troubles, site_etag=etag, site_error=error)

    def any_failed(self) -> bool:
        """Tell whether a camera has failed for good."""
        return any(camera.state == "failed" for camera in self.cameras())

    def _shown(self, sentence: str | None) -> str | None:
        return None if sentence is None else self._redact(sentence)


class StatusFile:
    """`status.json`: replaced as a whole when something changed, so that a reader never sees half of it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written: Heartbeat | None = None

    def write(self, heartbeat: Heartbeat) -> None:
        """Write the heartbeat, unless the file says the same and is fresh.

        Raises:
            OSError: it cannot be written.

        """
        old = self._written
        if old is not None and heartbeat.at - old.at < REFRESH and replace(heartbeat, at=old.at) == old:
            return
        part = self._path.with_name(self._path.name + ".part")
        part.write_bytes(to_json(Heartbeat, heartbeat) + b"\n")
        part.replace(self._path)
        self._written = heartbeat


def read_status(path: Path) -> Heartbeat:
    """Read a status file.

    Raises:
        NotFound: there is none.
        ConfigError: it cannot be read, or holds something else.

    """
    try:
        text = path.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(
            f"{path} is not there: the agent has not run, or keeps its status elsewhere"
        ) from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    return read_json(Heartbeat, text, source=str(path))
