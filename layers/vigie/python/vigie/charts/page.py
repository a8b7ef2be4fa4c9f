"""The index page beside the charts: what was seen on a day, in words and numbers, with its pictures.

`page_day` takes the numbers from cameras' days, `render_page` writes the HTML; addresses are the caller's,
relative to the page. It needs no script and no other host.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from zoneinfo import ZoneInfo

from jinja2 import Environment, StrictUndefined

from vigie.charts.clock import date_words, local_date, time_words, zone_words
from vigie.domain.detections import PERSON
from vigie.domain.instants import to_iso
from vigie.domain.series import CameraDay
from vigie.domain.visits import Visit

_LATEST_VISITS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A name for people and where it leads, relative to the page."""

    title: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A chart: both its files relative to the page, and in words what it shows."""

    title: str
    svg: str
    png: str
    alt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraFiles:
    """Where the files of one camera's day lie, relative to the page."""

    svg: str
    png: str
    csv: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageCamera:
    """A camera's row in the table, its curve, and its export."""

    camera_id: str
    title: str
    frames: int
    minutes: int
    most_people: int
    visits_of_people: int
    visits_of_vehicles: int
    quarantined: int | None
    curve: Picture
    csv: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageVisit:
    """A visit in local time, with its instants for machines."""

    camera: str
    label: str
    began: str
    began_iso: str
    last_seen: str
    last_seen_iso: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PageDay:
    """All that the page says; `visits` are the latest first, out of `visits_in_all`."""

    site: str
    dates: str
    zone: str
    updated: str
    updated_iso: str
    cameras: tuple[PageCamera, ...]
    overviews: tuple[Picture, ...]
    visits: tuple[PageVisit, ...]
    visits_in_all: int
    earlier: tuple[Link, ...]


def page_day(
    days: Sequence[CameraDay],
    zone: ZoneInfo,
    *,
    site: str,
    updated_at: datetime,
    camera_files: Mapping[str, CameraFiles],
    overviews: Sequence[Picture] = (),
    quarantined: Mapping[str, int] | None = None,
    earlier: Sequence[Link] = (),
) -> PageDay:
    """Put the page's words and numbers together.

    `camera_files` has every camera of `days` by its id. With `quarantined`, frames by camera id, the table
    has a column of them, 0 for a camera that it does not name.
    """
    begin = min((day.begins_at for day in days), default=updated_at)
    end = max((day.ends_at for day in days), default=updated_at)
    dates = date_words(begin, end, zone)
    one_day = dates == str(local_date(begin, zone))
    visits = [(visit, day) for day in days for visit in day.visits]
    visits.sort(key=lambda pair: (pair[0].started_at, pair[0].visit_id), reverse=True)
    return PageDay(
        site=site,
        dates=dates,
        zone=zone_words(begin, end, zone),
        updated=f"{local_date(updated_at, zone)} {time_words(updated_at, zone)}",
        updated_iso=to_iso(updated_at),
        cameras=tuple(
            _page_camera(
                day,
                camera_files[day.camera.camera_id],
                quarantined=None if quarantined is None else quarantined.get(day.camera.camera_id, 0),
                dates=dates,
            )
            for day in days
        ),
        overviews=tuple(overviews),
        visits=tuple(
            _page_visit(visit, day, zone, dated=not one_day) for visit, day in visits[:_LATEST_VISITS]
        ),
        visits_in_all=len(visits),
        earlier=tuple(earlier),
    )


def render_page(day: PageDay, *, refresh_s: int | None = None) -> str:
    """Write the page as HTML; with `refresh_s`, browsers load it again after so many seconds."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = files("vigie.charts").joinpath("index.html.j2").read_text(encoding="utf-8")
    return environment.from_string(source).render(day=day, refresh_s=refresh_s)


def _page_camera(day: CameraDay, where: CameraFiles, *, quarantined: int | None, dates: str) -> PageCamera:
    of_people = sum(visit.label == PERSON for visit in day.visits)
    most_people = max((minute.people for minute in day.minutes), default=0)
    of_vehicles = len(day.visits) - of_people
    said = (
        f"{_number(of_people, 'visit')} of people, {of_vehicles} of vehicles, "
        f"at most {_number(most_people, 'person', 'people')} at once; "
        f"frames came in {_number(len(day.minutes), 'minute')}."
        if day.minutes
        else "no frames."
    )
    return PageCamera(
        camera_id=day.camera.camera_id,
        title=day.camera.title,
        frames=sum(minute.frames for minute in day.minutes),
        minutes=len(day.minutes),
        most_people=most_people,
        visits_of_people=of_people,
        visits_of_vehicles=of_vehicles,
        quarantined=quarantined,
        curve=Picture(
            title=day.camera.title,
            svg=where.svg,
            png=where.png,
            alt=f"People and vehicles at once before {day.camera.title} on {dates}: {said}",
        ),
        csv=where.csv,
    )


def _page_visit(visit: Visit, day: CameraDay, zone: ZoneInfo, *, dated: bool) -> PageVisit:
    def words(instant: datetime) -> str:
        date = f"{local_date(instant, zone)} " if dated else ""
        return date + time_words(instant, zone)

    return PageVisit(
        camera=day.camera.title,
        label=visit.label,
        began=words(visit.started_at),
        began_iso=to_iso(visit.started_at),
        last_seen=words(visit.last_seen_at),
        last_seen_iso=to_iso(visit.last_seen_at),
        confidence=visit.confidence,
    )


def _number(count: int, one: str, several: str | None = None) -> str:
    return f"{count} {one if count == 1 else several or one + 's'}"
