"""Agents whose names are nearly the same, and what CDK refuses."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from infra.artefacts import Artefacts
from infra.catalog import CATALOG
from infra.config import read_config
from tests.infra.conftest import CONTEXT, SETTINGS, flags
from vigie.errors import ConfigError

# Each was once the same identifier as its neighbour.
AGENTS = {"gate-1": ["a"], "gate1": ["b"], "a": ["c"], "a-": ["d"], "b-c": ["e"], "b--c": ["f"], "bxc": ["g"]}


def test_names_that_are_nearly_the_same_stay_apart(tiny: Artefacts, tmp_path: Path) -> None:
    from aws_cdk import App

    from infra.edge_stack import identifier
    from infra.stacks import make_stacks

    assert len({identifier(agent) for agent in AGENTS}) == len(AGENTS)
    app = App(outdir=str(tmp_path), context=flags())
    config = read_config({**CONTEXT, "settings": {**SETTINGS, "agents": AGENTS}})
    make_stacks(app, config=config, artefacts=tiny)
    app.synth()
    template = json.loads((tmp_path / "Vigie-prod-Edge.template.json").read_text())
    things = [each for each in template["Resources"].values() if each["Type"] == "AWS::IoT::Thing"]
    assert {each["Properties"]["ThingName"] for each in things} == set(AGENTS)
    assert len(template["Outputs"]) == len(AGENTS)


def test_what_cdk_refuses_is_one_sentence(tiny: Artefacts, tmp_path: Path) -> None:
    from aws_cdk import App

    from infra.stacks import make_stacks

    twice = replace(CATALOG, topics=(*CATALOG.topics, CATALOG.topics[0]))
    app = App(outdir=str(tmp_path), context=flags())
    with pytest.raises(
        ConfigError, match=r"CDK cannot make the stacks of the stage prod: .*ReportsTopic"
    ) as caught:
        make_stacks(app, config=read_config(CONTEXT), artefacts=tiny, catalog=twice)
    assert "\n" not in str(caught.value)
