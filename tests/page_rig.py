"""A page rendered and read back, for the tests of pages."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

from vigie.charts.page import CameraFiles, PageDay, page_day
from vigie.domain.cameras import Camera
from vigie.domain.detections import Box, Detection
from vigie.domain.frames import FrameKey
from vigie.domain.instants import day_bounds
from vigie.domain.series import CameraDay, Minute
from vigie.domain.visits import Visit, begin_visit

PARIS = ZoneInfo("Europe/Paris")
AT = datetime(2026, 11, 22, 7, 51, tzinfo=UTC)
VOID = {"meta", "link", "img"}


class Page(HTMLParser):
    """Collects elements, the text of cells and of the whole; fails when a tag is left open."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            return
        self.text += data
        if "td" in self._open or "th" in self._open:
            self.rows[-1][-1] += data

    def all(self, tag: str, attribute: str) -> list[str]:
        return [
            attrs[attribute] or "" for found, attrs in self.elements if found == tag and attribute in attrs
        ]


def a_visit(
    begins_at: datetime, seconds: int = 20, label: str = "person", camera_id: str = "hall", ordinal: int = 1
) -> Visit:
    first = Detection(label, 0.914, Box(0, 0, 1, 1))
    began = begin_visit(first, FrameKey(camera_id, begins_at), ordinal)
    return replace(began, last_seen_at=begins_at + timedelta(seconds=seconds))


def a_day(
    visits: Sequence[Visit] = (), *, camera_id: str = "hall", name: str = "", on: date = date(2026, 11, 22)
) -> CameraDay:
    minutes = [
        Minute(
            camera_id=camera_id,
            begins_at=visit.started_at.replace(second=0),
            frames=1200,
            people=2,
            vehicles=0,
            follows="",
            open=(),
            ended=(visit,),
            folded_until=visit.started_at,
        )
        for visit in visits
    ]
    return CameraDay(Camera(camera_id, name), *day_bounds(on, PARIS), tuple(minutes), (), ())


def a_page(*days: CameraDay, **more: object) -> PageDay:
    files = {
        day.camera.camera_id: CameraFiles(
            svg=f"{day.camera.camera_id}.svg",
            png=f"{day.camera.camera_id}.png",
            csv=f"../exports/{day.camera.camera_id}.csv",
            minutes_csv=f"../exports/{day.camera.camera_id}-minutes.csv",
        )
        for day in days
    }
    page = page_day(days, PARIS, site="Duval & fils", updated_at=AT, camera_files=files)
    return replace(page, **more)  # type: ignore[arg-type]
