"""The handlers over moto in this process, with the resources that the catalog lists."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from moto import mock_aws

from infra.catalog import CATALOG
from infra.local.cloud import aws_environ
from infra.local.resources import Resources, create
from lambdas.compare_labels import handler as compare_labels
from lambdas.detect_frame import handler as detect_frame
from lambdas.record_proof import handler as record_proof
from lambdas.render_charts import handler as render_charts
from lambdas.send_alert import handler as send_alert
from lambdas.send_canary import handler as send_canary
from lambdas.set_lights import handler as set_lights
from lambdas.store_reports import handler as store_reports
from lambdas.watch_cameras import handler as watch_cameras
from tests.handlers.called import Calls


@pytest.fixture
def calls() -> Calls:
    """What the functions call while the test runs them; each call must be among their roles' rights."""
    return Calls()


@pytest.fixture
def resources(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, calls: Calls) -> Iterator[Resources]:
    """Everything that the functions use, and the environment that names it."""
    for name, value in aws_environ("").items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path))
    modules = (
        detect_frame,
        send_alert,
        store_reports,
        render_charts,
        send_canary,
        record_proof,
        watch_cameras,
        set_lights,
        compare_labels,
    )
    for module in modules:
        module._build.cache_clear()
    with mock_aws():
        calls.listen(monkeypatch, CATALOG.functions)
        made = create(CATALOG, prefix="test", visibility=timedelta(0))
        for name, value in made.environ(CATALOG).items():
            monkeypatch.setenv(name, value)
        yield made
    assert calls.refused() == [], "a function called what its role does not allow: infra/permissions.py"
