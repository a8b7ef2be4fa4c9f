"""Local mode's courier: reports get from the disk to S3, once each, whatever is in the way."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config

from edge_agent.local import Courier
from edge_agent.outbox import Outbox
from tests.builders import report
from tests.edge.servers import ScriptedS3
from vigie.domain.reports import reports_key

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def no_fault(who: str, error: Exception) -> None:
    raise AssertionError(who) from error


def test_the_courier_brings_all_once_whatever_was_there(
    tmp_path: Path, s3: "S3Client", bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = Outbox(tmp_path / "reports")
    batches = [[report(n), report(n + 1)] for n in (0, 2, 4)]
    for batch in batches:
        for one in batch:
            outbox.add(one)
        outbox.flush()
    there = reports_key(batches[1])
    shown: list[str | None] = []
    s3.put_object(Bucket=bucket, Key=there, Body=b"the first time")
    courier = Courier(outbox, s3, "vigie-nowhere", show=shown.append, fault=no_fault, slow_s=0.01)
    thread = threading.Thread(target=courier.run)
    thread.start()
    until(lambda: bool(shown))
    monkeypatch.setattr(courier, "_bucket", bucket)
    courier.finish()
    thread.join(10)
    assert not thread.is_alive()
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="reports/")["Contents"]
    assert [item["Key"] for item in listed] == [reports_key(batch) for batch in batches]
    assert s3.get_object(Bucket=bucket, Key=there)["Body"].read() == b"the first time"
    assert outbox.waiting() == []
    assert list((tmp_path / "reports").iterdir()) == [], "an hour's folder would lie there for ever"
    assert len(shown) == 2
    assert "reports/..." in str(shown[0])
    assert shown[1] is None


def test_a_fault_of_ours_is_told_and_the_courier_goes_on(
    tmp_path: Path, s3: "S3Client", bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = Outbox(tmp_path / "reports")
    outbox.add(report(0))
    told: list[tuple[str, str]] = []
    courier = Courier(
        outbox,
        s3,
        bucket,
        show=lambda _: None,
        fault=lambda who, error: told.append((who, repr(error))),
        slow_s=0.01,
    )
    honest = Courier._put

    def faulty(self: Courier, object_key: str, path: Path) -> None:
        monkeypatch.setattr(Courier, "_put", honest)
        raise KeyError(object_key)

    monkeypatch.setattr(Courier, "_put", faulty)
    courier.finish()
    courier.run()
    key = reports_key([report(0)])
    assert told == [("reports", f"KeyError('{key}')")]
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]


def test_a_camera_whose_reports_are_refused_keeps_no_other_waiting(
    tmp_path: Path, scripted_s3: ScriptedS3
) -> None:
    outbox = Outbox(tmp_path / "reports")
    scripted_s3.refused = "/reports/gate/"
    outbox.add(report(0, camera="gate"))
    outbox.add(report(1, camera="hall"))
    outbox.flush()
    client = boto3.client("s3", config=Config(retries={"total_max_attempts": 1}))
    shown: list[str | None] = []
    courier = Courier(outbox, client, "vigie-data", show=shown.append, fault=no_fault, slow_s=60)
    thread = threading.Thread(target=courier.run)
    thread.start()
    until(lambda: bool(scripted_s3.stored))
    courier.leave()
    thread.join(5)
    client.close()
    assert [key.split("/")[1] for key, _ in outbox.waiting()] == ["gate"]
    assert len(shown) == 1
    assert str(shown[0]).startswith("camera gate: storing reports/... failed")
