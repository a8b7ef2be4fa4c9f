"""Where nothing closes the doors: runs a module, and notes each door that Python code opens.

`python -P audited.py LOG DOORS MODULE ARGUMENTS...`: DOORS are the addresses that may be called, with commas.
It does not see what native code does by itself.
"""

import os
import runpy
import sys
from typing import Any

_OPEN_TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
_CHANGES = frozenset(
    {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod"}
)
_FREE = ("/tmp/", "/dev/null")


def main() -> None:
    """Watch, and run the module."""
    log = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    doors = frozenset(sys.argv[2].split(","))

    def watch(event: str, args: tuple[Any, ...]) -> None:
        if said := _stray(event, args, doors):
            os.write(log, f"{said}\n".encode())

    sys.argv = sys.argv[3:]
    # As `python -m` does it: the folder that it is started in comes first.
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - the standard library's least, before the function
    sys.addaudithook(watch)
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _stray(event: str, args: tuple[Any, ...], doors: frozenset[str]) -> str | None:
    if event in ("socket.connect", "socket.sendto"):
        address = args[1]
        called = f"{address[0]}:{address[1]}" if isinstance(address, tuple) else repr(address)
        return None if called in doors else f"{event} {called}"
    if event == "socket.getaddrinfo":
        host = args[0]
        return None if any(door.startswith(f"{host}:") for door in doors) else f"{event} {host}"
    if event == "open":
        path, _, flags = args
        written = isinstance(path, str | bytes) and flags & _OPEN_TO_WRITE
        return f"writes {os.fsdecode(path)}" if written and not _is_free(path) else None
    return f"{event} {args[0]}" if event in _CHANGES and not _is_free(args[0]) else None


def _is_free(path: Any) -> bool:
    return isinstance(path, str | bytes) and os.path.abspath(os.fsdecode(path)).startswith(_FREE)  # noqa: PTH100


if __name__ == "__main__":
    main()
