"""A proxy before moto's S3 that does what networks and S3 do on bad days, by a plan or by chance."""

import contextlib
import http.client
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self
from urllib.parse import urlsplit

Fault = Literal[
    "reset",  # the connection ends before anything is read
    "cut",  # and in the middle of the body
    "stall",  # no answer for `stall_s`, and then none
    "delay",  # the answer is late
    "slow-down",  # 503 SlowDown, with Retry-After: 0
    "unavailable",  # 503 of another kind
    "lost-answer",  # the request was applied; nobody is told
    "half-answer",  # the same, and the answer breaks off
]

_SKEW = timedelta(minutes=15)


class ChaosProxy:
    """`plan` is asked for the fault of each PUT, None being none; `met` counts the faults that happened.

    Its time is `ahead_s` of this machine's: what is signed more than a quarter of an hour off is refused, as
    S3 does it. `connections` counts those open at once, at most.
    """

    def __init__(self, upstream: str, *, stall_s: float = 1.0) -> None:
        self.plan: Callable[[], Fault | None] = lambda: None
        self.met: Counter[str] = Counter()
        self.ahead_s = 0.0
        self.most_connections = 0
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._upstream = urlsplit(upstream).netloc
        self._stall_s = stall_s
        self._server = self._listening(0)
        self._port = self._server.server_port
        self._thread = self._serving()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._shut()

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """Nobody listens: connections are refused, and open ones end."""
        self._shut()
        try:
            yield
        finally:
            self._server = self._listening(self._port)
            self._thread = self._serving()

    def time(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead_s)

    def _shut(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _serving(self) -> threading.Thread:
        thread = threading.Thread(target=lambda: self._server.serve_forever(poll_interval=0.02))
        thread.start()
        return thread

    def _listening(self, port: int) -> ThreadingHTTPServer:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30

            def setup(self) -> None:
                super().setup()
                with proxy._lock:
                    proxy._open.add(self.connection)
                    proxy.most_connections = max(proxy.most_connections, len(proxy._open))

            def finish(self) -> None:
                with proxy._lock:
                    proxy._open.discard(self.connection)
                with contextlib.suppress(OSError):
                    super().finish()

            def log_message(self, *_: Any) -> None:
                pass

            def do_PUT(self) -> None:
                fault = proxy.plan()
                if fault is not None:
                    proxy.met[fault] += 1
                with contextlib.suppress(OSError):
                    self.suffer(fault)

            def do_HEAD(self) -> None:
                with contextlib.suppress(OSError):
                    self.suffer(None)

            def suffer(self, fault: Fault | None) -> None:
                size = int(self.headers.get("Content-Length", 0))
                if fault == "reset":
                    self.abort()
                    return
                body = self.rfile.read(size // 2 if fault == "cut" else size)
                if fault == "cut":
                    self.abort()
                elif fault == "stall":
                    time.sleep(proxy._stall_s)
                    self.abort()
                elif fault in {"slow-down", "unavailable"}:
                    self.refuse(503, "SlowDown" if fault == "slow-down" else "ServiceUnavailable")
                elif self.is_skewed():
                    self.refuse(403, "RequestTimeTooSkewed")
                else:
                    if fault == "delay":
                        time.sleep(0.3)
                    self.forward(body, fault)

            def is_skewed(self) -> bool:
                signed = self.headers.get("X-Amz-Date")
                if signed is None:
                    return False
                instant = datetime.strptime(signed, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
                return abs(instant - proxy.time()) > _SKEW

            def abort(self) -> None:
                # A reset, not a polite end: the client must not take it for an answer.
                self.close_connection = True
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.connection.close()

            def refuse(self, status: int, code: str) -> None:
                body = f"<Error><Code>{code}</Code><Message>m</Message></Error>".encode()
                self.answer(status, {"Retry-After": "0", "Content-Type": "application/xml"}, body)

            def forward(self, body: bytes, fault: Fault | None) -> None:
                upstream = http.client.HTTPConnection(proxy._upstream, timeout=30)
                headers = {k: v for k, v in self.headers.items() if k.lower() not in {"connection", "expect"}}
                upstream.request(self.command, self.path, body or None, headers)
                response = upstream.getresponse()
                content = response.read()
                upstream.close()
                if fault == "lost-answer":
                    self.abort()
                elif fault == "half-answer":
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Le")
                    self.wfile.flush()
                    self.abort()
                else:
                    kept = {k: v for k, v in response.getheaders() if k.lower() not in _OURS}
                    self.answer(response.status, kept, content)

            def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response_only(status)
                self.send_header("Date", format_datetime(proxy.time(), usegmt=True))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False
            allow_reuse_address = True
            request_queue_size = 64

            def handle_error(self, *_: Any) -> None:
                pass  # a connection that was cut is what this is about

        return Server(("127.0.0.1", port), Handler)


_OURS = frozenset({"date", "content-length", "connection", "transfer-encoding", "server"})
