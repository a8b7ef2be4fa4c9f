"""Serves a clip as an endless stream over HTTP at its own pace; says its URL, runs until killed.

Run by bench_agent.py as `live_server.py CLIP FPS`. Every picture leaves when it is due, whatever its size: a
server that gives so many bytes a second holds back what follows a large keyframe, by up to a second. The clip
is played five times with times that go on, and only then anew.
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
_VIDEO_PID = 0x100
_TIMES = 5


def stream_of(clip: Path) -> bytes:
    """Return the clip, five times over, as a transport stream."""
    words = ["-v", "error", "-stream_loop", str(_TIMES - 1), "-i", str(clip), "-c", "copy", "-an"]
    return subprocess.run(
        [find_ffmpeg({}), *words, "-f", "mpegts", "pipe:1"], check=True, capture_output=True
    ).stdout


def picture_ends(content: bytes) -> list[int]:
    """Return where each picture ends: where the next one's first packet begins, or the content ends."""
    begins = [
        at
        for at in range(0, len(content), _PACKET)
        if content[at + 1] & 0x40 and (content[at + 1] & 0x1F) << 8 | content[at + 2] == _VIDEO_PID
    ]
    return [*begins[1:], len(content)]


def main() -> None:
    """Serve on a free port of loopback."""
    content, fps = stream_of(Path(sys.argv[1])), float(sys.argv[2])
    ends = picture_ends(content)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "video/mp2t")
            self.end_headers()
            begun, number = time.monotonic(), 0
            with contextlib.suppress(OSError):
                while True:
                    place = number % len(ends)
                    self.wfile.write(content[ends[place - 1] if place else 0 : ends[place]])
                    number += 1
                    time.sleep(max(0.0, begun + number / fps - time.monotonic()))

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}/\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
