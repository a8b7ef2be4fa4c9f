"""The handlers over moto in this process, with the resources that the catalog lists."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from moto import mock_aws

from infra.catalog import CATALOG
from infra.local.cloud import aws_environ
from infra.local.resources import Resources, create
from lambdas.detect_frame import handler as detect_frame
from lambdas.record_proof import handler as record_proof
from lambdas.render_charts import handler as render_charts
from lambdas.send_alert import handler as send_alert
from lambdas.send_canary import handler as send_canary
from lambdas.store_reports import handler as store_reports
from lambdas.watch_cameras import handler as watch_cameras


@pytest.fixture
def resources(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Resources]:
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
    )
    for module in modules:
        module._build.cache_clear()
    with mock_aws():
        made = create(CATALOG, prefix="test", visibility=timedelta(0))
        for name, value in made.environ(CATALOG).items():
            monkeypatch.setenv(name, value)
        yield made
