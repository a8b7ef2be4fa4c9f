"""How a function is kept from everything but its two endpoints and /tmp, and how what it tried is found out.

With namespaces of its own (`Walls`) nothing else can be reached or written at all, and the network's own
counters tell of attempts. Where a machine allows no namespaces, an audit hook notes attempts (`Watch`).
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

HERE = Path(__file__).parent
RUNTIME_PORT = 9001
_SECONDS = 20.0
# Of these counters of a network that has loopback alone, any but zero is an attempt to call somebody else.
_STRAYS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "snmp": {"Ip": ("OutNoRoutes",), "Tcp": ("AttemptFails",), "Udp": ("OutDatagrams", "NoPorts")},
    "snmp6": {"": ("Ip6OutNoRoutes", "Udp6OutDatagrams")},
}


@dataclass(slots=True)
class Cell:
    """A function that was started, and the sockets at which it expects Lambda and AWS."""

    process: subprocess.Popen[bytes]
    runtime: socket.socket
    cloud: socket.socket | None
    before: dict[str, int] = field(default_factory=dict)
    log: Path | None = None


class Isolation(Protocol):
    """A way to start a function."""

    def start(
        self,
        python: Sequence[str],
        environ: Mapping[str, str],
        *,
        folder: Path,
        needs: Sequence[Path],
        cloud_port: int,
        words: IO[bytes],
    ) -> Cell:
        """Start `python` (program, options) as Lambda does in `folder`; `needs` are folders that it reads."""

    def strays(self, cell: Cell) -> list[str]:
        """Return what it tried beyond what it may, so far."""


class Walls:
    """A network and mounts of its own."""

    def start(
        self,
        python: Sequence[str],
        environ: Mapping[str, str],
        *,
        folder: Path,
        needs: Sequence[Path],
        cloud_port: int,
        words: IO[bytes],
    ) -> Cell:
        """See `Isolation.start`."""
        ours, theirs = socket.socketpair()
        order = {
            "ports": [RUNTIME_PORT, cloud_port],
            "needs": [str(path) for path in needs],
            "probes": [str(path) for path in (Path("/"), Path("/var/tmp"), Path.home(), folder, *needs)],
            "folder": str(folder),
            "command": [*python, "-m", "awslambdaric", "handler.handler"],
            "environ": {**environ, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{RUNTIME_PORT}"},
        }
        command = [shutil.which("unshare") or "unshare", "--user", "--map-root-user", "--net", "--mount"]
        command += [
            sys.executable,
            "-I",
            "-S",
            str(HERE / "cell.py"),
            str(theirs.fileno()),
            json.dumps(order),
        ]
        with ours, theirs:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
                env={},
                pass_fds=[theirs.fileno()],
            )
            theirs.close()
            ours.settimeout(_SECONDS)
            _, numbers, _, _ = socket.recv_fds(ours, 16, 2)
            if len(numbers) != 2:
                process.wait(_SECONDS)
                raise OSError("no namespaces: unshare or the cell failed")
        runtime, cloud = (socket.socket(fileno=number) for number in numbers)
        return Cell(process, runtime, cloud)

    def strays(self, cell: Cell) -> list[str]:
        """See `Isolation.strays`: of writes there is nothing to find, since none can succeed."""
        found = []
        for file, groups in _STRAYS.items():
            text = Path(f"/proc/{cell.process.pid}/net/{file}").read_text(encoding="utf-8")
            for group, names in groups.items():
                counters = _counters(text, group)
                found += [f"{name}: {counters[name]}" for name in names if counters.get(name)]
        return found


class Watch:
    """An audit hook; Python code alone is watched."""

    def start(
        self,
        python: Sequence[str],
        environ: Mapping[str, str],
        *,
        folder: Path,
        needs: Sequence[Path],
        cloud_port: int,
        words: IO[bytes],
    ) -> Cell:
        """See `Isolation.start`."""
        del needs
        runtime = socket.create_server(("127.0.0.1", 0), backlog=64)
        ends = f"127.0.0.1:{runtime.getsockname()[1]}"
        number, name = tempfile.mkstemp(prefix="vigie-strays-")
        os.close(number)
        command = [*python, "-P", str(HERE / "audited.py"), name, f"{ends},127.0.0.1:{cloud_port}"]
        process = subprocess.Popen(
            [*command, "awslambdaric", "handler.handler"],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            env={**environ, "AWS_LAMBDA_RUNTIME_API": ends, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        return Cell(process, runtime, None, log=Path(name))

    def strays(self, cell: Cell) -> list[str]:
        """See `Isolation.strays`."""
        return cell.log.read_text(encoding="utf-8").splitlines() if cell.log else []


def walls_stand() -> bool:
    """Tell whether this machine lets us have namespaces."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired), tempfile.TemporaryDirectory() as name:
        with (Path(name) / "words").open("wb") as words:
            python = [sys.executable, "-I", "-c", "pass"]
            cell = Walls().start(
                python, {}, folder=Path(name), needs=[Path(name)], cloud_port=9002, words=words
            )
        for door in (cell.runtime, cell.cloud):
            if door:
                door.close()
        return cell.process.wait(_SECONDS) == 0
    return False


def _counters(text: str, group: str) -> dict[str, int]:
    """Read snmp, where a group has a line of names and one of numbers, or snmp6, a counter a line."""
    rows = [line.split() for line in text.splitlines()]
    if not group:
        return {row[0]: int(row[1]) for row in rows if len(row) == 2}
    names, numbers = [row[1:] for row in rows if row[0] == f"{group}:"]
    return dict(zip(names, map(int, numbers), strict=True))
