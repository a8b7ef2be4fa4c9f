"""Servers on loopback that do what cameras and S3 do on bad days."""

import base64
import contextlib
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class _Server:
    """A threaded HTTP server for the length of a `with`."""

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(poll_interval=0.05))

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class CameraServer(_Server):
    """A camera that speaks motion JPEG over HTTP, about 20 pictures a second.

    `/stream`, behind whatever path, ends after `pictures`; `/silent` gives two pictures and then nothing,
    `/garbage` two and then bytes that mean nothing, without an end; `/private` asks for `user` and `password`
    first; anything else is 404. `requests` are the headers of each request,
    `played_s` the seconds for which each stream was played to its end.
    """

    user, password = "watcher", "tr0ub4dor-3"

    def __init__(self, jpeg: bytes, *, pictures: int = 10) -> None:
        self.pictures = pictures
        self.requests: list[dict[str, str]] = []
        self.played_s: list[float] = []
        self.closing = threading.Event()
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                camera.requests.append({"path": self.path, **{k.lower(): v for k, v in self.headers.items()}})
                path = self.path.partition("?")[0]
                if path == "/private" and not camera.is_known(self.headers.get("Authorization")):
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", 'Basic realm="camera"')
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                elif path in {"/silent", "/garbage", "/private"} or path.endswith("/stream"):
                    self.send_response(200)
                    self.send_header("Content-Type", "multipart/x-mixed-replace;boundary=frame")
                    self.end_headers()
                    with contextlib.suppress(OSError):
                        self.play(2 if path in {"/silent", "/garbage"} else camera.pictures)
                        while path == "/garbage":
                            self.wfile.write(os.urandom(5_000))
                            time.sleep(0.02)
                        if path == "/silent":
                            camera.closing.wait(30)
                else:
                    self.send_error(404)

            def play(self, pictures: int) -> None:
                begun = time.monotonic()
                for _ in range(pictures):
                    head = f"--frame\r\nContent-type: image/jpeg\r\nContent-length: {len(jpeg)}\r\n\r\n"
                    self.wfile.write(head.encode() + jpeg + b"\r\n")
                    self.wfile.flush()
                    time.sleep(0.05)
                camera.played_s.append(time.monotonic() - begun)

        super().__init__(Handler)

    def is_known(self, authorization: str | None) -> bool:
        expected = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return authorization == f"Basic {expected}"

    def __exit__(self, *parts: object) -> None:
        self.closing.set()
        super().__exit__(*parts)


class ScriptedS3(_Server):
    """Answers PUTs by `script`, then with 200: (status, code), or None to cut the connection.

    Paths that hold `refused` get a 403 whatever the script says. `stored` are the paths that got a 200, in
    order; `tried` those of every request.
    """

    def __init__(self) -> None:
        self.script: list[tuple[int, str] | None] = []
        self.refused: str | None = None
        self.tried: list[str] = []
        self.stored: list[str] = []
        s3 = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"  # answers `Expect: 100-continue`; botocore waits a second for it

            def log_message(self, *_: Any) -> None:
                pass

            def do_PUT(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                s3.tried.append(self.path)
                answer = s3.script.pop(0) if s3.script else (200, "")
                if s3.refused and s3.refused in self.path:
                    answer = (403, "AccessDenied")
                if answer is None:
                    self.close_connection = True
                    return
                status, code = answer
                body = f"<Error><Code>{code}</Code><Message>m</Message></Error>".encode() if code else b""
                if status == 200:
                    s3.stored.append(self.path)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        super().__init__(Handler)
