"""`python -m vigie detect`, with a model that sees one person in every picture."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.tiny_onnx import tiny_onnx
from vigie.__main__ import main


@pytest.fixture
def model(tmp_path: Path) -> str:
    """See a person in the middle half of a 64x64 input (confidence 0.8), and a cat (0.5)."""
    output = np.zeros((1, 6, 84), np.float32)
    output[0, :, 0] = (32, 32, 32, 32, 0.8, 0)
    output[0, :, 1] = (32, 32, 8, 8, 0, 0.5)
    path = tmp_path / "tiny.onnx"
    path.write_bytes(tiny_onnx(output, metadata={"names": "{0: 'person', 1: 'cat'}"}))
    return str(path)


@pytest.fixture
def picture(tmp_path: Path) -> str:
    path = tmp_path / "street.jpg"
    cv2.imwrite(str(path), np.full((100, 100, 3), 90, np.uint8))
    return str(path)


PERSON = ["--labels", "person"]
SEEN = {"label": "person", "confidence": 0.8, "box": [25.0, 25.0, 75.0, 75.0]}
CAT = {"label": "cat", "confidence": 0.5, "box": [43.75, 43.75, 56.25, 56.25]}


@pytest.mark.parametrize(
    ("options", "seen"),
    [
        pytest.param(PERSON, [SEEN], id="a label"),
        pytest.param(["--labels", "cat,person"], [SEEN, CAT], id="labels, best first whatever their order"),
        pytest.param(["--labels", "cat,person", "--conf", "0.6"], [SEEN], id="confidence"),
        pytest.param([*PERSON, "--conf", "0.9"], [], id="nothing seen is an empty list"),
    ],
)
def test_json(
    model: str, picture: str, capsys: pytest.CaptureFixture[str], options: list[str], seen: list[object]
) -> None:
    assert main(["detect", picture, "--json", "--model", model, *options]) == 0
    written = capsys.readouterr()
    assert json.loads(written.out) == {"file": picture, "width": 100, "height": 100, "detections": seen}
    assert written.err == ""


def test_text(model: str, picture: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["detect", picture, "--model", model, *PERSON]) == 0
    expected = f"{picture}: 100x100, 1 detected\n  person       0.80  (25, 25) to (75, 75)\n"
    assert capsys.readouterr().out == expected


def test_a_folder_stands_for_its_pictures(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "clip"
    folder.mkdir()
    for name in ("b.jpg", "a.JPG", "c.jpeg", "notes.txt"):
        cv2.imwrite(str(tmp_path / "one.jpg"), np.zeros((20, 20, 3), np.uint8))
        (tmp_path / "one.jpg").rename(folder / name)
    assert main(["detect", str(folder), "--json", "--model", model, *PERSON]) == 0
    files = [Path(json.loads(line)["file"]).name for line in capsys.readouterr().out.splitlines()]
    assert files == ["a.JPG", "b.jpg", "c.jpeg"]


def test_what_cannot_be_read_is_named_and_the_others_go_through(
    model: str, picture: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = Path(picture).read_bytes()
    bad = {"empty.jpg": b"", "text.jpg": b"hello", "half.jpg": whole[: len(whole) // 2]}
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder").mkdir()
    names = [str(tmp_path / name) for name in (*bad, "missing.jpg", "folder")]
    assert main(["detect", *names, picture, "--json", "--model", model, *PERSON]) == 1
    written = capsys.readouterr()
    assert [json.loads(line)["file"] for line in written.out.splitlines()] == [picture]
    assert written.err.splitlines() == [
        f"vigie: {names[0]}: empty object",
        f"vigie: {names[1]}: no JPEG: begins with b'hello'",
        f"vigie: {names[2]}: cut short: a JPEG of {len(whole) // 2} bytes without its end marker",
        f"vigie: {names[3]}: cannot be read: No such file or directory",
        f"vigie: {names[4]}: a folder without JPEGs",
    ]


def test_a_model_that_cannot_be_used_ends_the_command(
    picture: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(tmp_path / "missing.onnx")
    assert main(["detect", picture, "--model", model]) == 2
    written = capsys.readouterr()
    assert (written.out, written.err) == (
        "",
        f"vigie: model {model} cannot be read: No such file or directory\n",
    )


def test_the_model_comes_from_the_environment(
    model: str, picture: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VIGIE_MODEL", model)
    assert main(["detect", picture, *PERSON]) == 0
    assert "1 detected" in capsys.readouterr().out


@pytest.mark.parametrize("value", ["1.5", "-0.1", "nan", "much"])
def test_a_confidence_that_is_none_is_refused(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["detect", "a.jpg", f"--conf={value}"])
    assert f"argument --conf: '{value}' is no number from 0 to 1" in capsys.readouterr().err


def test_a_reader_that_leaves_early_is_no_error(model: str, picture: str) -> None:
    argv = [sys.executable, "-m", "vigie", "detect", "--model", model, *PERSON, *[picture] * 2000]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as command:
        assert command.stdout is not None
        assert command.stderr is not None
        command.stdout.readline()
        command.stdout.close()
        assert command.stderr.read() == b""
        assert command.wait() == 0
