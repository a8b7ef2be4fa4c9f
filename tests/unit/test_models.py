"""Where the model is looked for, and the download against a server on loopback."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from vigie.errors import ModelError
from vigie.vision.models import find_model

UNREACHABLE = "http://127.0.0.1:9/yolov8n.onnx"  # nothing listens on the discard port

CONTENT = b"\x08\x08" + bytes(100_000)


class Release(BaseHTTPRequestHandler):
    """A release's assets, good and bad."""

    def do_GET(self) -> None:
        bodies = {
            "/yolov8n.onnx": CONTENT,
            "/cut.onnx": CONTENT[:1000],
            "/login.onnx": b"<html>Log in</html>",
        }
        body = bodies.get(self.path)
        self.send_response(404 if body is None else 200)
        self.send_header(
            "Content-Length", str(len(CONTENT) if self.path == "/cut.onnx" else len(body or b""))
        )
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        pass


@pytest.fixture(scope="module")
def release() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Release) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with nothing in it and an empty shared/ beside it."""
    folder = tmp_path / "main"
    folder.mkdir()
    return folder


def put(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(CONTENT)


@pytest.mark.parametrize(
    ("own", "shared", "found"),
    [
        pytest.param(["yolov8n.onnx"], [], "main/models/yolov8n.onnx", id="the checkout's"),
        pytest.param([], ["yolov8n.onnx"], "shared/models/yolov8n.onnx", id="beside the checkout"),
        pytest.param(
            ["yolov8n.onnx", "yolov8n-dynamic.onnx"],
            [],
            "main/models/yolov8n-dynamic.onnx",
            id="dynamic first",
        ),
        pytest.param(
            ["yolov8n.onnx"],
            ["yolov8n-dynamic.onnx"],
            "main/models/yolov8n.onnx",
            id="the nearer folder first",
        ),
        pytest.param(
            ["other.onnx"], ["yolov8n.onnx"], "shared/models/yolov8n.onnx", id="other names are not ours"
        ),
    ],
)
def test_folders_in_their_order(checkout: Path, own: list[str], shared: list[str], found: str) -> None:
    put(checkout / "models", *own)
    put(checkout.parent / "shared" / "models", *shared)
    assert find_model(environ={}, checkout=checkout, url=UNREACHABLE) == checkout.parent / found


def test_the_variable_comes_before_all(checkout: Path, tmp_path: Path) -> None:
    put(checkout / "models", "yolov8n-dynamic.onnx")
    put(tmp_path, "mine.onnx")
    environ = {"VIGIE_MODEL": str(tmp_path / "mine.onnx")}
    assert find_model(environ=environ, checkout=checkout) == tmp_path / "mine.onnx"


def test_a_variable_that_names_no_file_is_an_error_at_once(checkout: Path) -> None:
    put(checkout / "models", "yolov8n.onnx")
    with pytest.raises(ModelError, match=r"^VIGIE_MODEL is '/no/where.onnx', and there is no such file$"):
        find_model(environ={"VIGIE_MODEL": "/no/where.onnx"}, checkout=checkout)


def test_an_empty_variable_is_none(checkout: Path) -> None:
    put(checkout / "models", "yolov8n.onnx")
    assert find_model(environ={"VIGIE_MODEL": ""}, checkout=checkout) == checkout / "models" / "yolov8n.onnx"


def test_the_download_lands_in_models(checkout: Path, release: str) -> None:
    found = find_model(environ={}, checkout=checkout, url=f"{release}/yolov8n.onnx")
    assert found == checkout / "models" / "yolov8n.onnx"
    assert found.read_bytes() == CONTENT
    assert [file.name for file in found.parent.iterdir()] == ["yolov8n.onnx"]
    assert find_model(environ={}, checkout=checkout, url=UNREACHABLE) == found


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        pytest.param("/missing.onnx", "404", id="gone"),
        pytest.param("/cut.onnx", "IncompleteRead", id="cut short"),
        pytest.param("/login.onnx", "no ONNX file", id="a login page"),
    ],
)
def test_a_failed_download_leaves_nothing_and_says_what_to_do(
    checkout: Path, release: str, path: str, reason: str
) -> None:
    with pytest.raises(ModelError, match=reason) as refusal:
        find_model(environ={}, checkout=checkout, url=release + path)
    assert "put one there or let VIGIE_MODEL name it" in str(refusal.value)
    assert not list(checkout.rglob("*.onnx"))


def test_without_network_there_is_one_sentence(checkout: Path) -> None:
    with pytest.raises(ModelError, match=r"^no model: VIGIE_MODEL is not set, .* gave none") as refusal:
        find_model(environ={}, checkout=checkout, url=UNREACHABLE)
    assert "\n" not in str(refusal.value)
