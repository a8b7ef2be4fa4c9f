"""A trial's templates: nothing stays when its stacks go, and settings do what they say and no more."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from infra.artefacts import Artefacts
from infra.catalog import CATALOG
from tests.infra.conftest import CONTEXT, SETTINGS, flags

CHOSEN = {"tracing": False, "log_level": "ERROR", "batch_window_s": 300, "max_concurrency": 7}


@pytest.fixture(scope="module")
def stacks(tiny: Artefacts, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, Any]]:
    from aws_cdk import App

    from infra.config import read_config
    from infra.rules import synthesise
    from infra.stacks import make_stacks

    app = App(outdir=str(tmp_path_factory.mktemp("trial")), context=flags())
    context = {**CONTEXT, "stage": "trial", "settings": {**SETTINGS, **CHOSEN}}
    make_stacks(app, config=read_config(context), artefacts=tiny)
    return {stack.stack_name: stack.template for stack in synthesise(app).stacks}


def of_type(stacks: Mapping[str, Mapping[str, Any]], kind: str) -> list[dict[str, Any]]:
    resources = [each for template in stacks.values() for each in template["Resources"].values()]
    return [each["Properties"] for each in resources if each["Type"] == kind]


def test_a_trial_leaves_nothing_and_traces_nothing_when_told_so(
    stacks: Mapping[str, Mapping[str, Any]],
) -> None:
    resources = [each for template in stacks.values() for each in template["Resources"].values()]
    policies = {each.get("DeletionPolicy", "Delete") for each in resources}
    assert policies == {"Delete"}
    tables = [each for each in resources if each["Type"] == "AWS::DynamoDB::Table"]
    assert [each["Properties"].get("DeletionProtectionEnabled", False) for each in tables] == [False]
    functions = [each for each in resources if each["Type"] == "AWS::Lambda::Function"]
    assert functions
    assert not any("TracingConfig" in each["Properties"] for each in functions)
    assert "xray:" not in json.dumps(stacks)


def test_a_message_stays_hidden_while_its_batch_waits_too(stacks: Mapping[str, Mapping[str, Any]]) -> None:
    hidden = {each["QueueName"]: each for each in of_type(stacks, "AWS::SQS::Queue")}
    for queue in CATALOG.queues:
        timeout = CATALOG.function_of(queue.name).timeout.total_seconds()
        window_s = 0 if queue.name == "lights" else 300
        assert hidden[f"vigie-trial-{queue.name}"]["VisibilityTimeout"] == 6 * timeout + window_s
    waits = {
        json.dumps(each["EventSourceArn"]): each["MaximumBatchingWindowInSeconds"]
        for each in of_type(stacks, "AWS::Lambda::EventSourceMapping")
    }
    assert len(waits) == len(CATALOG.queues)
    assert {seconds for arn, seconds in waits.items() if "ights" not in arn} == {300}
    assert [seconds for arn, seconds in waits.items() if "ights" in arn] == [0], "lamps wait for no batch"


def test_a_level_silences_no_log_that_an_alarm_reads(stacks: Mapping[str, Mapping[str, Any]]) -> None:
    levels = {
        each["FunctionName"]: each["LoggingConfig"]["ApplicationLogLevel"]
        for each in of_type(stacks, "AWS::Lambda::Function")
    }
    read = {each["LogGroupName"].rpartition("/")[2] for each in of_type(stacks, "AWS::Logs::MetricFilter")}
    assert read == {"vigie-trial-watch_cameras"}
    assert {name for name, level in levels.items() if level == "INFO"} == read
    assert set(levels.values()) == {"INFO", "ERROR"}


def test_frames_get_the_concurrency_and_what_follows_them_the_least(
    stacks: Mapping[str, Mapping[str, Any]],
) -> None:
    allowed = [
        each["ScalingConfig"]["MaximumConcurrency"]
        for each in of_type(stacks, "AWS::Lambda::EventSourceMapping")
    ]
    assert sorted(allowed) == [*[2] * (len(CATALOG.queues) - 1), 7]
    assert CATALOG.function_of("frames").at_once is None
