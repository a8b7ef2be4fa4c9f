"""Layers: what they hold, that they come out the same, and that what Lambda would refuse is refused here."""

import os
import re
import zipfile
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from infra.catalog import CATALOG
from infra.parts import Catalog, Function
from layers import build as building
from layers.limits import LIMIT, check_limits, weigh
from layers.platforms import Platform, find_interpreter, nearest_interpreter
from layers.requirements import PINS, ROOTS, read_requirements, requirements_file, wanted
from layers.trimming import SERVICES, trim
from layers.wheels import compile_folder, unpack_wheels
from layers.zips import write_zip
from vigie.errors import ModelError, SetupError
from vigie.vision.models import find_model

LAMBDA = Platform()


@pytest.mark.parametrize("layer", ROOTS)
def test_a_layers_pins_are_those_that_everything_is_tested_with(layer: str) -> None:
    pins = PINS.read_text()
    text = requirements_file(layer).read_text()
    assert text == wanted(layer, pins=pins), "run: python -m layers.requirements"
    assert set(text.splitlines()[1:]) <= set(pins.splitlines())


def test_no_package_lies_in_two_layers_of_a_function() -> None:
    for function in CATALOG.functions:
        names = [
            pin.partition("==")[0]
            for layer in function.layers
            if layer in ROOTS
            for pin in read_requirements(layer, LAMBDA)
        ]
        assert len(names) == len(set(names)), function.name


def test_markers_are_those_of_lambda_and_not_of_this_python() -> None:
    versions = {
        python: [pin for pin in read_requirements("vision", Platform(python=python)) if "numpy" in pin]
        for python in ("3.11", "3.13")
    }
    assert len(versions["3.11"]) == len(versions["3.13"]) == 1
    assert versions["3.11"] != versions["3.13"]


def test_botocore_still_describes_every_service_that_functions_call() -> None:
    clients = Path(building.CHECKOUT / "layers/vigie/python/vigie/aws/clients.py").read_text()
    called = set(re.findall(r'boto3\.client\(\s*"([a-z0-9-]+)"', clients))
    assert "s3" in called
    operators = {"cloudwatch", "kms"}  # the doctor's, on the owner's machine
    assert called - operators <= set(SERVICES)


def test_the_same_wheels_make_the_same_zip(tmp_path: Path) -> None:
    interpreter = nearest_interpreter()
    for name in ("one", "two"):
        folder = tmp_path / name
        unpack_wheels(["six==1.17.0", "jmespath==1.1.0"], folder / "python", LAMBDA)
        trim(folder / "python")
        compile_folder(folder, interpreter, unpacks_to="/opt")
        write_zip(folder, tmp_path / f"{name}.zip")
        for file in folder.rglob("*"):
            os.utime(file, (0, 0))
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        (bytecode,) = (name for name in archive.namelist() if name.startswith("python/__pycache__/six."))
        assert b"/opt/python/six.py" in archive.read(bytecode)
        assert str(tmp_path).encode() not in archive.read(bytecode)


def test_our_own_zips_are_made_once_and_hold_no_bytecode_of_this_checkout(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "__pycache__").mkdir(parents=True)
    (source / "__pycache__" / "handler.cpython-311.pyc").write_bytes(b"old")
    (source / "handler.py").write_text("A = 1\n")
    cache = tmp_path / "cache"
    cache.mkdir()
    made = building._stored(building._folder(source, "/var/task"), cache, None)
    with zipfile.ZipFile(made) as archive:
        assert archive.namelist() == ["handler.py"]

    def fill(folder: Path) -> None:
        raise AssertionError("made again")

    again = replace(building._folder(source, "/var/task"), fill=fill)
    assert building._stored(again, cache, None) == made
    (source / "handler.py").write_text("A = 2\n")
    os.utime(made, (0, 0))
    building._stored(again, cache, None)
    building._forget(cache)
    assert made.is_file(), "it was asked for just now"
    os.utime(made, (0, 0))
    building._forget(cache)
    assert not made.exists()
    changed = replace(building._folder(source, "/var/task"), fill=fill)
    with pytest.raises(AssertionError, match="made again"):
        building._stored(changed, cache, None)


@pytest.fixture
def without_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No model lies where models do, and none can be downloaded."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    monkeypatch.delenv("VIGIE_MODEL", raising=False)
    monkeypatch.setattr(building, "CHECKOUT", checkout)
    nowhere = partial(find_model, url="http://127.0.0.1:9/model.onnx", pause_s=0)
    monkeypatch.setattr(building, "find_model", nowhere)
    return checkout


def test_templates_do_without_a_model_and_say_so_in_its_place(without_model: Path, tmp_path: Path) -> None:
    recipe = building._models({}, needs_model=False)
    recipe.fill(tmp_path / "layer")
    (file,) = (path for path in (tmp_path / "layer").rglob("*") if path.is_file())
    assert str(file.relative_to(tmp_path / "layer")) == building.PLACEHOLDER
    assert "detect_frame cannot work" in file.read_text()
    with pytest.raises(ModelError, match="and there is no such file"):
        building._models({"VIGIE_MODEL": "gone.onnx"}, needs_model=False)
    (without_model / "models").mkdir()
    (without_model / "models" / "yolov8n.onnx").write_bytes(b"weights")
    found = building._models({}, needs_model=False)
    assert found.inputs != recipe.inputs, "a placeholder is not kept once there is a model"
    found.fill(tmp_path / "better")
    assert (tmp_path / "better" / building.DETECTOR).read_bytes() == b"weights"


def test_a_deployment_without_a_model_fails(
    without_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # As `make deploy` and `make layers` call it.
    only = replace(CATALOG, functions=(replace(CATALOG.functions[0], layers=("model",)),))
    monkeypatch.setattr(building, "CATALOG", only)
    monkeypatch.setattr(building, "CACHE", tmp_path / "cache")
    assert building.main(["--architecture", "x86_64", "--out", str(tmp_path / "out")]) == 1
    assert "no model: VIGIE_MODEL is not set" in capsys.readouterr().err
    assert not list(tmp_path.rglob("layer-model.zip"))


def test_what_is_deployed_is_built_with_a_model() -> None:
    makefile = (Path(__file__).parents[2] / "Makefile").read_text()
    users = [rule for rule in makefile.split("\n\n") if "--for-templates" in rule]
    assert [rule.partition(":")[0] for rule in users] == ["synth"]
    assert "--for-templates" not in (Path(__file__).parents[2] / "infra" / "deploy.py").read_text()


def one_function(*layers: str) -> Catalog:
    function = Function(
        name="look",
        layers=layers,
        memory_mb=128,
        timeout=timedelta(seconds=3),
        environment={},
        every=timedelta(hours=1),
    )
    return replace(CATALOG, functions=(function,))


def zipped(folder: Path, name: str, **files: int) -> None:
    with zipfile.ZipFile(folder / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path, size in files.items():
            with archive.open(path.replace("__", "/"), "w") as file:
                for _ in range(size // 1_000_000):
                    file.write(bytes(1_000_000))


def test_what_is_too_large_names_its_largest_parts(tmp_path: Path) -> None:
    zipped(tmp_path, "function-look", handler=1_000_000)
    zipped(tmp_path, "layer-vision", python__cv2=230_000_000, python__numpy=30_000_000)
    zipped(tmp_path, "layer-model", model__detector=4_000_000)
    made = {path.stem: weigh(path) for path in tmp_path.glob("*.zip")}
    with pytest.raises(SetupError) as caught:
        check_limits(one_function("vision", "model"), made, tmp_path)
    said = str(caught.value)
    assert said.startswith(f"look with its layers has 265,000,000 bytes unzipped, {LIMIT:,} are allowed")
    assert said.endswith("python/cv2 230.0 MB, python/numpy 30.0 MB, model/detector 4.0 MB, handler 1.0 MB")
    check_limits(one_function("vision"), made, tmp_path)


def test_a_file_in_two_layers_is_refused(tmp_path: Path) -> None:
    zipped(tmp_path, "function-look", handler=1)
    zipped(tmp_path, "layer-vision", python__numpy=1)
    zipped(tmp_path, "layer-charts", python__numpy=1)
    made = {path.stem: weigh(path) for path in tmp_path.glob("*.zip")}
    with pytest.raises(SetupError, match="look: the layers vision and charts both hold python/numpy"):
        check_limits(one_function("vision", "charts"), made, tmp_path)


def test_a_pattern_that_meets_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "boto3").mkdir()
    with pytest.raises(SetupError, match=r"boto3/data/\* meets nothing in boto3 any more"):
        trim(tmp_path)


def test_a_service_that_botocore_lost_is_said(tmp_path: Path) -> None:
    for name in (*SERVICES[1:], "braket"):
        (tmp_path / "botocore" / "data" / name).mkdir(parents=True)
    with pytest.raises(SetupError, match=f"botocore describes no {SERVICES[0]}"):
        trim(tmp_path)


def test_a_package_without_a_wheel_for_lambda_is_said_by_pip(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="pip unpacked no wheels: ERROR: "):
        unpack_wheels(["docopt==0.6.2"], tmp_path / "python", LAMBDA)  # sources alone were ever published


def test_an_unknown_architecture_or_python_is_no_accident() -> None:
    with pytest.raises(SetupError, match="'sparc' is no architecture of Lambda: x86_64, arm64"):
        Platform(architecture="sparc")
    assert find_interpreter("3.99") is None
