"""What the agent is doing, camera by camera, and the file that says so to others on this machine.

The file holds a heartbeat, the very document that goes to the cloud each minute.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge_agent.pacing import HeldMinutes
from vigie.documents import read_json, to_json
from vigie.domain.heartbeats import CameraLife, CameraState, Heartbeat, LampLife
from vigie.domain.instants import whole_milliseconds
from vigie.errors import ConfigError, NotFound, SetupError

log = logging.getLogger(__name__)

# So often the file is written when nothing has changed: its reader must know a dead agent from a calm one.
REFRESH = timedelta(seconds=10)
# A fault of ours is shown for so long after it last happened: several heartbeats carry it.
_FAULT_S = 600.0


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
    agent_error: str | None = None
    lamps_error: str | None = None


class StatusBoard:
    """The cameras' lives, which every thread may change; sentences are redacted on their way in."""

    def __init__(
        self,
        camera_ids: Iterable[str],
        *,
        redact: Callable[[str], str],
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redact = redact
        self._steady = steady
        self._lock = threading.Lock()
        self._cameras = {camera_id: CameraLife(camera_id=camera_id) for camera_id in camera_ids}
        self._held: dict[str, HeldMinutes] = {}
        self._troubles = Troubles()
        self._faults: dict[str, tuple[float, str]] = {}
        self._lamps: tuple[LampLife, ...] = ()
        self._reports_lost = 0
        self._loss_of_reports: tuple[float, str] | None = None

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
            now = self._steady()
            lately = [f"{who}: {said}" for who, (at, said) in self._faults.items() if now - at < _FAULT_S]
            reports = [sentence for sentence in (self._loss(now), self._troubles.report_error) if sentence]
            return replace(
                self._troubles,
                agent_error="; ".join(lately) or None,
                report_error="; ".join(reports) or None,
            )

    def sampled(
        self, camera_id: str, captured_at: datetime, *, gated_out: bool = False, held_back: bool = False
    ) -> None:
        """Count a picture, and whether the gate or the day's cap held it back; the camera runs."""
        with self._lock:
            old, held = self._cameras[camera_id], self._held.setdefault(camera_id, HeldMinutes())
            held.count(captured_at, held_back=held_back, sent=not gated_out and not held_back)
            self._cameras[camera_id] = replace(
                old,
                state="running",
                error=None,
                sampled=old.sampled + 1,
                gated_out=old.gated_out + gated_out,
                held_back=old.held_back + held_back,
                held_in=held.spans,
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

    def reports_lost(self, number: int, why: str) -> None:
        """Count local mode's reports that the disk did not take; shown for ten minutes after the last."""
        with self._lock:
            self._reports_lost += number
            self._loss_of_reports = self._steady(), self._redact(why)

    def heartbeat_trouble(self, sentence: str | None) -> None:
        """Say why heartbeats do not arrive; None when they do."""
        with self._lock:
            self._troubles = replace(self._troubles, heartbeat_error=self._shown(sentence))

    def fault(self, who: str, what: Exception | str) -> None:
        """Say that a part of the agent met an error that nobody foresaw; it is shown for ten minutes."""
        sentence = self._redact(what if isinstance(what, str) else f"{type(what).__name__}: {what}")
        with self._lock:
            self._faults[who] = (self._steady(), sentence)

    def site_denied(self, sentence: str | None) -> None:
        """Say why the site document that was asked for could not be read; None when it could, or is none."""
        with self._lock:
            self._troubles = replace(self._troubles, site_denied=self._shown(sentence))

    def lamps_trouble(self, sentence: str | None) -> None:
        """Say why nobody hears what the lamps are asked for; None when that is heard."""
        with self._lock:
            self._troubles = replace(self._troubles, lamps_error=self._shown(sentence))

    def show_lamps(self, lamps: tuple[LampLife, ...]) -> None:
        """Say what the lamps of this agent do."""
        with self._lock:
            self._lamps = lamps

    def lamps(self) -> tuple[LampLife, ...]:
        """Return what the lamps of this agent do."""
        with self._lock:
            return self._lamps

    def follows(self, etag: str | None, *, error: str | None) -> None:
        """Say which site document is followed, and why a newer one was refused."""
        with self._lock:
            self._troubles = replace(self._troubles, site_etag=etag, site_error=self._shown(error))

    def any_failed(self) -> bool:
        """Tell whether a camera has failed for good."""
        return any(camera.state == "failed" for camera in self.cameras())

    def _loss(self, now: float) -> str | None:
        at, why = self._loss_of_reports or (-math.inf, "")
        if now - at >= _FAULT_S:
            return None
        return f"{self._reports_lost} reports are lost since the start, for the disk takes none: {why}"

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


class StatusWriter:
    """The status file while the agent runs: a disk that takes it no more ends nothing."""

    def __init__(self, file: StatusFile, now: Callable[[], Heartbeat]) -> None:
        self._file = file
        self._now = now
        self._trouble: str | None = None

    def begin(self) -> None:
        """Write it for the first time, when somebody is there to mend what is wrong."""
        try:
            self._file.write(self._now())
        except OSError as error:
            raise SetupError(f"the status file cannot be written: {error}") from error

    def refresh(self) -> Heartbeat:
        """Write it again, and return what it says."""
        heartbeat = self._now()
        try:
            self._file.write(heartbeat)
            self._trouble = None
        except OSError as error:
            if str(error) != self._trouble:
                self._trouble = str(error)
                log.warning("the status file cannot be written", extra={"error": self._trouble})
        return heartbeat
