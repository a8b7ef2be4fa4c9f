"""Exports of cameras that show one place."""

import csv

from tests.builders import NOON, at, report, seen
from tests.fakes import FakeReportStore
from vigie.charts.tables import detections_csv, minutes_csv, visits_csv
from vigie.domain.cameras import Camera
from vigie.domain.sites import Place, Site
from vigie.steps.export import TableFormat, export_days
from vigie.steps.minutes import keep_minutes


def test_visits_before_cameras_of_one_place_name_the_one_that_they_share() -> None:
    reports = FakeReportStore()
    site = Site(
        cameras=(Camera("door"), Camera("hall")), places=(Place(name="way in", cameras=("door", "hall")),)
    )
    for camera, second in (("door", 0), ("door", 1), ("hall", 1), ("hall", 2), ("hall", 9)):
        frame = report(second, seen(), camera=camera)
        reports.add_report(frame)
        keep_minutes(frame, store=reports, following=site.following(camera))
    shelf: dict[str, bytes] = {}

    class Shelf:
        def put(self, path: str, content: bytes) -> str:
            shelf[path] = content
            return path

    days = [NOON.date()]
    form = TableFormat(suffix="csv", detections=detections_csv, visits=visits_csv, minutes=minutes_csv)
    list(
        export_days(("door", "hall"), days, site=site, reports=reports, shelf=Shelf(), form=form, now=at(60))
    )
    rows = {
        row["visit"]: row["place_visit"]
        for path, content in shelf.items()
        if path.startswith("visits/")
        for row in csv.DictReader(content.decode().splitlines())
    }
    assert rows == {
        "door-20260131T120000000Z-person-1": "door-20260131T120000000Z-person-1",
        "hall-20260131T120001000Z-person-1": "door-20260131T120000000Z-person-1",
        "hall-20260131T120009000Z-person-1": "hall-20260131T120009000Z-person-1",
    }
