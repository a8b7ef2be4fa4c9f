"""One HTTP request that is over in time as a whole: a socket's own time-out is for one read after another.

A device that sends a byte now and then would hold its lamp for ever. Only the search for its address is left
to the system, whose resolver has limits of its own.
"""

import io
import socket
import ssl
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_MOST_BYTES = 65_536


class Deadline:
    """So many seconds from now on."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def left_s(self) -> float:
        """Return the seconds that are left, above 0.

        Raises:
            TimeoutError: none are.

        """
        left_s = self._end - time.monotonic()
        if left_s <= 0:
            raise TimeoutError(f"it did not answer within {self._seconds:g} s")
        return left_s


def call(
    method: str,
    host: str,
    port: int,
    path: str,
    *,
    secure: bool,
    body: bytes,
    headers: Mapping[str, str],
    timeout_s: float,
) -> tuple[int, str]:
    """Make a request, by TLS if it is to be secure; return the status of the answer and its reason.

    Raises:
        OSError: the host is out of reach, refuses, or has not answered in full after `timeout_s`.
        HTTPException: its answer is none of HTTP.

    """
    deadline = Deadline(timeout_s)
    connection = HTTPSConnection(host, port) if secure else HTTPConnection(host, port)
    try:
        connection.sock = sock = _connected(connection.host, connection.port, deadline)
        if secure:
            sock.settimeout(deadline.left_s())
            connection.sock = sock = ssl.create_default_context().wrap_socket(sock, server_hostname=host)
        sock.settimeout(deadline.left_s())
        connection.request(method, path, body=body, headers=dict(headers))
        answer = HTTPResponse(cast("socket.socket", _Timed(sock, deadline)), method=method)
        try:
            answer.begin()
            answer.read(_MOST_BYTES)
        finally:
            answer.close()
    except TimeoutError:
        deadline.left_s()  # in its own words, unless it is one address of several that took its share
        raise
    finally:
        connection.close()
    return answer.status, answer.reason


def _connected(host: str, port: int, deadline: Deadline) -> socket.socket:
    """Connect to the first of a host's addresses that answers; each has its share of the time."""
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for number, (family, kind, protocol, _, address) in enumerate(addresses, start=1):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(deadline.left_s() / (len(addresses) - number + 1))
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            sock.close()
            if number == len(addresses):
                raise
        else:
            return sock
    raise OSError(f"{host} has no address")


class _Timed:
    """A socket as an answer reads it, until the deadline."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock, self._deadline = sock, deadline

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._sock, self._deadline))


class _Reader(io.RawIOBase):
    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock, self._deadline = sock, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        self._sock.settimeout(self._deadline.left_s())
        return self._sock.recv_into(buffer)
