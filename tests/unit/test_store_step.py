"""Reports that an edge sends: their lines, their keys, and what the step makes of them."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import NOON, at, report, seen
from tests.fakes import FakePublisher, FakeReportFiles, FakeReportStore, FakeRollupStore
from vigie.domain.detections import Box, Detection
from vigie.domain.reports import FrameReport, camera_of_reports, reports_key
from vigie.domain.series import visits_of
from vigie.domain.sites import Site
from vigie.errors import MessageError
from vigie.messages import read_report_lines, write_report_lines
from vigie.steps.minutes import keep_minutes
from vigie.steps.store import store_reports

WALK = [report(n / 2, seen(x=0.3 + n / 50), interval_s=0.5) for n in range(8)]


def sent(*batches: list[FrameReport]) -> FakeReportFiles:
    """What edges have sent."""
    return FakeReportFiles({reports_key(batch): write_report_lines(batch).encode() for batch in batches})


def test_lines_give_the_very_same_reports() -> None:
    hard = Detection("person", 0.1 + 0.2, Box(1 / 3, 0.0, 0.9999, 1.0), ("door", 'a "b"\nc'))
    given = (replace(report(0.001, hard, seen("car"), interval_s=1 / 3), sampled_at=None), report(1))
    text = write_report_lines(given)
    assert len(text.splitlines()) == 2
    assert read_report_lines(text) == given
    assert read_report_lines("") == ()


@pytest.mark.parametrize(
    "change",
    [
        {"frame_key": "frames/x"},
        {"width": None},
        {"detections": [{"label": "person"}]},
        {"timings_ms": {}},
        {"timings_ms": 7},
        {"reported_at": "noon"},
    ],
)
def test_a_line_that_is_no_report_is_named(change: dict[str, object]) -> None:
    good = write_report_lines([report(0, seen())])
    bad = json.dumps(json.loads(good) | change)
    with pytest.raises(MessageError, match="line 2 is no report"):
        read_report_lines(good + bad)


def test_an_object_is_named_by_its_first_and_last_report() -> None:
    key = reports_key(WALK)
    assert key == "reports/hall/2026/01/31/12/20260131T120000000Z-20260131T120003500Z.jsonl"
    assert camera_of_reports(key) == "hall"
    for wrong in ([], [report(0), report(1, camera="yard")]):
        with pytest.raises(ValueError, match="reports of one camera"):
            reports_key(wrong)
    for other in ("reports/hall/x.jsonl", key.replace("hall", "Hall"), "frames/" + key):
        with pytest.raises(ValueError, match=r"reports|camera_id"):
            camera_of_reports(other)


def store(files: FakeReportFiles, object_key: str, reports: FakeReportStore, publisher: FakePublisher) -> int:
    return store_reports(
        object_key,
        site=Site(),
        files=files,
        reports=reports,
        stale=FakeRollupStore(),
        publisher=publisher,
        clock=lambda: at(60),
    )


def test_whatever_the_order_and_however_often_it_is_the_same_as_frame_by_frame() -> None:
    expected = FakeReportStore()
    for one in WALK:
        keep_minutes(expected.add_report(one), store=expected, following=Site().following("hall"))
    files = sent(WALK[:3], WALK[3:6], WALK[6:])
    first, second, third = files.objects
    for order in ((first, second, third), (third, first, third, second, first)):
        reports, publisher = FakeReportStore(), FakePublisher()
        assert sum(store(files, key, reports, publisher) for key in order) >= len(WALK)
        assert reports.reports("hall", NOON, at(60)) == tuple(WALK)
        assert reports.minutes("hall", NOON, at(60)) == expected.minutes("hall", NOON, at(60))
    (visit,) = visits_of(reports.minutes("hall", NOON, at(60)))
    assert visit.started_at == NOON


def test_a_look_that_was_stored_first_stands() -> None:
    reports = FakeReportStore()
    cloud = replace(WALK[0], model="yolov8/other@00000000")
    reports.add_report(cloud)
    assert store(sent(WALK), reports_key(WALK), reports, FakePublisher()) == len(WALK)
    assert reports.report(cloud.key) == cloud


def test_reports_of_another_camera_are_refused_and_none_is_stored() -> None:
    files, reports = sent(WALK), FakeReportStore()
    strange = reports_key(WALK).replace("hall", "yard")
    files.objects[strange] = files.objects.pop(reports_key(WALK))
    with pytest.raises(MessageError, match="holds reports of hall"):
        store(files, strange, reports, FakePublisher())
    assert reports.reports("hall", NOON, at(60)) == ()
    with pytest.raises(MessageError, match="is no key of reports"):
        store(files, "reports/hall/vigie.jsonl", reports, FakePublisher())


def test_what_was_taken_long_ago_is_stored_and_its_day_drawn_again() -> None:
    reports, publisher, stale = FakeReportStore(), FakePublisher(), FakeRollupStore()
    late = at(3) + timedelta(days=Site().retention.reports_days)
    count = store_reports(
        reports_key(WALK),
        site=Site(),
        files=sent(WALK),
        reports=reports,
        stale=stale,
        publisher=publisher,
        clock=lambda: late,
    )
    assert count == len(WALK)
    assert reports.reports("hall", NOON, at(60)) == tuple(WALK)
    assert [hour.begins_at for hour in stale.marked()] == [NOON]
