"""Functions as Lambda has them, over moto's server: artefacts of this machine's architecture and Python."""

import os
import platform as machine
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from unittest import mock

import pytest

from infra.catalog import CATALOG
from infra.local.cloud import local_cloud
from infra.local.resources import Resources, create
from infra.parts import Function
from layers.build import CHECKOUT, build
from layers.platforms import Interpreter, Platform, nearest_interpreter
from tests.artefacts.isolation import Isolation, Walls, Watch, walls_stand
from tests.artefacts.running import Running, Unpacked, cloud_environ, native, running, unpack
from tests.artefacts.triggers import Triggers
from tests.conftest import shared_file
from vigie.settings import variable

FUNCTIONS = {function.name: function for function in CATALOG.functions}
Start = Callable[..., AbstractContextManager[Running]]


@pytest.fixture(scope="session")
def interpreter() -> Interpreter:
    """Lambda's Python, or the nearest that this machine has."""
    if not sys.platform.startswith("linux"):
        pytest.skip("artefacts are for Linux")
    return nearest_interpreter()


@pytest.fixture(scope="session")
def target(interpreter: Interpreter) -> Platform:
    """What can run here."""
    return Platform(architecture=native(machine.machine()), python=interpreter.version.rpartition(".")[0])


@pytest.fixture(scope="session")
def artefacts(target: Platform, model_path: Path) -> Path:
    """All zips, with the model of ../shared; what did not change since the last time stays."""
    out = CHECKOUT / "build" / "tested-artefacts" / target.python
    faces = shared_file("models/face_detection_yunet_2026may.onnx")
    build(target, environ={variable("model"): str(model_path), variable("face_model"): str(faces)}, out=out)
    return out / target.architecture


@pytest.fixture(scope="session")
def unpacked(artefacts: Path, target: Platform, interpreter: Interpreter) -> Callable[[Function], Unpacked]:
    """A function's zips, unpacked."""
    return lambda function: unpack(function, artefacts, target, interpreter)


@pytest.fixture(scope="session")
def walls() -> Isolation:
    """Namespaces where this machine allows them, else an audit hook."""
    return Walls() if walls_stand() else Watch()


@pytest.fixture(scope="module")
def resources(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Resources]:
    """The catalog's resources on moto's server, at which this process's environment points."""
    log = tmp_path_factory.mktemp("moto") / "words"
    with mock.patch.dict(os.environ), log.open("w", encoding="utf-8") as words, local_cloud(words):
        yield create(CATALOG, prefix="made")


@pytest.fixture(scope="module")
def triggers(resources: Resources) -> Triggers:
    """Real events; frames are a photograph with several people."""
    return Triggers(resources, shared_file("data/coco-val-128/images/000000001000.jpg").read_bytes())


@pytest.fixture
def start(
    resources: Resources,
    unpacked: Callable[[Function], Unpacked],
    interpreter: Interpreter,
    walls: Isolation,
    tmp_path: Path,
) -> Start:
    """Run a function from its artefacts for the length of a `with`."""

    def begin(name: str, isolation: Isolation = walls) -> AbstractContextManager[Running]:
        function = FUNCTIONS[name]
        folders = unpacked(function)
        environ = cloud_environ(function, resources, folders)
        return running(
            function, folders, interpreter, environ, isolation=isolation, words=tmp_path / f"{name}.log"
        )

    return begin
