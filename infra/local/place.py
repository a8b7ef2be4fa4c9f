"""Where a demo leaves its things, and what it writes there for the agent to read."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from vigie.domain.instants import to_iso
from vigie.errors import SetupError

_MARK = ".vigie-demo"
_LOCALTIME = Path("/etc/localtime")
# The lamp group that every camera of a demo covers.
DEMO_LAMPS = "demo"


@dataclass(frozen=True, slots=True)
class DemoFolder:
    """The folder OUT of a demo and the places in it."""

    path: Path

    @property
    def config(self) -> Path:
        """The agent's cameras.toml."""
        return self.path / "cameras.toml"

    @property
    def spool(self) -> Path:
        """Frames that are not uploaded yet."""
        return self.path / "spool"

    @property
    def status(self) -> Path:
        """The agent's status file."""
        return self.path / "status.json"

    @property
    def site(self) -> Path:
        """Charts, page and exports, as they lie under site/ in the bucket."""
        return self.path / "site"

    @property
    def page(self) -> Path:
        """The charts page."""
        return self.site / "charts" / "index.html"

    @property
    def summary(self) -> Path:
        """What the run came to."""
        return self.path / "summary.json"

    def prepare(self) -> None:
        """Make the folder, and empty it of an earlier run.

        Raises:
            SetupError: it holds something that no demo put there.

        """
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            if not (self.path / _MARK).is_file():
                raise SetupError(f"OUT={self.path} holds other things; name a new or empty folder")
            shutil.rmtree(self.path)
        try:
            for folder in (self.spool, self.site / "charts", self.path / "logs"):
                folder.mkdir(parents=True)
            (self.path / _MARK).touch()
        except OSError as error:
            raise SetupError(f"OUT={self.path} cannot be written: {error.strerror}") from error

    @contextmanager
    def log(self, name: str) -> Iterator[IO[str]]:
        """Open the log of one program of the demo."""
        with (self.path / "logs" / f"{name}.log").open("w", encoding="utf-8") as file:
            yield file

    def write_config(
        self, sources: Mapping[str, str], *, bucket: str, fps: float, start_at: datetime | None
    ) -> dict[str, str]:
        """Write cameras.toml; return the environment variables that it refers to.

        A source that may hold a password goes into the environment, never into the file.
        """
        secrets: dict[str, str] = {}
        lines = [f"bucket = {json.dumps(bucket)}"]
        for number, (camera_id, source) in enumerate(sources.items(), start=1):
            remote = "://" in source
            if remote and ("@" in source or "?" in source):
                secrets[f"VIGIE_SOURCE_{number}"] = source
                source = f"${{VIGIE_SOURCE_{number}}}"  # noqa: PLW2901 - the file refers to it from here on
            if not remote:
                # In the file a path is relative to the file's own folder, on the command line to the user's.
                source = str(Path(source).resolve())  # noqa: PLW2901
            lines += ["", "[[camera]]", f"camera_id = {json.dumps(camera_id)}"]
            lines += [f"source = {json.dumps(source)}", f"fps = {fps}"]
            if start_at and not remote:
                lines.append(f"start_at = {json.dumps(to_iso(start_at))}")
        lines += ["", "[[lamps]]", f"group = {json.dumps(DEMO_LAMPS)}", 'driver = "log"']
        self.config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return secrets

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        """Write summary.json."""
        self.summary.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")


def local_time_zone() -> str:
    """Return the name of this machine's time zone; UTC when it has none that the database knows."""
    name = os.environ.get("TZ", "")
    if not name and _LOCALTIME.is_symlink():
        name = str(_LOCALTIME.readlink()).partition("zoneinfo/")[2]
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC"
