"""The programs that a local run starts, each a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, Any

from vigie.errors import SetupError

_STOP_S = 20.0


@contextmanager
def program(
    command: Sequence[str], log: IO[str], *, environ: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Run a module of ours until the end of the block, or until this process dies.

    Ctrl-C in a terminal reaches this process alone.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "infra.local.leash", *command],
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=environ,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[str]) -> None:
    """Ask a program to end, and end it when it does not."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin:
        process.stdin.close()


def render_charts(days: Sequence[str]) -> list[str]:
    """Call the function render_charts for those local days; return the paths that it drew, below site/.

    Raises:
        SetupError: it failed.

    """
    files: list[str] = _call("render_charts", {"days": list(days)}, "the charts were not drawn")["files"]
    return files


def send_canary() -> str:
    """Call the function send_canary; return the canary's frame key.

    Raises:
        SetupError: it failed.

    """
    frame_key: str = _call("send_canary", {}, "no canary was sent")["frame_key"]
    return frame_key


def _call(function: str, event: dict[str, Any], failed: str) -> dict[str, Any]:
    """Call a function in a process of its own, as its log goes to standard output; return what it returns."""
    command = [sys.executable, "-m", "infra.local.invoke", function, json.dumps(event)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SetupError(f"{failed}: {done.stderr.strip().splitlines()[-1:]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer
