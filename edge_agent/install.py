"""Installs the agent as a service, or brings it to another version: the same command, as often as one likes.

::

    sudo python3 -m edge_agent.install SOURCE        # a checkout's folder, or a wheel made of it

It needs nothing but Python 3.11 with venv, so that it runs from a bare checkout. What it makes::

    /opt/vigie/releases/<time>/   a virtual environment a version; /opt/vigie/current points at the one in use
    /etc/vigie/                   cameras.toml, environment (passwords), identity/: made once, then left alone
    /etc/systemd/system/vigie-edge.service

A version that does not start, or does not stay up, is taken back, and the one before it runs on.
"""

import argparse
import grp
import os
import pwd
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

UNIT = "vigie-edge.service"
USER = "vigie"

_GROUPS = ("video", "render")
_PROBATION_S = 15.0
_EXAMPLE = """\
# What this machine watches; docs/edge-pi.md says how to try it before the service is started.
bucket = "${VIGIE_BUCKET}"
# identity = "identity"          # the folder that `enroll` made, copied to /etc/vigie/identity

[[camera]]
camera_id = "hall"
source = "rtsp://${HALL_USER}:${HALL_PASSWORD}@192.0.2.7/live"
fps = 1.0
"""
_ENVIRONMENT = """\
# NAME=value a line, read by systemd as root: what cameras.toml refers to as ${NAME}.
VIGIE_BUCKET=
HALL_USER=
HALL_PASSWORD=
AWS_DEFAULT_REGION=
"""


class InstallError(Exception):
    """What cannot be done, in one sentence; what ran before runs still."""


class System(Protocol):
    """What the installer needs from the machine beside its files."""

    def prepare(self) -> None:
        """Make the user that the agent runs as, unless it is there."""

    def hand_over(self, path: Path, *, mode: int) -> None:
        """Let the agent's user read what root alone may write."""

    def reload(self) -> None:
        """Read the unit again."""

    def restart(self) -> bool:
        """Start the service, or start it anew; tell whether it became ready and stayed so for a while."""


@dataclass(frozen=True, slots=True)
class Systemd:
    """This machine.

    Raises:
        InstallError: a program that is needed is missing or fails.

    """

    probation_s: float = _PROBATION_S

    def prepare(self) -> None:
        """See `System.prepare`."""
        try:
            pwd.getpwnam(USER)
        except KeyError:
            known = [group for group in _GROUPS if _has_group(group)]
            extra = ["--groups", ",".join(known)] if known else []
            _run(
                [
                    "useradd",
                    "--system",
                    "--user-group",
                    "--home-dir",
                    "/var/lib/vigie",
                    "--shell",
                    "/usr/sbin/nologin",
                    *extra,
                    USER,
                ]
            )

    def hand_over(self, path: Path, *, mode: int) -> None:
        """See `System.hand_over`."""
        shutil.chown(path, "root", USER)
        path.chmod(mode)

    def reload(self) -> None:
        """See `System.reload`."""
        _run(["systemctl", "daemon-reload"])
        _run(["systemctl", "enable", UNIT])

    def restart(self) -> bool:
        """See `System.restart`."""
        # It returns when the agent says that it is ready, since the unit is of the type notify.
        if subprocess.run(["systemctl", "restart", UNIT], check=False).returncode:  # noqa: S607
            return False
        before = self._restarts()
        time.sleep(self.probation_s)
        active = subprocess.run(["systemctl", "is-active", "--quiet", UNIT], check=False)  # noqa: S607
        return active.returncode == 0 and self._restarts() == before

    def _restarts(self) -> str:
        return _run(["systemctl", "show", "--property", "NRestarts", UNIT])


class Installer:
    """Installs into a root folder, which is `/` but for tests: a virtual environment cannot be moved."""

    def __init__(self, root: Path, system: System, *, extras: str = "edge") -> None:
        self._system = system
        self._extras = extras
        self._opt = root / "opt" / "vigie"
        self._etc = root / "etc" / "vigie"
        self._units = root / "etc" / "systemd" / "system"

    @property
    def current(self) -> Path:
        """The link to the version in use."""
        return self._opt / "current"

    def install(self, source: Path) -> str:
        """Install a version, and return what to tell whoever did so.

        Raises:
            InstallError: it cannot be installed, or does not run; what ran before runs again.

        """
        if not source.exists():
            raise InstallError(f"{source} does not exist; the folder of a checkout or a wheel is needed")
        before = self.current.resolve() if self.current.is_symlink() else None
        release = self._build(source.resolve())
        self._system.prepare()
        is_new = self._configure()
        self._put_into_use(release)
        if is_new:
            return (
                f"installed. Now write {self._etc / 'cameras.toml'} and {self._etc / 'environment'}, then: "
                "systemctl restart vigie-edge"
            )
        if self._system.restart():
            self._tidy(keep={release, before})
            return f"{_version(release)} runs"
        if before is None:
            raise InstallError("the agent does not start; `journalctl -u vigie-edge` says why")
        self._put_into_use(before)
        came_back = self._system.restart()
        shutil.rmtree(release)
        raise InstallError(
            f"{source} does not start, and was taken back; `journalctl -u vigie-edge` says why. "
            + ("The version before it runs again" if came_back else "Nor does the version before it")
        )

    def _build(self, source: Path) -> Path:
        """Make a virtual environment with the version, which nobody uses yet."""
        release = self._opt / "releases" / f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
        pins = source / "requirements" / "dev.txt"
        constraints = ["--constraint", str(pins)] if pins.is_file() else []
        try:
            _run([sys.executable, "-m", "venv", str(release)])
            python = str(release / "bin" / "python")
            _run([python, "-m", "pip", "install", "--quiet", *constraints, f"{source}[{self._extras}]"])
            # -P: what was installed, not the checkout that this may have been called in.
            _run([python, "-P", "-c", "import edge_agent.agent, edge_agent.commands"])
            _unit(release)
        except InstallError:
            shutil.rmtree(release, ignore_errors=True)
            raise
        return release

    def _configure(self) -> bool:
        """Write the example files where there are none; tell whether cameras.toml is still to be written."""
        self._etc.mkdir(parents=True, exist_ok=True)
        self._system.hand_over(self._etc, mode=0o750)
        is_new = False
        for name, text, mode in (("cameras.toml", _EXAMPLE, 0o640), ("environment", _ENVIRONMENT, 0o600)):
            path = self._etc / name
            if not path.exists():
                path.write_text(text, encoding="utf-8")
                self._system.hand_over(path, mode=mode)
                is_new = is_new or name == "cameras.toml"
        return is_new

    def _put_into_use(self, release: Path) -> None:
        """Point at a version and take its unit; each in one rename, so that neither is ever half there."""
        self._units.mkdir(parents=True, exist_ok=True)
        part = self._units / f".{UNIT}.part"
        shutil.copyfile(_unit(release), part)
        part.chmod(0o644)
        part.replace(self._units / UNIT)
        link = self._opt / ".current"
        link.unlink(missing_ok=True)
        link.symlink_to(release)
        link.replace(self.current)
        self._system.reload()

    def _tidy(self, *, keep: set[Path | None]) -> None:
        """Remove all versions but the one in use and the one before it."""
        for release in (self._opt / "releases").iterdir():
            if release not in keep:
                shutil.rmtree(release)


def main(arguments: Sequence[str] | None = None) -> int:
    """Install or upgrade; 0 when the version runs, 1 when it was taken back or could not be installed."""
    parser = argparse.ArgumentParser(prog="python3 -m edge_agent.install", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("source", type=Path, help="a checkout's folder, or a wheel")
    parser.add_argument("--local", action="store_true", help="with what `run --detect local` needs")
    parser.add_argument("--lamps", action="store_true", help="with what lamps need")
    chosen = parser.parse_args(arguments)
    if os.geteuid() != 0:
        sys.stderr.write("only root can install a service: sudo python3 -m edge_agent.install ...\n")
        return 1
    try:
        extras = ",".join(["edge", *["vision"] * chosen.local, *["lamps"] * chosen.lamps])
        said = Installer(Path("/"), Systemd(), extras=extras).install(chosen.source)
    except (InstallError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{said}\n")
    return 0


def _run(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise InstallError(f"{command[0]} cannot be run: {error.strerror}") from error
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise InstallError(f"{' '.join(command[:4])} ... failed: {''.join(last)}")
    return done.stdout.strip()


def _unit(release: Path) -> Path:
    for path in release.glob(f"lib/python*/site-packages/edge_agent/{UNIT}"):
        return path
    raise InstallError(f"this version brings no {UNIT}")


def _version(release: Path) -> str:
    return "vigie " + _run([str(release / "bin" / "python"), "-P", "-m", "edge_agent", "--version"])


def _has_group(name: str) -> bool:
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
