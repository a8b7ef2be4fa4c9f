"""Local mode's parts: what goes up as a picture, what waits on disk, how it gets to S3."""

import errno
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config

from edge_agent.local import Courier, LocalEyes
from edge_agent.outbox import Outbox
from edge_agent.spool import Spool
from edge_agent.status import StatusBoard
from tests.builders import NOON, at, report, seen
from tests.edge.servers import ScriptedS3
from vigie.domain.detections import Detection
from vigie.domain.frames import FrameKey
from vigie.domain.reports import Timings, reports_key
from vigie.domain.sites import Site
from vigie.errors import ModelError, PictureError
from vigie.messages import read_report_lines
from vigie.steps.ports import Sighting

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Script:
    """A detector that sees what a test says, picture by picture; "torn" is none."""

    name = "yolov8/script@00000000"

    def __init__(self, *seen_then: tuple[Detection, ...]) -> None:
        self._answers = iter(seen_then)

    def detect(self, jpeg: bytes) -> Sighting:
        if jpeg == b"torn":
            raise PictureError("no picture")
        return Sighting(640, 360, next(self._answers, ()), Timings(1, 1, 1, 1))


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    made = Spool(tmp_path / "spool")
    yield made
    made.close()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def no_fault(who: str, error: Exception) -> None:
    raise AssertionError(who) from error


def look(eyes: LocalEyes, seconds: float, jpeg: bytes = b"jpeg") -> None:
    eyes.add(FrameKey("hall", at(seconds)), jpeg, interval_s=1.0, sampled_at=at(seconds))


def sent(spool: Spool) -> list[float]:
    return [(frame.key.captured_at - NOON) / timedelta(seconds=1) for frame in spool.oldest(100)]


def test_a_picture_goes_up_where_a_visit_begins_or_is_seen_best_and_once_a_minute(
    tmp_path: Path, spool: Spool
) -> None:
    nobody: tuple[Detection, ...] = ()
    weak, better, worse = (seen(confidence=c) for c in (0.6, 0.9, 0.7))
    script = [nobody, nobody, (weak,), (better,), (worse,), (worse,), *[nobody] * 57]
    outbox = Outbox(tmp_path / "reports")
    eyes = LocalEyes(lambda _: Script(*script), spool, outbox, site=Site())
    for second in range(64):
        look(eyes, second)
        if second == 4:
            look(eyes, 1)  # the clock was set back: what such a frame begins nobody here can tell
    assert sent(spool) == [0, 1, 2, 3, 63]
    outbox.flush()
    reports = [
        one for _, path in outbox.waiting() for one in read_report_lines(path.read_text(encoding="utf-8"))
    ]
    assert len({one.key for one in reports}) == 64
    assert {one.model for one in reports} == {"yolov8/script@00000000"}


def test_what_is_no_picture_is_left_to_the_clouds_judgement(tmp_path: Path, spool: Spool) -> None:
    outbox = Outbox(tmp_path / "reports")
    look(LocalEyes(lambda _: Script(), spool, outbox, site=Site()), 0, b"torn")
    outbox.flush()
    assert (sent(spool), outbox.waiting()) == ([0], [])


def test_reports_are_gathered_by_number_and_by_time(tmp_path: Path) -> None:
    now = [0.0]
    outbox = Outbox(tmp_path / "reports", steady=lambda: now[0])
    for second in range(27):
        outbox.add(report(second))
    outbox.add(report(5, camera="yard"))
    assert [key for key, _ in outbox.waiting()] == [reports_key([report(n) for n in range(25)])]
    now[0] = 9.9
    outbox.flush_old()
    assert len(outbox.waiting()) == 1
    now[0] = 10.0
    outbox.flush_old()
    assert [key.split("/")[1] for key, _ in outbox.waiting()] == ["hall", "yard", "hall"]
    (tmp_path / "reports" / "hall" / "x.part").write_text("half")
    assert len(Outbox(tmp_path / "reports").waiting()) == 3, "another start finds them"
    assert not list((tmp_path / "reports").rglob("*.part"))


def test_reports_that_the_disk_does_not_take_are_counted_and_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    board = StatusBoard([], redact=str, steady=lambda: now[0])
    outbox = Outbox(tmp_path / "reports", on_loss=board.reports_lost)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for second in range(3):
        outbox.add(report(second))
    board.report_trouble("refused")
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        outbox.flush()
    lost = "3 reports are lost since the start, for the disk takes none: No space left on device"
    assert board.troubles.report_error == f"{lost}; refused"
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    outbox.add(report(9))
    outbox.flush()
    assert len(outbox.waiting()) == 1
    now[0] = 600.0
    assert board.troubles.report_error == "refused"


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


def test_another_start_clears_the_folders_that_are_empty(tmp_path: Path) -> None:
    (tmp_path / "reports/hall/2026/01/31/09").mkdir(parents=True)
    outbox = Outbox(tmp_path / "reports")
    assert list((tmp_path / "reports").iterdir()) == []
    outbox.add(report(0))
    outbox.flush()
    assert len(Outbox(tmp_path / "reports").waiting()) == 1


def test_another_site_document_has_another_detector_when_it_looks_for_something_else(
    tmp_path: Path, spool: Spool
) -> None:
    made: list[Site] = []

    def detector(site: Site) -> Script:
        made.append(site)
        if site.labels == ("unicorn",):
            raise ModelError("the model knows no label 'unicorn'")
        return Script()

    first = Site(rules=())
    eyes = LocalEyes(detector, spool, Outbox(tmp_path / "reports"), site=first)
    eyes.follow(replace(first, name="Another"))
    cars = replace(first, labels=("car",))
    eyes.follow(cars)
    surer = replace(cars, visits=replace(cars.visits, keep_confidence=0.45))
    eyes.follow(surer)
    assert made == [first, cars, surer]
    with pytest.raises(ModelError):
        eyes.follow(replace(surer, labels=("unicorn",)))
    look(eyes, 0)
    assert sent(spool) == [0], "the last detector goes on"
