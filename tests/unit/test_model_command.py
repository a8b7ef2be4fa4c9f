"""`python -m vigie model`: fetch against a server on loopback, prepare and info with the real weights."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import shared_file
from tests.release import CONTENT, Release, serving
from tests.tiny_onnx import tiny_onnx
from vigie.__main__ import main
from vigie.domain.detections import DEFAULT_LABELS, Box
from vigie.vision.detector import YoloDetector

SKIER = "000000000785.jpg"


@pytest.fixture
def release() -> Iterator[Release]:
    with serving({"/yolov8n.onnx": CONTENT}) as server:
        yield server


@pytest.fixture(scope="module")
def calibration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight of COCO's pictures, and a broken one."""
    folder = tmp_path_factory.mktemp("calibration")
    images = sorted(shared_file("data/coco-val-128/images").glob("*.jpg"))
    for file in images[:8]:
        shutil.copy(file, folder)
    (folder / "broken.jpg").write_bytes(images[0].read_bytes()[:5000])
    return folder


@pytest.fixture(scope="module")
def prepared(calibration: Path, model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The free 8-bit file at a long side of 320, calibrated with few pictures."""
    target = tmp_path_factory.mktemp("prepared") / "small.onnx"
    argv = ["--model", str(model_path), "--calibration", str(calibration), "--size", "320"]
    assert main(["model", "prepare", *argv, "--output", str(target)]) == 0
    return target


def refused(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """Run the command, which must refuse; return its sentence."""
    assert main(["model", *argv]) == 2
    sentence = capsys.readouterr().err
    assert sentence.count("\n") == 1
    return sentence.removeprefix("vigie: ").rstrip()


def overlap(one: Box, other: Box) -> float:
    """Return intersection over union."""
    width = min(one.x2, other.x2) - max(one.x1, other.x1)
    height = min(one.y2, other.y2) - max(one.y1, other.y1)
    both = max(width, 0.0) * max(height, 0.0)
    areas = [(box.x2 - box.x1) * (box.y2 - box.y1) for box in (one, other)]
    return both / (sum(areas) - both)


def test_fetch_downloads_once(release: Release, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "models" / "yolov8n.onnx"
    argv = ["model", "fetch", "--url", release.url(), "--output", str(target)]
    assert main(argv) == 0
    assert "no hash is published" in capsys.readouterr().out
    assert target.read_bytes() == CONTENT
    assert main(argv) == 0
    assert capsys.readouterr().out == f"{target} is there; --again downloads in its place\n"
    assert len(release.asked) == 1


def test_fetch_refuses_another_hash(
    release: Release, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "yolov8n.onnx"
    argv = ["--url", release.url(), "--output", str(target), "--sha256", "0" * 64]
    assert "is expected" in refused(capsys, "fetch", *argv)
    assert not target.exists()


def test_fetch_checks_what_is_there_already(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = tmp_path / "there.onnx"
    there.write_bytes(CONTENT)
    argv = ["--output", str(there)]
    assert "is expected" in refused(capsys, "fetch", *argv, "--sha256", "0" * 64)
    assert main(["model", "fetch", *argv, "--sha256", hashlib.sha256(CONTENT).hexdigest()]) == 0
    there.write_text("dummy")
    assert "is no ONNX file" in refused(capsys, "fetch", *argv)


def test_a_prepared_file_is_no_origin(
    prepared: Path, model_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["--model", str(prepared), "--precision", "float", "--output", str(tmp_path / "again.onnx")]
    words = refused(capsys, "prepare", *argv)
    assert f"is a prepared one, made from {model_path.name}: name that with --model" in words


def test_weights_have_seven_bits_and_sure_detections_differ(prepared: Path, coco_folder: Path) -> None:
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(prepared).graph
    weights = [
        numpy_helper.to_array(each) for each in graph.initializer if each.data_type == onnx.TensorProto.INT8
    ]
    assert max(int(np.abs(each.astype(int)).max()) for each in weights if each.ndim == 4) <= 64
    detector = YoloDetector(model=prepared)
    seen = [
        detection.confidence
        for file in sorted(coco_folder.iterdir())[:24]
        for detection in detector.detect(file.read_bytes()).detections
    ]
    assert len(set(seen)) > 0.8 * len(seen) > 10


def test_info_prints_the_papers(prepared: Path, model_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "info", str(prepared)]) == 0
    text = capsys.readouterr().out
    assert "input shape      free, long side 320" in text
    assert f"prepared from    {model_path.name}, SHA-256" in text
    assert main(["model", "info", str(prepared), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["provenance"]["calibration"]["pictures"] == 8
    assert document["provenance"]["precision"] == "int8"
    assert document["metadata"]["stride"] == "32"


def test_info_of_an_unprepared_file(square_model_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "info", str(square_model_path)]) == 0
    text = capsys.readouterr().out
    assert "input images    1 x 3 x 640 x 640" in text
    assert "prepared        no" in text


def test_the_prepared_file_sees_what_its_origin_sees(
    prepared: Path, model_path: Path, coco_folder: Path
) -> None:
    jpeg = (coco_folder / SKIER).read_bytes()
    (ours,) = YoloDetector(model=prepared).detect(jpeg).detections
    (exact,) = YoloDetector(model=model_path).detect(jpeg).detections
    assert ours.label == exact.label
    assert ours.confidence == pytest.approx(exact.confidence, abs=0.15)
    assert overlap(ours.box, exact.box) > 0.8


def test_what_cannot_be_read_is_left_out_by_name_and_the_same_input_gives_the_same_file(
    calibration: Path, model_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["--model", str(model_path), "--calibration", str(calibration), "--size", "64x64"]
    assert main(["model", "prepare", *argv, "--output", str(tmp_path / "one.onnx")]) == 0
    expected = f"vigie: {calibration / 'broken.jpg'} is left out of the calibration: "
    assert capsys.readouterr().err.startswith(expected)
    assert main(["model", "prepare", *argv, "--output", str(tmp_path / "two.onnx")]) == 0
    assert (tmp_path / "one.onnx").read_bytes() == (tmp_path / "two.onnx").read_bytes()


@pytest.mark.parametrize("source", ["yolov8n.onnx", "yolov8n-dynamic.onnx"])
def test_both_exports_take_a_cameras_shape_and_see_the_same(
    source: str, model_path: Path, coco_folder: Path, tmp_path: Path
) -> None:
    target = tmp_path / "wide.onnx"
    argv = ["--model", str(model_path.with_name(source)), "--precision", "float"]
    argv += ["--camera-shape", "1280x720", "--output", str(target)]
    assert main(["model", "prepare", *argv]) == 0
    detector = YoloDetector(model=target)
    jpeg = (coco_folder / SKIER).read_bytes()
    assert detector.tensor_of(jpeg).shape == (1, 3, 384, 640)
    (wide,) = detector.detect(jpeg).detections
    (exact,) = YoloDetector(model=model_path).detect(jpeg).detections
    assert overlap(wide.box, exact.box) > 0.85


def test_floats_are_prepared_without_loss(model_path: Path, coco_folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "float.onnx"
    argv = ["--model", str(model_path), "--precision", "float", "--output", str(target)]
    assert main(["model", "prepare", *argv]) == 0
    ours, exact = YoloDetector(model=target), YoloDetector(model=model_path)
    for file in sorted(coco_folder.glob("*.jpg"))[:4]:
        jpeg = file.read_bytes()
        pairs = list(zip(ours.detect(jpeg).detections, exact.detect(jpeg).detections, strict=True))
        for mine, theirs in pairs:
            assert mine.confidence == pytest.approx(theirs.confidence, abs=2e-4)
            assert overlap(mine.box, theirs.box) > 0.999


def test_scores_stand_in_the_papers(
    calibration: Path, model_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labelled = _some_labelled(tmp_path, 12)
    target = tmp_path / "scored.onnx"
    argv = ["--model", str(model_path), "--calibration", str(calibration), "--size", "320"]
    assert main(["model", "prepare", *argv, "--score", str(labelled), "--output", str(target)]) == 0
    assert main(["model", "info", str(target), "--json"]) == 0
    score = json.loads(capsys.readouterr().out.splitlines()[-1])["provenance"]["score"]
    assert score["pictures"] == 4  # of the twelve, eight were calibrated with
    assert 0 < score["ap50_95"] <= score["ap50"] <= 1
    assert score["labels"] == list(DEFAULT_LABELS)


def _some_labelled(folder: Path, count: int) -> Path:
    """Copy the first so many labelled pictures."""
    source = shared_file("data/coco-val-128")
    document = json.loads((source / "instances.json").read_text())
    document["images"] = sorted(document["images"], key=lambda entry: entry["file_name"])[:count]
    kept = {entry["id"] for entry in document["images"]}
    document["annotations"] = [entry for entry in document["annotations"] if entry["image_id"] in kept]
    labelled = folder / "labelled"
    (labelled / "images").mkdir(parents=True)
    for entry in document["images"]:
        shutil.copy(source / "images" / entry["file_name"], labelled / "images")
    (labelled / "instances.json").write_text(json.dumps(document))
    return labelled


def test_too_few_pictures_are_refused(
    calibration: Path, model_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in sorted(calibration.glob("0*.jpg"))[:3]:
        shutil.copy(file, tmp_path)
    argv = ["--model", str(model_path), "--calibration", str(tmp_path), "--size", "64"]
    sentence = refused(capsys, "prepare", *argv, "--output", str(tmp_path / "out.onnx"))
    assert sentence.startswith(f"3 pictures of {tmp_path} can be calibrated with, 8 at least are needed")
    assert not list(tmp_path.glob("*.onnx"))


def test_bad_input_is_one_sentence(
    model_path: Path,
    square_model_path: Path,
    calibration: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "notes.txt").write_text("no picture")
    other = tmp_path / "other.onnx"
    other.write_bytes(tiny_onnx(np.zeros((1, 7), np.float32)))
    out = ["--output", str(tmp_path / "out.onnx")]
    with_pictures = ["--calibration", str(calibration)]
    rows = [
        (["--model", str(model_path), *out], "--precision int8 needs --calibration FOLDER"),
        (["--model", str(model_path), "--calibration", str(empty), *out], f"--calibration {empty} holds no"),
        (["--model", str(model_path), "--calibration", "/no/where", *out], "/no/where cannot be read"),
        (["--model", str(other), *with_pictures, *out], f"model {other} has no class names"),
        (["--model", "/no/where.onnx", *with_pictures, *out], "model /no/where.onnx cannot be read"),
        (["--model", str(model_path), *with_pictures, "--output", str(empty)], f"{empty} is a folder"),
        (["--model", str(model_path), *with_pictures, "--output", f"{other}/x.onnx"], "cannot be written"),
        (["--model", str(square_model_path), *with_pictures, "--size", "320", *out], "for 640x640 alone"),
        (["--model", str(model_path), *with_pictures, "--score", str(empty), *out], "instances.json cannot"),
    ]
    for argv, words in rows:
        assert words in refused(capsys, "prepare", *argv)
    assert "cannot be read" in refused(capsys, "info", "/no/where.onnx")
    assert "no ONNX file" in refused(capsys, "info", str(empty / "notes.txt"))


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (["--size", "100"], "neither HEIGHTxWIDTH nor a long side, multiples of 32"),
        (["--size", "384x640x3"], "neither HEIGHTxWIDTH"),
        (["--camera-shape", "wide"], "no WIDTHxHEIGHT"),
        (["--pictures", "0"], "no number of pictures"),
        (["--size", "640", "--camera-shape", "1280x720"], "not allowed with"),
    ],
)
def test_options_that_are_none(option: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["model", "prepare", *option])
    assert words in capsys.readouterr().err
