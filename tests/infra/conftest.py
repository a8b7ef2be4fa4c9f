"""Templates of a stage, synthesised once a session from tiny zips: CDK takes seconds for it."""

import json
import os
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from moto import mock_aws

from infra.artefacts import Artefacts, find_artefacts
from infra.catalog import CATALOG
from infra.cdk import CHECKOUT, node_folder
from infra.deployment.account import Account
from infra.local.cloud import aws_environ
from infra.local.recorded import RecordedRekognition
from infra.local.rekognition_server import ENDPOINT_VARIABLE, serving

# The Node that pip brought, as `make synth` has it: CDK starts one as soon as a test module imports it.
os.environ["JSII_NODE"] = str(node_folder() / "node")

ACCOUNT = Account(
    account_id="123456789012", region="eu-west-1", arn="arn:aws:sts::123456789012:assumed-role/dev/x"
)
AGENTS = {"garden": ["gate", "yard"]}
SETTINGS: Mapping[str, Any] = {
    "operators": ["ops@vigie.example"],
    "agents": AGENTS,
    "keep": {"frames": 5},
    "monthly_budget_usd": 12,
}
CONTEXT: Mapping[str, Any] = {
    "stage": "prod",
    "stages": {"trial": {"retain": False}, "prod": {"retain": True}},
    "settings": SETTINGS,
}


@pytest.fixture
def fresh_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """An account of moto's with nothing in it, Rekognition's recorded answers, and an empty build folder."""
    for name, value in aws_environ("").items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.setattr("infra.deployment.stage.BUILD", tmp_path / "build")
    with mock.patch.dict(os.environ), mock_aws(), serving(RecordedRekognition(lambda *_: None)) as endpoint:
        monkeypatch.setenv(ENDPOINT_VARIABLE, endpoint)
        yield


def flags() -> dict[str, Any]:
    """The feature flags of cdk.json."""
    written: dict[str, Any] = json.loads((CHECKOUT / "cdk.json").read_text())["context"]
    return {name: value for name, value in written.items() if name.startswith("@")}


@dataclass(frozen=True)
class Synthesis:
    """The templates by the stacks' last names, and the folder with all that was written."""

    templates: Mapping[str, Mapping[str, Any]]
    folder: Path

    def of_type(self, stack: str, kind: str) -> dict[str, dict[str, Any]]:
        resources = self.templates[stack]["Resources"]
        return {name: each for name, each in resources.items() if each["Type"] == kind}


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Artefacts:
    """Zips with next to nothing in the place of what `make layers` builds; there is a face model."""
    folder = tmp_path_factory.mktemp("artefacts")
    (folder / "x86_64").mkdir()
    names = [f"layer-{layer}" for function in CATALOG.functions for layer in function.layers]
    for name in {*names, *(f"function-{function.name}" for function in CATALOG.functions)}:
        with zipfile.ZipFile(folder / "x86_64" / f"{name}.zip", "w") as archive:
            archive.writestr("model/face.onnx" if name == "layer-model" else f"{name}.txt", name)
    return find_artefacts(CATALOG, folder, architecture="x86_64")


@pytest.fixture(scope="session")
def synthesis(tiny: Artefacts, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synthesis]:
    """A production stage with one agent and one operator; cdk-nag and our rules have passed it."""
    from aws_cdk import App

    from infra.config import read_config
    from infra.rules import synthesise
    from infra.stacks import make_stacks

    folder = tmp_path_factory.mktemp("cdk")
    app = App(outdir=str(folder), context=flags())
    make_stacks(app, config=read_config(CONTEXT), artefacts=tiny)
    assembly = synthesise(app)
    templates = {stack.stack_name.rpartition("-")[2]: stack.template for stack in assembly.stacks}
    yield Synthesis(templates, folder)
    shutil.rmtree(folder)
