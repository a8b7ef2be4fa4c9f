"""What the agent tells systemd: that it is ready, that it lives, that it stops (sd_notify's protocol).

Without systemd nothing is told, and nothing is lost. See sd_notify(3): datagrams of `NAME=value` lines to the
socket that `NOTIFY_SOCKET` names, whose leading '@' stands for an abstract one.
"""

import socket
from collections.abc import Mapping


class Service:
    """Speaks to the service manager that started this process, if one did.

    `watchdog_s` is how often it wants to hear that the agent lives; None when it does not ask.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        path = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + path[1:] if path.startswith("@") else path
        text = environ.get("WATCHDOG_USEC", "")
        self.watchdog_s = int(text) / 1_000_000 if text.isdecimal() and int(text) else None

    def ready(self) -> None:
        """Say that the agent has started: cameras, spool and credentials are as they should be."""
        self._tell("READY=1")

    def alive(self, words: str) -> None:
        """Say that the agent lives, and in a few words what it does, for `systemctl status`."""
        self._tell("WATCHDOG=1", f"STATUS={words}")

    def stopping(self) -> None:
        """Say that the agent ends as it was asked to."""
        self._tell("STOPPING=1")

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
                # A manager that does not listen must not hold up the cameras.
                out.settimeout(1.0)
                out.sendto("\n".join(lines).encode(), self._address)
        except OSError:
            return  # it will notice the silence itself; that is what a watchdog is for
