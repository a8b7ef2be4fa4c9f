"""Where the model is looked for, and the download against a server on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.release import CONTENT, Release, serving
from vigie.errors import ModelError
from vigie.vision.models import find_model

UNREACHABLE = "http://127.0.0.1:9/yolov8n.onnx"  # nothing listens on the discard port


@pytest.fixture
def release() -> Iterator[Release]:
    with serving({"/yolov8n.onnx": CONTENT, "/login.onnx": b"<html>Log in</html>"}) as server:
        yield server


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


def test_the_prepared_file_comes_before_its_origin(checkout: Path) -> None:
    put(checkout / "models", "yolov8n-prepared.onnx", "yolov8n-dynamic.onnx")
    put(checkout.parent / "shared" / "models", "yolov8n-dynamic.onnx")
    found = find_model(environ={}, checkout=checkout, url=UNREACHABLE)
    assert found == checkout / "models" / "yolov8n-prepared.onnx"


def test_the_download_lands_in_models(checkout: Path, release: Release) -> None:
    found = find_model(environ={}, checkout=checkout, url=release.url("/yolov8n.onnx"))
    assert found == checkout / "models" / "yolov8n.onnx"
    assert found.read_bytes() == CONTENT
    assert [file.name for file in found.parent.iterdir()] == ["yolov8n.onnx"]
    assert find_model(environ={}, checkout=checkout, url=UNREACHABLE) == found


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        pytest.param("/missing.onnx", "HTTP 404 Not Found", id="gone"),
        pytest.param("/login.onnx", "no ONNX file", id="a login page"),
    ],
)
def test_a_failed_download_leaves_nothing_and_says_what_to_do(
    checkout: Path, release: Release, path: str, reason: str
) -> None:
    with pytest.raises(ModelError, match=reason) as refusal:
        find_model(environ={}, checkout=checkout, url=release.url(path))
    assert "put one there or let VIGIE_MODEL name it" in str(refusal.value)
    assert not list(checkout.rglob("*.onnx"))


def test_without_network_there_is_one_sentence(checkout: Path) -> None:
    with pytest.raises(ModelError, match=r"^no model: VIGIE_MODEL is not set, .* failed") as refusal:
        find_model(environ={}, checkout=checkout, url=UNREACHABLE, pause_s=0)
    assert "\n" not in str(refusal.value)
