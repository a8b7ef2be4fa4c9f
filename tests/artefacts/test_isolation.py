"""What keeps functions in, and tells on them, does: a function that tries everything is found out."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from infra.parts import Function
from layers.platforms import Interpreter
from tests.artefacts.conftest import FUNCTIONS
from tests.artefacts.isolation import Isolation, Walls, Watch, walls_stand
from tests.artefacts.running import UNPACKED, Unpacked, running

# The first of a checkout makes the layers.
pytestmark = pytest.mark.timeout(600)

STRAY = """
import pathlib, socket

def attempt(deed):
    try:
        deed()
    except OSError as error:
        return type(error).__name__
    return "done"

def handler(event, context):
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    return {
        "calls": attempt(lambda: socket.create_connection(("192.0.2.1", 80), 0.2)),
        "neighbour": attempt(lambda: socket.create_connection(("127.0.0.1", 9), 0.2)),
        "asks": attempt(lambda: udp.sendto(b"?", ("192.0.2.53", 53))),
        "writes": attempt(lambda: pathlib.Path(event["path"]).write_text("x")),
        "scratch": attempt(lambda: pathlib.Path("/tmp/vigie-stray").write_text("x")),
        "tidies": attempt(lambda: pathlib.Path("/tmp/vigie-stray").unlink()),
    }
"""


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return UNPACKED / f"stray-{tmp_path.name}"


def stray(
    isolation: Isolation,
    written: Path,
    tmp_path: Path,
    unpacked: Callable[[Function], Unpacked],
    interpreter: Interpreter,
) -> tuple[dict[str, str], list[str]]:
    (tmp_path / "task").mkdir()
    (tmp_path / "task" / "handler.py").write_text(STRAY)
    folders = replace(unpacked(FUNCTIONS["record_proof"]), task=tmp_path / "task")
    environ = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9002"}
    with running(
        FUNCTIONS["record_proof"],
        folders,
        interpreter,
        environ,
        isolation=isolation,
        words=tmp_path / "words",
    ) as function:
        assert function.strays() == []
        answer = function.invoke({"path": str(written)})
        assert not answer.failed, answer.value
        return answer.value, function.strays()


@pytest.mark.skipif(not walls_stand(), reason="this machine allows no namespaces: an audit hook stands in")
def test_walls_hold_and_tell(
    written: Path, tmp_path: Path, unpacked: Callable[[Function], Unpacked], interpreter: Interpreter
) -> None:
    did, strays = stray(Walls(), written, tmp_path, unpacked, interpreter)
    assert did.pop("scratch") == did.pop("tidies") == "done"
    assert "done" not in did.values()
    assert not written.exists()
    assert {each.partition(":")[0] for each in strays} == {"OutNoRoutes", "AttemptFails"}


def test_the_watch_tells(
    written: Path, tmp_path: Path, unpacked: Callable[[Function], Unpacked], interpreter: Interpreter
) -> None:
    _, strays = stray(Watch(), written, tmp_path, unpacked, interpreter)
    assert written.is_file()
    written.unlink()
    assert strays == [
        "socket.getaddrinfo 192.0.2.1",
        "socket.connect 192.0.2.1:80",
        "socket.connect 127.0.0.1:9",
        "socket.sendto 192.0.2.53:53",
        f"writes {written}",
    ]
