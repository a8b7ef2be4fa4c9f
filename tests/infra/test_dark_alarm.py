"""The operators' alarm on dark cameras reads a line of a log, which is there at each level."""

import io
import json
from typing import get_args, get_type_hints

import pytest
from aws_lambda_powertools import Logger
from moto import mock_aws

from infra.catalog import CATALOG
from infra.config import Settings
from infra.local.cloud import aws_environ
from infra.local.invoke import invoke
from infra.local.resources import create
from lambdas.watch_cameras import handler as watch_cameras
from tests.infra.conftest import Synthesis

FUNCTION = next(each for each in CATALOG.functions if each.name == "watch_cameras")


@pytest.mark.parametrize("level", get_args(get_type_hints(Settings)["log_level"]))
def test_the_metric_finds_its_figure_in_what_is_logged(
    synthesis: Synthesis, monkeypatch: pytest.MonkeyPatch, level: str
) -> None:
    from infra.functions import log_level

    for name, value in aws_environ("").items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    # As Lambda tells Powertools of the level that the template asks for.
    monkeypatch.setenv("AWS_LAMBDA_LOG_LEVEL", log_level(FUNCTION, Settings(retain=False, log_level=level)))  # type: ignore[arg-type]
    written = io.StringIO()
    # Python's loggers live as long as the process: one of its own for each level.
    logger = Logger(service=f"watch_cameras at {level}", stream=written)
    monkeypatch.setattr(watch_cameras, "_logger", lambda: logger)
    watch_cameras._build.cache_clear()
    with mock_aws():
        for name, value in create(CATALOG, prefix="dark").environ(CATALOG).items():
            monkeypatch.setenv(name, value)
        invoke(FUNCTION, {})
    watch_cameras._build.cache_clear()
    (found,) = synthesis.of_type("Ops", "AWS::Logs::MetricFilter").values()
    (figure,) = found["Properties"]["MetricTransformations"]
    key = figure["MetricValue"].removeprefix("$.")
    assert found["Properties"]["FilterPattern"] == f"{{ $.{key} = * }}"
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [line[key] for line in lines if key in line] == [0]
