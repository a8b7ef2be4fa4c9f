"""An agent as people start it, while a test looks on."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE_S = 60.0


def wait_for(what: Callable[[], bool], *, seconds: float = PATIENCE_S, every_s: float = 0.05) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(every_s)


class Agent:
    """`python -m edge_agent run` in a process of its own, with its log in a file."""

    def __init__(self, folder: Path, text: str, s3_url: str, **environment: str) -> None:
        (folder / "cameras.toml").write_text(text, encoding="utf-8")
        self._log = (folder / "log").open("a", encoding="utf-8")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "edge_agent", "run", "--config", str(folder / "cameras.toml")],
            env={**os.environ, "AWS_ENDPOINT_URL": s3_url, **environment},
            stderr=self._log,
        )

    def __enter__(self) -> "Agent":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._log.close()
