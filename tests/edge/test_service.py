"""What systemd is told."""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_agent.service import Service


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Callable[[], str]]:
    """The end of systemd's socket; gives the next datagram."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(5)
        yield lambda: receiver.recv(4096).decode()


def test_systemd_is_told(tmp_path: Path, manager: Callable[[], str]) -> None:
    service = Service({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "60000000"})
    service.ready()
    assert manager() == "READY=1"
    service.alive("2 of 2 cameras run")
    assert manager() == "WATCHDOG=1\nSTATUS=2 of 2 cameras run"
    service.stopping()
    assert manager() == "STOPPING=1"
    Service({}).ready()
    Service({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).ready()


def test_a_long_start_asks_for_time_as_long_as_it_goes_on(tmp_path: Path, manager: Callable[[], str]) -> None:
    now = 0.0
    service = Service({"NOTIFY_SOCKET": str(tmp_path / "notify")}, monotonic=lambda: now)
    for second in range(12):
        now = float(second)
        service.starting("the spool is read")
    service.ready()
    more = "EXTEND_TIMEOUT_USEC=90000000\nSTATUS=the spool is read"
    assert [manager() for _ in range(3)] == [more, more, "READY=1"]


def test_an_abstract_socket_too() -> None:
    name = f"vigie-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind("\0" + name)
        receiver.settimeout(5)
        Service({"NOTIFY_SOCKET": "@" + name}).ready()
        assert receiver.recv(100) == b"READY=1"
