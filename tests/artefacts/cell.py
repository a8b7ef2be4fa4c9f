"""A program for a function under test: closes the doors around itself, then becomes the function.

Started by `unshare` in a network of its own and with mounts of its own, it hands the sockets on which alone
anything will answer to whoever started it; all disks but a fresh /tmp become read-only. Standard library
alone: it runs under the function's Python, before the function does.
"""

import ctypes
import fcntl
import json
import os
import socket
import struct
import sys
from pathlib import Path

_RDONLY, _REMOUNT, _BIND, _REC, _RELATIME = 1, 32, 4096, 16384, 1 << 21
# What a mount has already it has to keep; these bits are the same in statvfs and mount.
_KEPT = os.ST_NOSUID | os.ST_NODEV | os.ST_NOEXEC | os.ST_NOATIME | os.ST_NODIRATIME
_SIOCSIFFLAGS, _IFF_UP_RUNNING = 0x8914, 0x41
_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Take what to do from the arguments: a socket's number, and JSON."""
    order = json.loads(sys.argv[2])
    with socket.socket(fileno=int(sys.argv[1])) as back:
        _raise_loopback()
        doors = [socket.create_server(("127.0.0.1", port), backlog=64) for port in order["ports"]]
        socket.send_fds(back, [b"doors"], [door.fileno() for door in doors])
    for door in doors:
        door.close()
    _close_disks(order["needs"])
    os.chdir(order["folder"])
    for probe in order["probes"]:
        _prove_closed(Path(probe))
    os.execve(order["command"][0], order["command"], order["environ"])


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP_RUNNING))


def _close_disks(needs: list[str]) -> None:
    """Make /tmp a fresh one, in which what the function needs of the old one still lies; close the rest."""
    held = {path: os.open(path, os.O_PATH) for path in needs if path.startswith("/tmp/")}
    _mount("tmpfs", "/tmp", "tmpfs", 0)
    for path, number in held.items():
        Path(path).mkdir(parents=True)
        _mount(f"/proc/self/fd/{number}", path, "", _BIND | _REC)
        os.close(number)
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        point = line.split()[4].encode().decode("unicode_escape")
        if point == "/tmp" or point.startswith("/proc"):
            continue
        try:
            flags = os.statvfs(point).f_flag
            relative = _RELATIME if flags & os.ST_RELATIME else 0
            _mount("", point, "", _REMOUNT | _BIND | _RDONLY | (flags & _KEPT) | relative)
        except OSError:
            continue  # hidden below another, or the kernel's own; the probes tell whether it mattered


def _prove_closed(folder: Path) -> None:
    probe = folder / ".vigie-probe"
    try:
        probe.touch()
    except OSError:
        return
    probe.unlink()
    sys.exit(f"{folder} can still be written")


def _mount(source: str, target: str, kind: str, flags: int) -> None:
    if _libc.mount(source.encode(), target.encode(), kind.encode(), flags, None):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), target)


if __name__ == "__main__":
    main()
