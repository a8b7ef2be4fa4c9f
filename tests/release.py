"""A web server on loopback in a release's place: it breaks off, refuses ranges, notes what was asked."""

import contextlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from tests.tiny_onnx import tiny_onnx
from vigie.domain.detections import DEFAULT_LABELS

# A detector's file of some 300 kB that sees nothing.
CONTENT = tiny_onnx(
    np.zeros((1, 4 + len(DEFAULT_LABELS), 8400), np.float32),
    input_shape=(1, 3, 640, 640),
    metadata={"names": repr(dict(enumerate(DEFAULT_LABELS)))},
)


@dataclass
class Release:
    """What the server gives, and how badly: `cuts` are the bytes after which the next answers break off."""

    bodies: dict[str, bytes]
    etag: str | None = '"first"'
    ranges: bool = True
    cuts: list[int] = field(default_factory=list)
    errors: list[int] = field(default_factory=list)
    asked: list[str | None] = field(default_factory=list)
    port: int = 0

    def url(self, path: str = "/yolov8n.onnx") -> str:
        return f"http://127.0.0.1:{self.port}{path}"


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, *args: object, release: Release) -> None:
        self.release = release
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        release, begin = self.release, 0
        release.asked.append(self.headers.get("Range"))
        if release.errors:
            self.send_error(release.errors.pop(0))
            return
        body = release.bodies.get(self.path)
        if body is None:
            self.send_error(404)
            return
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        same = self.headers.get("If-Range") == release.etag
        if wanted and release.ranges and same:
            begin = int(wanted[1])
            if begin >= len(body):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        if release.etag:
            self.send_header("ETag", release.etag)
        self.send_header("Content-Length", str(len(body) - begin))
        self.end_headers()
        end = begin + release.cuts.pop(0) if release.cuts else len(body)
        self.wfile.write(body[begin:end])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        pass


@contextlib.contextmanager
def serving(bodies: dict[str, bytes]) -> Iterator[Release]:
    """Serve `bodies` by path."""
    release = Release(bodies)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, release=release)) as server:
        release.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield release
        server.shutdown()
        thread.join()
