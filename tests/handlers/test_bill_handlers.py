"""The real handlers against a budget: frames over the cap, one notice, SMS that stop, and the page's bill."""

import json
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest

from infra.catalog import CATALOG, Function
from infra.local.invoke import invoke
from infra.local.resources import Resources
from infra.local.runner import take_batch
from lambdas.watch_cameras import handler as watch_cameras
from tests.builders import NOON, at
from vigie.aws import clients
from vigie.aws.purse_store import DynamoPurse
from vigie.aws.report_store import DynamoReportStore
from vigie.aws.site_store import SITE_DOCUMENT
from vigie.commands.subscribe import filter_policy
from vigie.domain.caps import Spending
from vigie.domain.frames import FrameKey
from vigie.settings import variable
from vigie.steps.budget_ports import OverBudget

FUNCTIONS = {function.name: function for function in CATALOG.functions}
SITE = {
    "max_alert_age_s": 1e10,
    "rules": [{"rule_id": "people", "cooldown_s": 0}],
    "cameras": [{"camera_id": "hall", "name": "Entrance hall"}],
    "watchfulness": {"dark_after_s": 0, "unproven_after_s": 0},
    "caps": {"frames_a_camera": 2, "sms": 1},
}


def test_frames_and_sms_stop_at_their_caps_and_the_page_says_so(
    resources: Resources, model_path: Path, coco_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable("model"), str(model_path))
    s3, sns = boto3.client("s3"), boto3.client("sns")
    street = (coco_folder / "000000001000.jpg").read_bytes()
    s3.put_object(Bucket=resources.bucket, Key=SITE_DOCUMENT, Body=json.dumps(SITE).encode())
    topic = resources.topic_arns["alerts"]
    policy = json.dumps(filter_policy("sms", cameras=[], labels=[], rules=[]))
    for number in ("+33612345678", "+33612345679"):
        sns.subscribe(TopicArn=topic, Protocol="sms", Endpoint=number, Attributes={"FilterPolicy": policy})
    for seconds in (0, 30, 60, 90, 120):
        key = str(FrameKey("hall", at(seconds)))
        s3.put_object(Bucket=resources.bucket, Key=key, Body=street)
    _drain(resources, FUNCTIONS["detect_frame"])
    reports = DynamoReportStore(clients.dynamodb(), resources.table)
    found = reports.reports("hall", NOON, at(3600))
    assert len(found) == 2
    assert all(report.usage and report.usage.megabyte_ms > 0 and report.usage.gets for report in found)
    (minute,) = reports.minutes("hall", NOON, at(3600))
    assert minute.usage == sum((r.usage for r in found if r.usage), start=type(minute.usage)())
    purse = DynamoPurse(clients.dynamodb(), resources.table)
    frames = Spending.FRAMES
    marks = [OverBudget(at(60), frames), OverBudget(at(120), frames)]
    assert purse.marked("hall", NOON, at(3600)) == tuple(marks)

    # Each alert would be two SMS, and one is all that the day allows: so none is ever sent.
    _drain(resources, FUNCTIONS["send_alert"])
    accounts = {account.kind: account for account in purse.accounts(datetime.now(UTC).date())}
    assert (accounts[frames].taken, accounts[frames].refused_at) == (2, 2)
    assert (accounts[Spending.SMS].taken, accounts[Spending.SMS].refused_at) == (0, 1)

    watch_cameras._build.cache_clear()
    told = [invoke(FUNCTIONS["watch_cameras"], {})["told"] for _ in range(3)]
    assert told == [["budget/frames/hall", "budget/sms"], [], []]

    files = invoke(FUNCTIONS["render_charts"], {"days": ["2026-01-31"]})["files"]
    assert {"charts/2026-01-31/bill.svg", "exports/bill-2026-01-31.csv"} <= set(files)
    page = s3.get_object(Bucket=resources.bucket, Key="site/charts/index.html")["Body"].read().decode()
    assert "What it costs" in page
    assert "Minutes over budget" in page
    minutes = s3.get_object(Bucket=resources.bucket, Key="site/exports/hall/2026-01-31-minutes.csv")
    rows = [line.split(",") for line in minutes["Body"].read().decode().splitlines()]
    covered, over = rows[0].index("covered"), rows[0].index("over_budget")
    noon = next(number for number, row in enumerate(rows) if row[0] == "2026-01-31T12:00:00.000Z")
    assert [(row[covered], row[over]) for row in rows[noon : noon + 3]] == [
        ("1", "0"),
        ("0", "1"),
        ("0", "1"),
    ]


def _drain(resources: Resources, function: Function) -> None:
    assert function.queue
    while take_batch(boto3.client("sqs"), function, resources.queue_urls[function.queue]):
        pass
