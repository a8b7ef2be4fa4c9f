"""`python -m vigie export`: what it writes, read back by pyarrow and pandas, and what it refuses."""

import csv
import re
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import boto3
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from tests.builders import seen
from tests.simulated_days import report_at, stored
from tests.unit.conftest import BUCKET, SITE, TABLE
from vigie.__main__ import main
from vigie.aws import clients
from vigie.aws.report_store import DynamoReportStore
from vigie.aws.rollup_store import DynamoRollupStore
from vigie.aws.site_store import SITE_DOCUMENT
from vigie.domain.reports import FrameReport
from vigie.domain.rollups import DayTotals, HourTotals
from vigie.domain.series import MINUTE
from vigie.exports import parquet

DAY = date(2026, 1, 31)
# The last ten minutes of that day in Paris, and the first two of the next.
BEGIN, MIDNIGHT = datetime(2026, 1, 31, 22, 50, tzinfo=UTC), datetime(2026, 1, 31, 23, tzinfo=UTC)
REPO = Path(__file__).parents[2]


def reports() -> Iterator[FrameReport]:
    """Yield a frame every 5 s, but none at 22:53 and 22:54; somebody stays on the step over midnight."""
    for second in range(0, 12 * 60, 5):
        instant = BEGIN + timedelta(seconds=second)
        if 180 <= second < 300:
            continue
        report = report_at(instant, second, camera="hall", interval_s=5)
        if 590 <= second < 620:
            report = FrameReport(
                report.key,
                640,
                360,
                (seen(zones=("door", "step")),),
                report.model,
                report.timings,
                report.reported_at,
                interval_s=5,
            )
        yield report


@pytest.fixture(autouse=True)
def stored_reports(deployed: None) -> None:
    store = DynamoReportStore(clients.dynamodb(), TABLE)
    memory = stored(reports())
    for report in memory._reports.values():
        store.add_report(report)
    for minute in memory._minutes.values():
        store.put_minute(minute, replaces=None)


def export(out: object, *more: str, first: str = "2026-01-31", last: str = "2026-01-31") -> int:
    return main(["export", "--from", first, "--to", last, "--out", str(out), *more])


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_is_written_comes_back_typed_by_camera_and_day(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(tmp_path, last="2026-02-01") == 0
    days = {f"{camera}/day={day}" for camera in ("hall", "yard") for day in (DAY, date(2026, 2, 1))}
    written = files(tmp_path)
    assert {name for name in written if name.startswith("minutes")} == {
        f"minutes/camera={day}/part-0.parquet" for day in days
    }
    said = capsys.readouterr().out.splitlines()
    assert f"{tmp_path}/minutes/camera=yard/day=2026-01-31/part-0.parquet: 1,440 rows" in said
    assert said[-1].startswith(f"{len(written)} files with ")

    minutes = ds.dataset(tmp_path / "minutes", partitioning="hive").to_table().to_pylist()
    hall = [row for row in minutes if (row["camera"], row["day"]) == ("hall", "2026-01-31")]
    assert len(hall) == 1440
    by_time = {row["begins_at"]: row for row in hall}
    empty = by_time[BEGIN + 3 * MINUTE]
    assert (empty["covered"], empty["frames"], empty["people"], empty["expected_frames"]) == (
        False,
        None,
        None,
        None,
    )
    first = by_time[BEGIN]
    assert first["local_time"] == "2026-01-31T23:50:00+01:00"
    assert (first["covered"], first["frames"], first["expected_frames"]) == (True, 12, 12.0)
    assert (first["people"], first["visits_of_people"]) == (1, 1)
    assert sum(row["covered"] for row in hall) == 8
    assert not any(row["covered"] for row in minutes if row["camera"] == "yard")

    detections = ds.dataset(tmp_path / "detections", partitioning="hive").to_table().to_pylist()
    last = max((row for row in detections if row["day"] == "2026-01-31"), key=lambda row: row["captured_at"])
    assert last["captured_at"] == MIDNIGHT - timedelta(seconds=5)
    assert (last["zones"], last["width"], last["x1"]) == (["door", "step"], 640, pytest.approx(288))
    assert (last["frames_in_minute"], last["interval_s"]) == (12, 5.0)

    visits = ds.dataset(tmp_path / "visits", partitioning="hive").to_table().to_pylist()
    over_midnight = [row for row in visits if row["visit"] == last["visit"]]
    assert [(row["camera"], row["day"]) for row in over_midnight] == [("hall", "2026-01-31")], "once"
    assert over_midnight[0]["last_seen_at"] == MIDNIGHT + timedelta(seconds=25)
    assert (over_midnight[0]["minutes"], over_midnight[0]["covered_minutes"]) == (2, 2)


def test_pandas_reads_the_partitions(tmp_path: Path) -> None:
    assert export(tmp_path) == 0
    minutes = pd.read_parquet(tmp_path / "minutes")
    assert str(minutes["begins_at"].dtype) == "datetime64[ms, UTC]"
    assert len(minutes) == 2 * 1440
    hall = minutes[minutes["camera"] == "hall"]
    assert hall["frames"].sum() == 8 * 12
    assert hall.loc[~hall["covered"], "people"].isna().all()
    detections = pd.read_parquet(tmp_path / "detections")
    assert detections["confidence"].dtype == "float32"
    assert set(detections["day"].astype(str)) == {"2026-01-31"}


def test_the_same_days_give_the_same_bytes(tmp_path: Path) -> None:
    for out in ("one", "two", "two"):
        assert export(tmp_path / out) == 0
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_a_prefix_of_a_bucket_holds_the_same_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="analysts", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert export(tmp_path, "--camera", "hall") == 0
    capsys.readouterr()
    assert export("s3://analysts/vigie/", "--camera", "hall") == 0
    said = capsys.readouterr().out
    for name, content in files(tmp_path).items():
        assert f"s3://analysts/vigie/{name}: " in said
        assert s3.get_object(Bucket="analysts", Key=f"vigie/{name}")["Body"].read() == content


def test_csv_needs_no_pyarrow_and_parquet_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "vigie.exports.parquet")
    assert export(tmp_path) == 2
    assert "pip install 'vigie[export]', or choose --format csv" in capsys.readouterr().err
    assert export(tmp_path, "--format", "csv", "--camera", "hall", "hall") == 0
    with (tmp_path / "visits/camera=hall/day=2026-01-31/part-0.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[-1]["zone"] == "door;step"
    assert {row["camera_id"] for row in rows} == {"hall"}
    assert set(files(tmp_path)) == {
        f"{table}/camera=hall/day=2026-01-31/part-0.csv" for table in ("detections", "visits", "minutes")
    }


def test_what_has_expired_is_said_and_not_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    db = boto3.client("dynamodb")
    found = db.scan(TableName=TABLE)["Items"]
    gone = next(item for item in found if item["sk"]["S"].startswith("REPORT#2250"))
    db.delete_item(TableName=TABLE, Key={"pk": gone["pk"], "sk": gone["sk"]})
    assert export(tmp_path, "--camera", "hall") == 0
    assert "detections of hall on 2026-01-31: expired, at least in part: 36500 days are kept" in (
        capsys.readouterr().out
    )
    assert {name.partition("/")[0] for name in files(tmp_path)} == {"minutes", "visits"}

    short = SITE.replace(b"36500", b"1")
    boto3.client("s3").put_object(Bucket=BUCKET, Key=SITE_DOCUMENT, Body=short)
    assert export(tmp_path / "late", "--camera", "hall") == 0
    assert "minutes of hall on 2026-01-31: expired" in capsys.readouterr().out
    assert files(tmp_path / "late") == {}, "not even holes: nobody knows any more"


def test_a_camera_that_is_gone_is_known_by_its_days(tmp_path: Path) -> None:
    assert export(tmp_path, "--camera", "attic") == 2
    totals = DayTotals("attic", DAY, (HourTotals(BEGIN, 60, 1, 1),))
    DynamoRollupStore(clients.dynamodb(), TABLE).put_totals(totals)
    assert export(tmp_path, "--camera", "attic") == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--from", "2026-02-01", "--to", "2026-01-31"], "--from 2026-02-01 is later than --to 2026-01-31"),
        (["--from", "2026-01-31", "--to", "9999-12-30"], "--to 9999-12-30 has not come yet: it is "),
        (["--camera", "cellar"], "there is no camera 'cellar'; there is hall, yard"),
        (["--out", "s3://"], "--out s3:// names no bucket; write s3://bucket/prefix"),
        (["--out", "s3://b/frames/x"], "lies under frames/, where the edge alone writes"),
        (["--table", "nowhere"], "querying the table failed"),
        (["--bucket", "nowhere"], "listing the cameras failed"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    options: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    usual = ["--from", "2026-01-31", "--to", "2026-01-31", "--out", str(tmp_path)]
    assert main(["export", *usual, *options]) == 2
    said = capsys.readouterr().err
    assert said.startswith("vigie: ")
    assert words in said
    assert said.count("\n") == 1


def test_a_day_must_be_one_and_a_table_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["export", "--from", "2026-02-30", "--to", "2026-03-01"])
    assert "'2026-02-30' is no day such as 2026-01-31" in capsys.readouterr().err
    monkeypatch.delenv("VIGIE_TABLE")
    assert main(["export", "--from", "2026-01-31", "--to", "2026-01-31"]) == 2
    assert "which table? name it with --table, or in VIGIE_TABLE" in capsys.readouterr().err


HIVE = {
    pa.timestamp("ms", tz="UTC"): "timestamp",
    pa.string(): "string",
    pa.float32(): "float",
    pa.int32(): "int",
    pa.bool_(): "boolean",
    pa.list_(pa.string()): "array<string>",
}


@pytest.mark.parametrize("table", ["detections", "visits", "minutes"])
def test_the_documented_tables_are_those_that_are_written(table: str) -> None:
    text = (REPO / "docs" / "exports.md").read_text(encoding="utf-8")
    found = re.search(rf"CREATE EXTERNAL TABLE vigie_{table} \((.*?)\n\)", text, re.DOTALL)
    assert found
    columns = [tuple(line.strip().rstrip(",").split(" ")) for line in found[1].strip().splitlines()]
    schema = getattr(parquet, table.upper())
    assert columns == [(field.name, HIVE[field.type]) for field in schema]
    assert f"PREFIX/{table}/camera=${{camera}}/day=${{day}}/" in text
