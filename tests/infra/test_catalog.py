"""The catalog agrees with the code that it describes."""

import subprocess
import sys
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

import pytest
from moto import mock_aws

from infra.catalog import CATALOG
from infra.local.cloud import aws_environ
from infra.local.resources import create
from infra.parts import Function
from vigie import settings
from vigie.aws import clients
from vigie.errors import SetupError

ROOT = Path(__file__).parents[2]
# Settings that no resource gives: the model's place, numbers with defaults, what Lambda itself says, and what
# pictures are linked by.
GIVEN_OTHERWISE = {
    "model",
    "face_model",
    "threads",
    "memory_mb",
    "page_refresh_s",
    "page_url",
    "picture_role",
    "lamp_things",
    "recorded_answers",
}


def settings_class(function: Function) -> type:
    words = function.name.split("_")
    found: type = getattr(settings, "".join(word.capitalize() for word in words) + "Settings")
    return found


@pytest.mark.parametrize("function", CATALOG.functions, ids=lambda function: function.name)
def test_a_functions_environment_is_what_its_settings_read(function: Function) -> None:
    names = {field.name for field in fields(settings_class(function))}
    assert set(function.environment) == names - GIVEN_OTHERWISE


@pytest.mark.parametrize("function", CATALOG.functions, ids=lambda function: function.name)
def test_what_is_charged_for_without_lambda_is_the_catalogs_memory(function: Function) -> None:
    for one in fields(settings_class(function)):
        if one.name == "memory_mb":
            assert one.default == function.memory_mb


def test_every_handler_folder_is_a_function_and_the_other_way_round() -> None:
    folders = {path.parent.name for path in (ROOT / "lambdas").glob("*/handler.py")}
    assert folders == {function.name for function in CATALOG.functions}


def test_every_queue_feeds_one_function_and_every_function_has_one_trigger() -> None:
    fed = [function.queue for function in CATALOG.functions if function.queue]
    assert sorted(fed) == sorted(queue.name for queue in CATALOG.queues)
    for function in CATALOG.functions:
        assert (function.queue is None) != (function.every is None), function.name


@pytest.mark.parametrize("function", CATALOG.functions, ids=lambda function: function.name)
def test_nothing_happens_when_a_handler_is_imported(function: Function) -> None:
    # An empty environment: no region, no credentials, no settings; a client made at import would fail.
    code = (
        "import sys, boto3\n"
        "boto3.client = boto3.resource = lambda *a, **k: sys.exit('a client was made at import')\n"
        f"import {function.module}\n"
        "assert 'onnxruntime' not in sys.modules, 'the model is loaded on first use'\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in aws_environ("").items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL")


@pytest.mark.usefixtures("region")
def test_broken_wiring_is_said_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.local.resources._PROBE_S", 1.0)
    deaf = replace(CATALOG, bucket=replace(CATALOG.bucket, suffix=".png"))
    with (
        mock_aws(),
        pytest.raises(SetupError, match=r"probe from the bucket .* did not reach the queue frames"),
    ):
        create(deaf, prefix="deaf")
    silent = replace(
        CATALOG,
        subscriptions=tuple(
            replace(each, filter_policy={"visits_changed": [{"numeric": [">", 99]}]})
            for each in CATALOG.subscriptions
        ),
    )
    with (
        mock_aws(),
        pytest.raises(SetupError, match="probe from the topic reports did not reach the queue alerts"),
    ):
        create(silent, prefix="silent")


@pytest.mark.usefixtures("region")
def test_functions_that_disagree_about_a_setting_are_refused() -> None:
    with mock_aws():
        resources = create(CATALOG, prefix="t")
        first, *others = CATALOG.functions
        crossed = replace(first, environment={**first.environment, "reports_topic": CATALOG.topics[1]})
        extra = replace(first, name="other")
        with pytest.raises(SetupError, match="the functions disagree about VIGIE_REPORTS_TOPIC"):
            resources.environ(replace(CATALOG, functions=(crossed, extra, *others)))


def test_a_message_stays_hidden_for_six_times_its_functions_time_out() -> None:
    assert CATALOG.visibility("frames") == timedelta(seconds=180)
    waiting = replace(CATALOG, batch_window=timedelta(minutes=5))
    assert waiting.visibility("frames") == timedelta(seconds=480), "it is hidden while its batch fills too"
    assert waiting.window("lights") == timedelta(0), "lamps wait for no batch"
    assert waiting.visibility("lights") == timedelta(seconds=90)


@pytest.mark.parametrize("function", CATALOG.functions, ids=lambda function: function.name)
def test_a_call_that_hangs_fails_before_its_function_does(function: Function) -> None:
    assert function.timeout.total_seconds() > clients.LONGEST_CALL_S
