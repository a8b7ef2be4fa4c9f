"""One rehearsal for all tests of it: it takes most of a minute."""

import platform as machine
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.rehearsal.rehearsal import Outcome, rehearse
from layers.build import CHECKOUT, build
from layers.platforms import ARCHITECTURES, Platform, nearest_interpreter
from tests.conftest import shared_file
from vigie.settings import variable


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A rehearsal, and what its command said."""

    outcome: Outcome
    words: Path


@pytest.fixture(scope="session")
def rehearsed(model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Rehearsed:
    """The stage `trial`, deployed to moto's server, with a photograph of people sent through."""
    if not sys.platform.startswith("linux"):
        pytest.skip("artefacts are for Linux")
    interpreter = nearest_interpreter()
    native = next(name for name, wheels in ARCHITECTURES.items() if wheels == machine.machine())
    target = Platform(architecture=native, python=interpreter.version.rpartition(".")[0])
    # Where the tests of the artefacts have them too.
    artefacts = CHECKOUT / "build" / "tested-artefacts" / target.python
    build(target, environ={variable("model"): str(model_path)}, out=artefacts)
    # cdk.json asks for x86_64: the templates are the same, and what runs is this machine's.
    if native != "x86_64":
        (artefacts / "x86_64").unlink(missing_ok=True)
        (artefacts / "x86_64").symlink_to(native)
    folder = CHECKOUT / "build" / "tested-rehearsal"
    outcome = rehearse(
        stage="trial",
        artefacts=artefacts,
        picture=shared_file("data/coco-val-128/images/000000001000.jpg").read_bytes(),
        python=interpreter.program,
        folder=folder,
        say=lambda _: None,
    )
    return Rehearsed(outcome, folder / "words.log")
