"""The CSV of detections: what it holds, in which order, and that no name in it runs."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from tests.camera_days import a_minute
from vigie.charts.tables import detections_csv
from vigie.domain.cameras import Camera
from vigie.domain.detections import Box, Detection
from vigie.domain.exports import detection_rows
from vigie.domain.frames import FrameKey
from vigie.domain.instants import minute_of
from vigie.domain.reports import FrameReport, Timings
from vigie.domain.series import CameraDay, OwnedDetection
from vigie.domain.visits import begin_visit

AT = datetime(2026, 11, 22, 7, 51, 13, 500000, tzinfo=UTC)
MINUTES = (a_minute(minute_of(AT)),)


def an_owned(
    seconds: float = 0,
    *,
    zones: tuple[str, ...] = (),
    label: str = "person",
    owned: bool = True,
    interval_s: float | None = 0.5,
) -> OwnedDetection:
    detection = Detection(label, 0.87654, Box(0.1, 0.25, 0.30004, 1), zones)
    key = FrameKey("hall", AT + timedelta(seconds=seconds))
    report = FrameReport(key, 768, 432, (detection,), "yolov8n", Timings(0, 0, 0, 0), AT, None, interval_s)
    visit = begin_visit(detection, FrameKey("hall", AT), 1)
    return OwnedDetection(report, detection, visit if owned else None)


def table(*sights: OwnedDetection) -> bytes:
    day = CameraDay(Camera("hall"), AT, AT + timedelta(days=1), MINUTES, (), sights)
    return detections_csv(detection_rows(day), "hall")


def rows(*sights: OwnedDetection) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table(*sights).decode("utf-8"), newline="")))


def test_a_row_says_all_of_a_detection() -> None:
    (row,) = rows(an_owned(zones=("door", "till")))
    assert row == {
        "captured_at": "2026-11-22T07:51:13.500Z",
        "camera_id": "hall",
        "label": "person",
        "confidence": "0.8765",
        "x1": "76.8",
        "y1": "108.0",
        "x2": "230.4",
        "y2": "432.0",
        "width": "768",
        "height": "432",
        "zone": "door;till",
        "visit": "hall-20261122T075113500Z-person-1",
        "frames_in_minute": "60",
        "interval_s": "0.5",
    }


def test_what_nobody_knows_is_empty() -> None:
    (row,) = rows(an_owned(600, interval_s=None))
    assert (row["frames_in_minute"], row["interval_s"]) == ("", "")


def test_a_day_without_detections_has_its_headings() -> None:
    first = b"captured_at,camera_id,label,confidence,x1,y1,x2,y2,width,height,zone,visit"
    assert table() == first + b",frames_in_minute,interval_s\r\n"


def test_rows_come_in_order_of_time() -> None:
    times = [row["captured_at"] for row in rows(an_owned(2), an_owned(0), an_owned(1))]
    assert times == sorted(times)


def test_a_detection_of_no_visit_names_none() -> None:
    (row,) = rows(an_owned(owned=False))
    assert row["visit"] == ""


NAMES = [
    ("Entrée", "Entrée", "an innocent name"),
    ('a "b", c', 'a "b", c', "quotes and commas are the format's own matter"),
    ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0", "a formula"),
    ("+1", "'+1", "a formula"),
    ("-1", "'-1", "a formula"),
    ("@SUM(A1)", "'@SUM(A1)", "a formula of old"),
    ("\uff1d1", "'\uff1d1", "a formula under Japanese settings"),
    (" \t=1", "'=1", "what a spreadsheet skips before a formula"),
    ("\r\n=1", "'=1", "a line of its own"),
    ("a\n=1", "a =1", "a line of its own, within"),
    ("a;=1", "a =1", "a cell of its own where ';' separates"),
    ("\u2028=1", "'=1", "a line of Unicode's own"),
]


@pytest.mark.parametrize(("name", "written", "why"), NAMES)
def test_names_are_never_formulas(name: str, written: str, why: str) -> None:
    assert rows(an_owned(zones=(name,)))[0]["zone"] == written, why
    # The second of two begins a cell where ';' separates.
    assert rows(an_owned(zones=("door", name)))[0]["zone"] == f"door;{written}", why
    assert rows(an_owned(label=name))[0]["label"] == written, why
