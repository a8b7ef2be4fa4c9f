"""All the files of one local day: each camera's curve and exports, the overviews, and the page.

Below site/::

    charts/index.html                       the newest day's page
    charts/2026-01-31.html                  that day's page
    charts/2026-01-31/all-cameras.svg, .png
    charts/2026-01-31/activity.svg, .png
    charts/2026-01-31/history.svg, .png     the 31 days until then
    charts/2026-01-31/cameras/hall.svg, .png
    exports/hall/2026-01-31.csv             detections
    exports/hall/2026-01-31-minutes.csv     every minute, with frames or without
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from vigie.charts.figures import activity_histogram, all_cameras, camera_curve, to_png, to_svg
from vigie.charts.history import month_of_visits
from vigie.charts.page import CameraFiles, Link, Picture, page_day, render_page
from vigie.charts.tables import detections_csv, minutes_csv
from vigie.domain.exports import detection_rows, minute_rows
from vigie.domain.pictures import site_key
from vigie.domain.series import CameraDay
from vigie.domain.sites import Site
from vigie.steps.chart import HISTORY_DAYS, DrawnDay
from vigie.steps.ports import Clock, SiteFile

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HTML = "text/html; charset=utf-8"
_CSV = "text/csv; charset=utf-8"
_DAY_PAGE = re.compile(r"charts/(\d{4}-\d\d-\d\d)\.html")
_LINKED_DAYS = 31


def render_day(site: Site, drawn: DrawnDay, *, clock: Clock, refresh_s: int = 0) -> Iterator[SiteFile]:
    """Draw a local day of all cameras; the page of the newest day is the front page too.

    The page links to the other days under charts/, and shows visits' pictures under pictures/, as far as
    they are on the shelf. With `refresh_s` above 0 an open front page reloads itself after so many seconds.
    """
    now, day = clock(), drawn.day
    camera_files = {}
    for camera in drawn.cameras:
        camera_id = camera.camera.camera_id
        stem = f"{day}/cameras/{camera_id}"
        yield from _chart(f"charts/{stem}", camera_curve(camera, site.tz))
        export = f"exports/{camera_id}/{day}"
        if camera_id in drawn.exports:
            yield from _exports(export, camera, drawn.exports[camera_id], site, now)
        camera_files[camera_id] = CameraFiles(
            svg=f"{stem}.svg",
            png=f"{stem}.png",
            csv=f"../{export}.csv",
            minutes_csv=f"../{export}-minutes.csv",
        )
    charts = list(_overviews(site, drawn, now))
    for _, files in charts:
        yield from files
    pictures = [picture for picture, _ in charts]
    page = page_day(
        drawn.cameras,
        site.tz,
        site=site.name,
        updated_at=now,
        camera_files=camera_files,
        overviews=pictures[:-1],
        other_days=_other_days(drawn.shelved, day),
        # From charts/, where the page lies.
        pictures={site_key(path): f"../{path}" for path in drawn.shelved},
        places=site.places,
        history=drawn.totals,
        history_chart=pictures[-1] if pictures else None,
        proof=drawn.proof,
    )
    yield SiteFile(f"charts/{day}.html", render_page(page).encode(), _HTML)
    if drawn.newest:
        yield SiteFile("charts/index.html", render_page(page, refresh_s=refresh_s or None).encode(), _HTML)


def _exports(
    stem: str, camera: CameraDay, intervals: Mapping[datetime, float], site: Site, now: datetime
) -> Iterator[SiteFile]:
    camera_id = camera.camera.camera_id
    minutes = minute_rows(camera, site.tz, now=now, intervals=intervals)
    yield SiteFile(f"{stem}.csv", detections_csv(detection_rows(camera), camera_id), _CSV)
    yield SiteFile(f"{stem}-minutes.csv", minutes_csv(minutes, camera_id), _CSV)


def _overviews(site: Site, drawn: DrawnDay, now: datetime) -> Iterator[tuple[Picture, Iterator[SiteFile]]]:
    """Draw what shows all cameras together, as far as there are any; the last is their history."""
    if not drawn.cameras:
        return
    day = drawn.day
    days = [day - timedelta(days=n) for n in range(HISTORY_DAYS - 1, -1, -1)]
    history = [
        (
            camera.camera.camera_id,
            camera.camera.title,
            [totals for totals in drawn.totals if totals.camera_id == camera.camera.camera_id],
        )
        for camera in drawn.cameras
    ]
    for name, figure, title, alt in (
        (
            "all-cameras",
            all_cameras(drawn.cameras, site.tz),
            "All cameras",
            f"People and vehicles at once, camera by camera, {day}",
        ),
        (
            "activity",
            activity_histogram(drawn.cameras, site.tz, site.places),
            "Activity by minute",
            f"Visits present in each minute, {day}",
        ),
        (
            "history",
            month_of_visits(history, days, site.tz, now=now),
            f"The last {HISTORY_DAYS} days",
            f"Visits that began on each of the {HISTORY_DAYS} days until {day}; numbers are below",
        ),
    ):
        where = f"{day}/{name}"
        picture = Picture(title=title, svg=f"{where}.svg", png=f"{where}.png", alt=alt)
        yield picture, _chart(f"charts/{where}", figure)


def _other_days(shelved: Sequence[str], day: date) -> list[Link]:
    """Link to the other days that have a page, the latest first."""
    pages = (_DAY_PAGE.fullmatch(path) for path in shelved)
    titles = sorted((page[1] for page in pages if page and page[1] != str(day)), reverse=True)
    return [Link(title=title, href=f"{title}.html") for title in titles[:_LINKED_DAYS]]


def _chart(stem: str, figure: "Figure") -> Iterator[SiteFile]:
    yield SiteFile(f"{stem}.svg", to_svg(figure), "image/svg+xml")
    yield SiteFile(f"{stem}.png", to_png(figure), "image/png")
