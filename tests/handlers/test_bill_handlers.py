"""The real handlers against a budget: frames over the cap, one notice, SMS that stop, and the page's bill."""

import json
from csv import DictReader
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from edge_agent.heartbeats import HeartbeatObject, LifeSigns
from edge_agent.pacing import DailyPace
from edge_agent.spool import Spool
from edge_agent.status import StatusBoard
from infra.catalog import CATALOG
from infra.local.invoke import invoke
from infra.local.resources import Resources
from infra.local.runner import take_batch
from infra.parts import Function
from lambdas.send_alert import handler as send_alert
from lambdas.watch_cameras import handler as watch_cameras
from tests.builders import NOON, at, report, seen
from vigie.aws import clients
from vigie.aws.alert_store import DynamoAlertStore
from vigie.aws.purse_store import DynamoPurse
from vigie.aws.report_store import DynamoReportStore
from vigie.aws.site_store import SITE_DOCUMENT
from vigie.commands.subscribe import filter_policy
from vigie.documents import read_object
from vigie.domain.alerting import AlertState
from vigie.domain.caps import Spending
from vigie.domain.frames import FrameKey
from vigie.domain.instants import from_iso, minute_of
from vigie.domain.rules import AlertRule
from vigie.domain.series import MINUTE
from vigie.domain.sites import Site
from vigie.messages import write_report_message
from vigie.settings import variable
from vigie.steps.budget_ports import OverBudget
from vigie.steps.minutes import keep_minutes

FUNCTIONS = {function.name: function for function in CATALOG.functions}
SITE: dict[str, Any] = {
    "max_alert_age_s": 1e10,
    "rules": [{"rule_id": "people", "cooldown_s": 0}],
    "cameras": [{"camera_id": "hall", "name": "Entrance hall"}],
    "watchfulness": {"dark_after_s": 0, "unproven_after_s": 0},
    "caps": {"frames_a_camera": 2, "sms": 1},
}


def put_site(resources: Resources, site: dict[str, Any]) -> None:
    boto3.client("s3").put_object(Bucket=resources.bucket, Key=SITE_DOCUMENT, Body=json.dumps(site).encode())


def test_frames_and_sms_stop_at_their_caps_and_the_page_says_so(
    resources: Resources, model_path: Path, coco_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable("model"), str(model_path))
    s3, sns = boto3.client("s3"), boto3.client("sns")
    street = (coco_folder / "000000001000.jpg").read_bytes()
    put_site(resources, SITE)
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


def test_what_an_edge_holds_back_is_over_budget_and_told_once(resources: Resources, tmp_path: Path) -> None:
    # The real pace, status and heartbeats of an edge, in a zone where it is about noon now.
    now = minute_of(datetime.now(UTC))
    said = {
        **SITE,
        "caps": {"frames_a_camera": 48},
        "time_zone": f"Etc/GMT{now.hour - 12:+d}",
        "watchfulness": {"dark_after_s": 180, "unproven_after_s": 0},
    }
    put_site(resources, said)
    site = read_object(Site, said, source="site.json")
    board, spool = StatusBoard(["hall"], redact=str), Spool(tmp_path / "spool")
    signs, post = LifeSigns("attic", board, spool), HeartbeatObject(boto3.client("s3"), resources.bucket)
    pace, begin, sent, told = DailyPace(site), now - timedelta(hours=4), set(), []
    for number in range(4 * 360 + 1):
        taken_at = begin + number * timedelta(seconds=10)
        went = pace.take(taken_at)
        sent |= {minute_of(taken_at)} if went else set()
        board.sampled("hall", taken_at, held_back=not went)
        if number % 450 == 0:  # the others do not arrive
            post.put(replace(signs.now(), at=taken_at))
            told += invoke(FUNCTIONS["watch_cameras"], {})["told"]
    post.put(signs.now())
    for _ in range(3):
        told += invoke(FUNCTIONS["watch_cameras"], {})["told"]
    spool.close()
    assert told == ["budget/frames/hall"]
    assert len(sent) in range(7, 12), "an hour's share at once, and the rest as it accrues"
    purse = DynamoPurse(clients.dynamodb(), resources.table)
    minutes = {begin + n * MINUTE for n in range(4 * 60)}
    assert {mark.begins_at for mark in purse.marked("hall", begin, now)} == minutes - sent
    day = now.astimezone(site.tz).date()
    (account,) = purse.accounts(day)
    assert (account.camera_id, account.taken, account.refused_at, account.held_at) == ("hall", 0, None, 48)

    invoke(FUNCTIONS["render_charts"], {"days": [day.isoformat()]})
    page = boto3.client("s3").get_object(Bucket=resources.bucket, Key="site/charts/index.html")["Body"].read()
    assert "Entrance hall: over budget. Its edge holds frames back; 0 were looked at today." in page.decode()
    key = f"site/exports/hall/{day}-minutes.csv"
    csv = boto3.client("s3").get_object(Bucket=resources.bucket, Key=key)["Body"].read().decode()
    rows = list(DictReader(csv.splitlines()))
    over = {from_iso(row["begins_at"]) for row in rows if row["over_budget"] == "1"}
    assert over == minutes - sent


def test_an_alert_that_no_budget_lets_out_is_withheld_and_keeps_no_later_one_quiet(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    sns, sqs = boto3.client("sns"), boto3.client("sqs")
    topic = resources.topic_arns["alerts"]
    for each in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]:
        sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])
    policy = json.dumps(filter_policy("sms", cameras=[], labels=[], rules=[]))
    sns.subscribe(
        TopicArn=topic, Protocol="sms", Endpoint="+33612345678", Attributes={"FilterPolicy": policy}
    )
    rules = [{"rule_id": "people", "cooldown_s": 3600}]
    put_site(resources, {**SITE, "rules": rules, "caps": {"sms": 0}})
    reports = DynamoReportStore(clients.dynamodb(), resources.table)
    alerts = DynamoAlertStore(clients.dynamodb(), resources.table)
    following = Site(rules=(AlertRule(rule_id="people"),)).following("hall")

    begin = int((datetime.now(UTC) - NOON).total_seconds()) - 120

    def come(seconds: float, times: int = 3) -> None:
        """Let a frame with somebody new come, and its message so often."""
        frame = report(begin + seconds, seen(x=0.1 if seconds else 0.9))
        reports.add_report(frame)
        kept = keep_minutes(frame, store=reports, following=following)
        for _ in range(times):
            body = write_report_message(frame, kept.change)
            sqs.send_message(QueueUrl=resources.queue_urls["alerts"], MessageBody=body)
        taken = 0
        while taken < times:
            taken += take_batch(sqs, FUNCTIONS["send_alert"], resources.queue_urls["alerts"])

    come(0)
    assert [record.state for record in alerts.alerts(at(begin), at(begin + 90))] == [AlertState.WITHHELD]
    put_site(resources, {**SITE, "rules": rules, "caps": {"sms": 5}})
    send_alert._build.cache_clear()
    come(30)
    come(60)
    states = [record.state for record in alerts.alerts(at(begin), at(begin + 90))]
    assert states == [AlertState.WITHHELD, AlertState.SENT], "the third one is kept quiet by the second"
    purse = DynamoPurse(clients.dynamodb(), resources.table)
    (account,) = purse.accounts(datetime.now(UTC).date())
    assert (account.kind, account.taken) == (Spending.SMS, 1)
    invoke(FUNCTIONS["render_charts"], {"days": [at(begin).date().isoformat()]})
    page = boto3.client("s3").get_object(Bucket=resources.bucket, Key="site/charts/index.html")["Body"].read()
    assert "1 alert was withheld: over budget. Nobody was told." in page.decode()


def _drain(resources: Resources, function: Function) -> None:
    assert function.queue
    while take_batch(boto3.client("sqs"), function, resources.queue_urls[function.queue]):
        pass
