"""All the files of one local day: each camera's curve and export, the overviews, and the page.

Below site/::

    charts/index.html                       the newest day's page
    charts/2026-01-31.html                  that day's page
    charts/2026-01-31/all-cameras.svg, .png
    charts/2026-01-31/activity.svg, .png
    charts/2026-01-31/cameras/hall.svg, .png
    exports/hall/2026-01-31.csv
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from vigie.charts.figures import activity_histogram, all_cameras, camera_curve, to_png, to_svg
from vigie.charts.page import CameraFiles, Link, Picture, page_day, render_page
from vigie.charts.tables import detections_csv
from vigie.domain.pictures import site_key
from vigie.domain.series import CameraDay
from vigie.domain.sites import Site
from vigie.steps.ports import Clock, SiteFile

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HTML = "text/html; charset=utf-8"
_DAY_PAGE = re.compile(r"charts/(\d{4}-\d\d-\d\d)\.html")
_LINKED_DAYS = 31


def render_day(
    site: Site,
    day: date,
    days: Sequence[CameraDay],
    shelved: Sequence[str],
    *,
    newest: bool,
    clock: Clock,
    refresh_s: int = 0,
) -> Iterator[SiteFile]:
    """Draw a local day of the cameras in `days`; the page of the `newest` day is the front page too.

    `shelved` are the paths of files that lie there already: the page links to the other days under charts/,
    and shows visits' pictures under pictures/. With `refresh_s` above 0 an open front page
    reloads itself after so many seconds.
    """
    camera_files = {}
    for camera in days:
        camera_id = camera.camera.camera_id
        stem = f"{day}/cameras/{camera_id}"
        export = f"exports/{camera_id}/{day}.csv"
        yield from _chart(f"charts/{stem}", camera_curve(camera, site.tz))
        yield SiteFile(export, detections_csv(camera), "text/csv; charset=utf-8")
        camera_files[camera_id] = CameraFiles(svg=f"{stem}.svg", png=f"{stem}.png", csv=f"../{export}")
    overviews = []
    if days:
        for name, draw, title, alt in (
            ("all-cameras", all_cameras, "All cameras", "People and vehicles at once, camera by camera"),
            ("activity", activity_histogram, "Activity by minute", "Visits present in each minute"),
        ):
            yield from _chart(f"charts/{day}/{name}", draw(days, site.tz))
            overviews.append(
                Picture(title=title, svg=f"{day}/{name}.svg", png=f"{day}/{name}.png", alt=f"{alt}, {day}")
            )
    page = page_day(
        days,
        site.tz,
        site=site.name,
        updated_at=clock(),
        camera_files=camera_files,
        overviews=overviews,
        other_days=_other_days(shelved, day),
        # From charts/, where the page lies.
        pictures={site_key(path): f"../{path}" for path in shelved},
    )
    yield SiteFile(f"charts/{day}.html", render_page(page).encode(), _HTML)
    if newest:
        yield SiteFile("charts/index.html", render_page(page, refresh_s=refresh_s or None).encode(), _HTML)


def _other_days(shelved: Sequence[str], day: date) -> list[Link]:
    """Link to the other days that have a page, the latest first."""
    pages = (_DAY_PAGE.fullmatch(path) for path in shelved)
    titles = sorted((page[1] for page in pages if page and page[1] != str(day)), reverse=True)
    return [Link(title=title, href=f"{title}.html") for title in titles[:_LINKED_DAYS]]


def _chart(stem: str, figure: "Figure") -> Iterator[SiteFile]:
    yield SiteFile(f"{stem}.svg", to_svg(figure), "image/svg+xml")
    yield SiteFile(f"{stem}.png", to_png(figure), "image/png")
