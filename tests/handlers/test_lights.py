"""Reports on their way to a lamp group's shadow: topic, queue, handler, IoT, all of moto's."""

import csv
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from infra.catalog import CATALOG
from infra.local.invoke import invoke
from infra.local.resources import Resources, create_lamp_things
from tests.builders import report, seen
from tests.handlers.test_handlers import FUNCTIONS, depth, drain, put
from vigie.aws import clients
from vigie.aws.energy_store import DynamoEnergyStore
from vigie.aws.lights import IotLampShadows
from vigie.aws.notifier import SnsReportPublisher
from vigie.aws.report_files import S3ReportFiles
from vigie.aws.report_store import DynamoReportStore
from vigie.aws.rollup_store import DynamoRollupStore
from vigie.aws.site_store import SITE_DOCUMENT
from vigie.aws.usage_book import DynamoUsageBook
from vigie.documents import read_object
from vigie.domain.frames import FrameKey
from vigie.domain.instants import whole_milliseconds
from vigie.domain.lamps import LAMP_THINGS
from vigie.domain.reports import FrameReport, reports_key
from vigie.domain.sites import Site
from vigie.messages import write_report_lines
from vigie.steps.store import store_reports

DOCUMENT: dict[str, Any] = {
    "cameras": [{"camera_id": "hall"}, {"camera_id": "attic"}],
    "rules": [],
    "lamp_groups": [{"group_id": "yard", "covered_by": [{"camera": "hall"}], "hours": [{}]}],
}


@pytest.fixture
def site(resources: Resources) -> Site:
    put(resources, SITE_DOCUMENT, json.dumps(DOCUMENT).encode())
    return read_object(Site, DOCUMENT, source=SITE_DOCUMENT)


def arrive(resources: Resources, site: Site, *frames: FrameReport) -> None:
    """Let an edge's reports arrive, as `store_reports` takes them."""
    key = reports_key(frames)
    put(resources, key, write_report_lines(frames).encode())
    store_reports(
        key,
        site=site,
        files=S3ReportFiles(clients.s3(), resources.bucket),
        reports=DynamoReportStore(clients.dynamodb(), resources.table),
        stale=DynamoRollupStore(clients.dynamodb(), resources.table),
        publisher=SnsReportPublisher(clients.sns(), resources.topic_arns["reports"]),
        clock=lambda: datetime.now(UTC),
    )


def frame(instant: datetime, *detections: Any, camera: str = "hall") -> FrameReport:
    made = report(0, *detections, camera=camera)
    return FrameReport(
        key=FrameKey(camera, whole_milliseconds(instant)),
        width=made.width,
        height=made.height,
        detections=detections,
        model=made.model,
        timings=made.timings,
        reported_at=whole_milliseconds(instant),
        interval_s=1.0,
    )


def test_somebody_comes_and_the_shadow_asks_for_light(resources: Resources, site: Site) -> None:
    create_lamp_things(site.lamp_groups)
    now = datetime.now(UTC)
    arrive(resources, site, frame(now, seen()), frame(now + timedelta(seconds=1), seen(), seen(x=0.1)))
    arrive(resources, site, frame(now, seen(), camera="attic"))
    # The second frame adds nothing, unless a step of the lease lies between; no lamp is for the attic.
    assert drain(resources, "lights") in {1, 2}
    shadows = IotLampShadows(clients.iot_data(), LAMP_THINGS)
    desired, version = shadows.desired("yard")
    assert desired is not None
    assert (desired.level, desired.lease.reason) == (100, "person before hall")
    assert version in {2, 3}, "made, asked for, and once more when a step of the lease lies between the two"
    assert desired.lease.until is not None
    assert timedelta(seconds=119) <= desired.lease.until - now <= timedelta(seconds=152)
    assert depth(resources, "lights-dead") == 0


def test_what_the_lights_cost_is_charged_to_their_camera_and_is_on_the_day_s_bill(
    resources: Resources, site: Site
) -> None:
    create_lamp_things(site.lamp_groups)
    now = datetime.now(UTC)
    today = now.astimezone(site.tz).date()
    arrive(resources, site, frame(now, seen()))
    assert drain(resources, "lights") == 1
    used = DynamoUsageBook(clients.dynamodb(), resources.table).used(today, today)
    (usage,) = used.values()
    assert tuple(used) == (("hall", today),)
    # Read, made, read again, asked for.
    assert (usage.messages, usage.shadow_operations) == (1, 4)
    assert usage.read_units >= 1
    assert usage.megabyte_ms > 0
    invoke(next(f for f in CATALOG.functions if f.name == "render_charts"), {"days": [today.isoformat()]})
    bill = boto3.client("s3").get_object(Bucket=resources.bucket, Key=f"site/exports/bill-{today}.csv")
    rows = {row["camera_id"]: row for row in csv.DictReader(bill["Body"].read().decode().splitlines())}
    row = rows["hall"]
    assert (row["messages"], row["shadow_operations"]) == ("1", "4")
    assert float(row["telling_usd"]) > 4 * 1.25e-6


def test_a_group_that_no_edge_drives_fails_nothing(
    resources: Resources, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    arrive(resources, site, frame(datetime.now(UTC), seen()))
    assert drain(resources, "lights") == 1
    assert depth(resources, "lights-dead") == 0
    assert [record.__dict__["things"] for record in caplog.records] == [["vigie-lights-yard"]]


def test_a_drawing_keeps_what_lamps_used(resources: Resources) -> None:
    (group,) = DOCUMENT["lamp_groups"]
    document = {**DOCUMENT, "lamp_groups": [{**group, "watts": [[0, 0], [100, 600]]}]}
    put(resources, SITE_DOCUMENT, json.dumps(document).encode())
    today = datetime.now(UTC).date()
    files = invoke(FUNCTIONS["render_charts"], {})["files"]
    assert [path for path in files if path.endswith(("/energy.svg", "-days.csv"))]
    store = DynamoEnergyStore(clients.dynamodb(), resources.table)
    kept = store.energies("yard", today - timedelta(days=1), today + timedelta(days=1))
    assert kept
    assert all(totals.full_kwh == pytest.approx(totals.reckoned_s * 600 / 3.6e6) for totals in kept)


def test_a_message_that_is_none_of_ours_ends_in_the_dead_letter_queue(resources: Resources) -> None:
    boto3.client("sqs").send_message(QueueUrl=resources.queue_urls["lights"], MessageBody="hello")
    drain(resources, "lights")
    assert depth(resources, "lights-dead") == 1
