"""Serves a clip as an endless stream over HTTP at its own pace; says its URL, runs until killed.

Run by bench_edge.py as `live_server.py CLIP SECONDS`.
"""

import contextlib
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from edge_agent.ffmpeg import find_ffmpeg

_PACKET = 188
_CHUNK_S = 0.04


def stream_of(clip: Path) -> bytes:
    """Return the clip as a transport stream of constant rate."""
    words = ["-v", "error", "-i", str(clip), "-c", "copy", "-muxrate", "6M", "-f", "mpegts", "pipe:1"]
    return subprocess.run([find_ffmpeg({}), *words], check=True, capture_output=True).stdout


def main() -> None:
    """Serve on a free port of loopback."""
    content = stream_of(Path(sys.argv[1]))
    rate = len(content) / float(sys.argv[2])

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "video/mp2t")
            self.end_headers()
            begun, sent = time.monotonic(), 0
            with contextlib.suppress(OSError):
                while True:
                    due = int((time.monotonic() - begun) * rate) // _PACKET * _PACKET
                    while sent < due:
                        at = sent % len(content)
                        part = content[at : at + min(due - sent, len(content) - at)]
                        self.wfile.write(part)
                        sent += len(part)
                    time.sleep(_CHUNK_S)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}/\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
