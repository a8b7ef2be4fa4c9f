"""The doors for JSON, with recorded events."""

import json
from datetime import date
from pathlib import Path

import pytest

from tests.builders import at, report, seen, visit
from vigie.domain.series import VisitsChange
from vigie.errors import MessageError
from vigie.messages import object_keys, read_report_message, read_schedule, write_report_message

EVENTS = Path(__file__).parents[1] / "events"


@pytest.mark.parametrize(
    ("file", "keys"),
    [
        ("s3_notification.json", ("frames/hall/2026/01/31/12/20260131T120000500Z.jpg",)),
        ("s3_notification_encoded.json", ("frames/hall/été + 1.jpg",)),
        ("s3_test_event.json", ()),
    ],
)
def test_object_keys(file: str, keys: tuple[str, ...]) -> None:
    assert object_keys((EVENTS / file).read_text(encoding="utf-8")) == keys


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "no JSON"),
        ("[1]", "no JSON object"),
        ('{"Records": [{"s3": {}}]}', "no S3 notification"),
        ('{"Records": null}', "no S3 notification"),
        ("{}", "no S3 notification"),
    ],
)
def test_what_is_no_notification_is_refused(body: str, words: str) -> None:
    with pytest.raises(MessageError, match=words):
        object_keys(body)


def test_a_report_message_survives_its_json() -> None:
    full = report(0.5, seen(zones=("door",)), seen("car", x=0.2, confidence=0.3))
    change = VisitsChange((visit(0.5, zones=("door",)),), at(0.5), at(60), nearer=(visit(0.25),))
    message = read_report_message(write_report_message(full, change))
    assert (message.key, message.width, message.height) == (full.key, full.width, full.height)
    assert message.detections == full.detections
    assert message.change == change


@pytest.mark.parametrize(
    "change",
    [
        {"frame_key": "site/x.jpg"},
        {"detections": [{"label": "person"}]},
        {"detections": [{"label": "person", "confidence": 0.5, "box": [0.9, 0, 0.1, 1], "zones": []}]},
        {"visits_begun": [{}]},
        {"visits_begun": None},
        {"visits_changed": {"from": "now"}},
    ],
)
def test_what_is_no_report_message_is_refused(change: dict[str, object]) -> None:
    good = json.loads(write_report_message(report(0, seen()), VisitsChange((), at(0), at(0.001))))
    with pytest.raises(MessageError, match="no report message"):
        read_report_message(json.dumps(good | change))


def test_a_schedule_may_name_days() -> None:
    assert read_schedule({}) == ()
    assert read_schedule({"days": ["2026-01-31"]}) == (date(2026, 1, 31),)
    for bad in (["yesterday"], 5, [5]):
        with pytest.raises(MessageError, match="days must be a list of dates"):
            read_schedule({"days": bad})
