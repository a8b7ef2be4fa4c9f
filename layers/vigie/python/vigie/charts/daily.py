"""All the files of one local day: each camera's curve and exports, the overviews, and the page.

Below site/::

    charts/index.html                       the newest day's page
    charts/2026-01-31.html                  that day's page
    charts/2026-01-31/all-cameras.svg, .png
    charts/2026-01-31/activity.svg, .png
    charts/2026-01-31/history.svg, .png     the 31 days until then
    charts/2026-01-31/agreement.svg, .png   with Rekognition, if frames were compared
    charts/2026-01-31/engines.svg, .png     likewise: confusion, time and money
    charts/2026-01-31/bill.svg, .png        what they cost
    charts/2026-01-31/cameras/hall.svg, .png
    exports/hall/2026-01-31.csv             detections
    exports/hall/2026-01-31-minutes.csv     every minute, with frames or without
    exports/bill-2026-01-31.csv             what each camera consumed, and its cost

With lamp groups also charts/2026-01-31/lamps.svg, .png, exports/lights/2026-01-31.csv and -levels.csv, and of
the 31 days until then energy.svg, .png and exports/lights/2026-01-31-days.csv.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from vigie.charts.agreement import RECORDED_WORDS, agreement_chart, engines_chart, words_of
from vigie.charts.bill import PageBill, bill_csv, elapsed_share, month_of_costs, page_bill
from vigie.charts.energy import month_of_energy, sum_words
from vigie.charts.figures import activity_histogram, all_cameras, camera_curve, to_png, to_svg
from vigie.charts.history import month_of_visits
from vigie.charts.lights import lamp_exports, lamp_history_export, lamp_levels
from vigie.charts.page import CameraFiles, Link, PageComparison, Picture, page_day, render_page
from vigie.charts.summaries import page_lamps
from vigie.charts.tables import detections_csv, minutes_csv
from vigie.domain.energy import energy_line
from vigie.domain.exports import detection_rows, minute_rows
from vigie.domain.ledger import projection
from vigie.domain.pictures import site_key
from vigie.domain.prices import Prices
from vigie.domain.series import CameraDay
from vigie.domain.sites import Site
from vigie.steps.chart import DrawnDay
from vigie.steps.gathering import HISTORY_DAYS
from vigie.steps.ports import Clock, SiteFile

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HTML = "text/html; charset=utf-8"
_CSV = "text/csv; charset=utf-8"
_DAY_PAGE = re.compile(r"charts/(\d{4}-\d\d-\d\d)\.html")
_LINKED_DAYS = 31


def render_day(
    site: Site,
    drawn: DrawnDay,
    *,
    clock: Clock,
    refresh_s: int = 0,
    prices: Prices | None = None,
    recorded: bool = False,
) -> Iterator[SiteFile]:
    """Draw a local day of all cameras; the page of the newest day is the front page too.

    The page links to the other days under charts/, and shows visits' pictures under pictures/, as far as
    they are on the shelf. With `refresh_s` above 0 an open front page reloads itself after so many seconds.
    With `prices` the page has a bill. A page of `recorded` answers in Rekognition's place says so.
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
    if drawn.energies:
        yield from lamp_exports(drawn.energies, day, site.tz)
    charts = [*_lamps(drawn, site), *_energy(drawn, site, now), *_overviews(site, drawn, now)]
    for _, files in charts:
        yield from files
    pictures = [picture for picture, _ in charts]
    comparison = list(_comparison(site, drawn))
    for _, files in comparison:
        yield from files
    bill, bill_chart = None, None
    if prices is not None and drawn.cameras:
        bill, bill_chart, files = _bill(site, drawn, now, prices)
        yield from files
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
        lamps=page_lamps(drawn.energies, day, has_history=bool(drawn.lamp_history)),
        suggestions=drawn.suggestions,
        comparison=PageComparison(
            words=words_of(drawn.agreement),
            recorded=RECORDED_WORDS if drawn.agreement.recorded else "",
            charts=tuple(picture for picture, _ in comparison),
        )
        if drawn.agreement
        else None,
        bill=bill,
        bill_chart=bill_chart,
    )
    yield SiteFile(f"charts/{day}.html", render_page(page, recorded=recorded).encode(), _HTML)
    if drawn.newest:
        front = render_page(page, refresh_s=refresh_s or None, recorded=recorded)
        yield SiteFile("charts/index.html", front.encode(), _HTML)


def _exports(
    stem: str, camera: CameraDay, intervals: Mapping[datetime, float], site: Site, now: datetime
) -> Iterator[SiteFile]:
    camera_id = camera.camera.camera_id
    minutes = minute_rows(camera, site.tz, now=now, intervals=intervals)
    yield SiteFile(f"{stem}.csv", detections_csv(detection_rows(camera), camera_id), _CSV)
    yield SiteFile(f"{stem}-minutes.csv", minutes_csv(minutes, camera_id), _CSV)


def _lamps(drawn: DrawnDay, site: Site) -> Iterator[tuple[Picture, Iterator[SiteFile]]]:
    if drawn.energies:
        day, where = drawn.day, f"{drawn.day}/lamps"
        alt = f"Levels of the lamps, {day}: {' '.join(energy_line(energy) for energy in drawn.energies)}"
        picture = Picture(title="Lamps", svg=f"{where}.svg", png=f"{where}.png", alt=alt)
        yield picture, _chart(f"charts/{where}", lamp_levels(drawn.energies, day, site.tz))


def _energy(drawn: DrawnDay, site: Site, now: datetime) -> Iterator[tuple[Picture, Iterator[SiteFile]]]:
    """Draw what lamp groups used over a month, as far as that is known."""
    if not drawn.lamp_history:
        return
    days, where = _month(drawn.day), f"{drawn.day}/energy"
    groups = [
        (
            group.group_id,
            group.title,
            [totals for totals in drawn.lamp_history if totals.group_id == group.group_id],
        )
        for group in site.lamp_groups
        if group.watts
    ]
    said = "; ".join(f"{title}: {sum_words(own)}" for _, title, own in groups)
    picture = Picture(
        title=f"Energy of the last {HISTORY_DAYS} days",
        svg=f"{where}.svg",
        png=f"{where}.png",
        alt=f"What the lamps used and saved on each of the {HISTORY_DAYS} days until {drawn.day}: {said}",
    )

    def files() -> Iterator[SiteFile]:
        yield from _chart(f"charts/{where}", month_of_energy(groups, days, site.tz, now=now))
        yield lamp_history_export([group_id for group_id, _, _ in groups], drawn.lamp_history, days)

    yield picture, files()


def _month(day: date) -> list[date]:
    """Return the local days that a month's charts show."""
    return [day - timedelta(days=n) for n in range(HISTORY_DAYS - 1, -1, -1)]


def _bill(
    site: Site, drawn: DrawnDay, now: datetime, prices: Prices
) -> tuple[PageBill, Picture, Iterator[SiteFile]]:
    """Return the bill's words, its chart, and the files of both."""
    day = drawn.day
    cameras = [(each.camera.camera_id, each.camera.title) for each in drawn.cameras]
    month = projection(
        drawn.spent,
        today=day,
        elapsed=elapsed_share(day, site.tz, now),
        prices=prices,
        cameras=len(cameras),
    )
    export = f"exports/bill-{day}.csv"
    words = page_bill(
        cameras,
        drawn.spent,
        day,
        accounts=drawn.accounts,
        withheld=drawn.withheld,
        caps=site.caps,
        month=month,
        prices=prices,
        href=f"../{export}",
    )
    where = f"{day}/bill"
    picture = Picture(
        title="US dollars a day",
        svg=f"{where}.svg",
        png=f"{where}.png",
        alt=f"What each of the {HISTORY_DAYS} days until {day} cost, camera by camera; numbers are below",
    )
    figure = month_of_costs(cameras, drawn.spent, _month(day), site.tz, prices=prices)

    def files() -> Iterator[SiteFile]:
        yield from _chart(f"charts/{where}", figure)
        yield SiteFile(export, bill_csv(drawn.spent, day, prices), _CSV)

    return words, picture, files()


def _overviews(site: Site, drawn: DrawnDay, now: datetime) -> Iterator[tuple[Picture, Iterator[SiteFile]]]:
    """Draw what shows all cameras together, as far as there are any; the last is their history."""
    if not drawn.cameras:
        return
    day = drawn.day
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
            month_of_visits(history, _month(day), site.tz, now=now),
            f"The last {HISTORY_DAYS} days",
            f"Visits that began on each of the {HISTORY_DAYS} days until {day}; numbers are below",
        ),
    ):
        where = f"{day}/{name}"
        picture = Picture(title=title, svg=f"{where}.svg", png=f"{where}.png", alt=alt)
        yield picture, _chart(f"charts/{where}", figure)


def _comparison(site: Site, drawn: DrawnDay) -> Iterator[tuple[Picture, Iterator[SiteFile]]]:
    """Draw the comparison with Rekognition, if there was one."""
    agreement, dates = drawn.agreement, str(drawn.day)
    if agreement is None:
        return
    said = words_of(agreement) + (f" {RECORDED_WORDS}." if agreement.recorded else "")
    titles = {camera.camera.camera_id: camera.camera.title for camera in drawn.cameras}
    for name, figure, title in (
        ("agreement", agreement_chart(agreement, dates=dates, titles=titles), "YOLO and Rekognition"),
        ("engines", engines_chart(agreement, dates=dates), "Confusion, time and money"),
    ):
        where = f"{dates}/{name}"
        picture = Picture(
            title=title, svg=f"{where}.svg", png=f"{where}.png", alt=f"{title}, {dates}: {said}"
        )
        yield picture, _chart(f"charts/{where}", figure)


def _other_days(shelved: Sequence[str], day: date) -> list[Link]:
    """Link to the other days that have a page, the latest first."""
    pages = (_DAY_PAGE.fullmatch(path) for path in shelved)
    titles = sorted((page[1] for page in pages if page and page[1] != str(day)), reverse=True)
    return [Link(title=title, href=f"{title}.html") for title in titles[:_LINKED_DAYS]]


def _chart(stem: str, figure: "Figure") -> Iterator[SiteFile]:
    yield SiteFile(f"{stem}.svg", to_svg(figure), "image/svg+xml")
    yield SiteFile(f"{stem}.png", to_png(figure), "image/png")
