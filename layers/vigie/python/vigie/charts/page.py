"""The index page beside the charts: what was seen on a day, in words and numbers, with its pictures.

`page_day` takes the numbers from cameras' days, `render_page` writes the HTML; addresses are the caller's,
relative to the page. It needs no script and no other host.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from types import MappingProxyType
from zoneinfo import ZoneInfo

from jinja2 import Environment, StrictUndefined

from vigie.charts.bill import PageBill
from vigie.charts.clock import date_words, local_date, time_words, zone_words
from vigie.charts.summaries import PageHistory, PageLamps, PagePlace, page_history, page_place
from vigie.domain.health import Proof
from vigie.domain.instants import to_iso
from vigie.domain.people import Suggestion
from vigie.domain.pictures import picture_key
from vigie.domain.rollups import DayTotals
from vigie.domain.series import CameraDay, count_by_kind
from vigie.domain.sites import Place
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
    minutes_csv: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageCamera:
    """A camera's row in the table, its curve, and its exports.

    `csv_lag` says how far the exports go when they are behind the frames.
    """

    camera_id: str
    title: str
    frames: int
    minutes: int
    over_budget: int
    most_people: int
    visits_of_people: int
    visits_of_vehicles: int
    quarantined: int
    curve: Picture
    csv: str
    minutes_csv: str
    csv_lag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageVisit:
    """A visit in local time, with its instants for machines, and its picture, if there is one.

    `who` is whom its face suggests, in words that say no more.
    """

    camera: str
    label: str
    began: str
    began_iso: str
    last_seen: str
    last_seen_iso: str
    confidence: float
    picture: str | None
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageComparison:
    """The comparison with Rekognition in words and charts; `recorded` says so of recorded answers."""

    words: str
    recorded: str
    charts: tuple[Picture, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageDay:
    """All that the page says; `visits` are the latest first, out of `visits_in_all`.

    `proven` is when alerts were last proven to arrive, in local time; empty when they never were.
    """

    site: str
    dates: str
    tz: str
    updated: str
    updated_iso: str
    cameras: tuple[PageCamera, ...]
    places: tuple[PagePlace, ...]
    overviews: tuple[Picture, ...]
    visits: tuple[PageVisit, ...]
    visits_in_all: int
    history: tuple[PageHistory, ...]
    history_chart: Picture | None
    comparison: PageComparison | None
    proven: str
    proven_iso: str | None
    other_days: tuple[Link, ...]
    lamps: PageLamps | None = None
    bill: PageBill | None = None
    bill_chart: Picture | None = None


def page_day(
    days: Sequence[CameraDay],
    tz: ZoneInfo,
    *,
    site: str,
    updated_at: datetime,
    camera_files: Mapping[str, CameraFiles],
    overviews: Sequence[Picture] = (),
    other_days: Sequence[Link] = (),
    pictures: Mapping[str, str] = MappingProxyType({}),
    places: Sequence[Place] = (),
    history: Sequence[DayTotals] = (),
    history_chart: Picture | None = None,
    proof: Proof | None = None,
    lamps: PageLamps | None = None,
    comparison: PageComparison | None = None,
    suggestions: Mapping[str, Suggestion] = MappingProxyType({}),
    bill: PageBill | None = None,
    bill_chart: Picture | None = None,
) -> PageDay:
    """Put the page's words and numbers together.

    `camera_files` has every camera of `days` by its id, `pictures` the address of each key of a visit's
    picture that is there. `history` are the roll-ups of some days of the cameras, `proof` is the last one
    that alerts arrive, `lamps` what lamp groups used, `suggestions` are by visits' ids.
    """
    begin = min((day.begins_at for day in days), default=updated_at)
    end = max((day.ends_at for day in days), default=updated_at)
    dates = date_words(begin, end, tz)
    one_day = dates == str(local_date(begin, tz))
    visits = [(visit, day) for day in days for visit in day.visits]
    visits.sort(key=lambda pair: (pair[0].started_at, pair[0].visit_id), reverse=True)
    return PageDay(
        site=site,
        dates=dates,
        tz=zone_words(begin, end, tz),
        updated=_moment_words(updated_at, tz),
        updated_iso=to_iso(updated_at),
        cameras=tuple(
            _page_camera(day, camera_files[day.camera.camera_id], history, dates=dates) for day in days
        ),
        places=tuple(page_place(place, days) for place in places),
        overviews=tuple(overviews),
        visits=tuple(
            _page_visit(
                visit, day, tz, dated=not one_day, pictures=pictures, who=suggestions.get(visit.visit_id)
            )
            for visit, day in visits[:_LATEST_VISITS]
        ),
        visits_in_all=len(visits),
        history=tuple(page_history(day, history) for day in days),
        history_chart=history_chart,
        comparison=comparison,
        proven=_moment_words(proof.proven_at, tz) if proof else "",
        proven_iso=to_iso(proof.proven_at) if proof else None,
        other_days=tuple(other_days),
        lamps=lamps,
        bill=bill,
        bill_chart=bill_chart,
    )


def render_page(day: PageDay, *, refresh_s: int | None = None, recorded: bool = False) -> str:
    """Write the page as HTML; with `refresh_s`, browsers load it again after so many seconds.

    With `recorded` it says that Rekognition's answers are recorded ones.
    """
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = files("vigie.charts").joinpath("index.html.j2").read_text(encoding="utf-8")
    return environment.from_string(source).render(day=day, refresh_s=refresh_s, recorded=recorded)


def _page_camera(
    day: CameraDay, where: CameraFiles, history: Sequence[DayTotals], *, dates: str
) -> PageCamera:
    of_people, of_vehicles = count_by_kind(day.visits)
    most_people = max((minute.people for minute in day.minutes), default=0)
    said = (
        f"{_number(of_people, 'visit')} of people, {of_vehicles} of vehicles, "
        f"at most {_number(most_people, 'person', 'people')} at once; "
        f"frames came in {_number(len(day.minutes), 'minute')}."
        if day.minutes
        else "no frames."
    )
    frames = sum(minute.frames for minute in day.minutes)
    over_budget = len(day.over_budget - {minute.begins_at for minute in day.minutes})
    if over_budget:
        said += f" {_number(over_budget, 'minute')} were over budget."
    return PageCamera(
        camera_id=day.camera.camera_id,
        title=day.camera.title,
        frames=frames,
        minutes=len(day.minutes),
        over_budget=over_budget,
        most_people=most_people,
        visits_of_people=of_people,
        visits_of_vehicles=of_vehicles,
        quarantined=day.quarantined,
        curve=Picture(
            title=day.camera.title,
            svg=where.svg,
            png=where.png,
            alt=f"People and vehicles at once before {day.camera.title} on {dates}: {said}",
        ),
        csv=where.csv,
        minutes_csv=where.minutes_csv,
        csv_lag=_lag(day, frames, history),
    )


def _lag(day: CameraDay, frames: int, history: Sequence[DayTotals]) -> str:
    own = (each for each in history if each.camera_id == day.camera.camera_id)
    today = next((each for each in own if each.begins_at == day.begins_at), None)
    if today is None or today.listed >= frames:
        return ""
    return f"made of {today.listed:,} of {frames:,} frames"


def _moment_words(instant: datetime, tz: ZoneInfo) -> str:
    return f"{local_date(instant, tz)} {time_words(instant, tz)}"


def _page_visit(
    visit: Visit,
    day: CameraDay,
    tz: ZoneInfo,
    *,
    dated: bool,
    pictures: Mapping[str, str],
    who: Suggestion | None,
) -> PageVisit:
    def words(instant: datetime) -> str:
        date = f"{local_date(instant, tz)} " if dated else ""
        return date + time_words(instant, tz)

    return PageVisit(
        camera=day.camera.title,
        label=visit.label,
        began=words(visit.started_at),
        began_iso=to_iso(visit.started_at),
        last_seen=words(visit.last_seen_at),
        last_seen_iso=to_iso(visit.last_seen_at),
        confidence=visit.confidence,
        picture=pictures.get(picture_key(visit)),
        who=who.words if who else "",
    )


def _number(count: int, one: str, several: str | None = None) -> str:
    return f"{count} {one if count == 1 else several or one + 's'}"
