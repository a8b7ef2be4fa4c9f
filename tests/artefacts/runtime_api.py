"""Lambda's Runtime API for one function, on a socket that somebody else has opened.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import contextlib
import json
import queue
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

_PREFIX = "/2018-06-01/runtime/"
_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an event: the function's JSON, or the error that it reported; and how long that took."""

    value: Any
    failed: bool
    seconds: float


class RuntimeApi:
    """Gives events to the function that asks for them, one at a time."""

    def __init__(self, function_arn: str) -> None:
        self.function_arn = function_arn
        self.ready = threading.Event()
        self.init_error: Any = None
        self.events: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.answers: queue.Queue[tuple[str, Any, bool]] = queue.Queue()

    def invoke(self, event: dict[str, Any], *, timeout_s: float = _TIMEOUT_S) -> Answer:
        """Give one event to the function and wait for what it says.

        Raises:
            TimeoutError: it said nothing.

        """
        request_id, begun = str(uuid4()), time.monotonic()
        self.events.put((request_id, json.dumps(event).encode()))
        try:
            answered, value, failed = self.answers.get(timeout=timeout_s)
        except queue.Empty:
            raise TimeoutError(f"no answer within {timeout_s:.0f} s") from None
        assert answered == request_id
        return Answer(value, failed, time.monotonic() - begun)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, *args: Any, api: RuntimeApi) -> None:
        self.api = api
        super().__init__(*args)

    def do_GET(self) -> None:
        assert self.path == f"{_PREFIX}invocation/next", self.path
        self.api.ready.set()
        request_id, body = self.api.events.get()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Lambda-Runtime-Aws-Request-Id", request_id)
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + _TIMEOUT_S) * 1000)))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", self.api.function_arn)
        self.send_header("Lambda-Runtime-Trace-Id", "Root=1-00000000-000000000000000000000000;Sampled=0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        said = json.loads(self._body() or b"null")
        match self.path.removeprefix(_PREFIX).split("/"):
            case ["init", "error"]:
                self.api.init_error = said
                self.api.ready.set()
            case ["invocation", request_id, ("response" | "error") as kind]:
                self.api.answers.put((request_id, said, kind == "error"))
            case _:
                self.send_error(404)
                return
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # one of them waits for an event that will not come

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a function that is ended hangs up on us."""


@contextlib.contextmanager
def serving(api: RuntimeApi, door: socket.socket) -> Iterator[None]:
    """Answer on that listening socket until the end of the block."""
    handler = partial(_Handler, api=api)
    with _Server(("127.0.0.1", 0), handler, bind_and_activate=False) as server:
        server.socket.close()
        server.socket = door
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
