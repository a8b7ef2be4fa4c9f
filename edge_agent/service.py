"""What the agent tells systemd: that it is ready, that it lives, that it stops (sd_notify's protocol).

Without systemd nothing is told, and nothing is lost. See sd_notify(3): datagrams of `NAME=value` lines to the
socket that `NOTIFY_SOCKET` names, whose leading '@' stands for an abstract one.
"""

import socket
import time
from collections.abc import Callable, Mapping

# How much longer systemd is asked to wait for a start that goes on, and how often: see EXTEND_TIMEOUT_USEC.
_MORE_S, _ASK_EVERY_S = 90, 5.0


class Service:
    """Speaks to the service manager that started this process, if one did.

    `watchdog_s` is how often it wants to hear that the agent lives; None when it does not ask.
    """

    def __init__(
        self, environ: Mapping[str, str], *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        path = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + path[1:] if path.startswith("@") else path
        text = environ.get("WATCHDOG_USEC", "")
        self.watchdog_s = int(text) / 1_000_000 if text.isdecimal() and int(text) else None

        self._monotonic = monotonic
        self._asked_at = monotonic()

    def starting(self, words: str) -> None:
        """Say that the start goes on, and ask for more time; called as often as one likes."""
        if self._monotonic() - self._asked_at >= _ASK_EVERY_S:
            self._asked_at = self._monotonic()
            self._tell(f"EXTEND_TIMEOUT_USEC={_MORE_S * 1_000_000}", f"STATUS={words}")

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
