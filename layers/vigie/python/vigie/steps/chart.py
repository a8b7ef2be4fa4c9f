"""Days are to be drawn: gather what each camera saw, and put the charts and exports on the shelf."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Protocol

from vigie.domain.instants import day_bounds, minute_of
from vigie.domain.pictures import pictures_prefix, site_path
from vigie.domain.series import CameraDay, camera_day
from vigie.domain.sites import Site
from vigie.steps.ports import Clock, FrameStore, ReportStore, SiteFile, SiteShelf

# What is drawn shortly after midnight completes the day before, whose last frames came meanwhile.
_OVERLAP = timedelta(hours=1)


class Renderer(Protocol):
    """Draws one local day of all cameras as files.

    `shelved` are the paths of the charts and pictures that lie on the shelf already; the
    `newest` of several days is the front page.
    """

    def __call__(
        self, site: Site, day: date, days: Sequence[CameraDay], shelved: Sequence[str], *, newest: bool
    ) -> Iterable[SiteFile]:
        """Return the files."""


def days_to_chart(site: Site, clock: Clock) -> tuple[date, ...]:
    """Return the local days that a scheduled run draws: today, and in its first hour yesterday too."""
    now = clock().astimezone(site.tz)
    return tuple(sorted({(now - _OVERLAP).date(), now.date()}))


def chart_days(
    days: Iterable[date],
    *,
    site: Site,
    frames: FrameStore,
    reports: ReportStore,
    shelf: SiteShelf,
    render: Renderer,
) -> tuple[str, ...]:
    """Draw local days of every camera; return the paths of the files, below site/.

    Raises:
        CloudError: AWS refused a call; the next scheduled run tries again.

    """
    days = sorted(days)
    camera_ids = sorted({camera.camera_id for camera in site.cameras} | set(frames.camera_ids()))
    paths = []
    for day in days:
        cameras = [
            _camera_day(camera_id, day, site=site, frames=frames, reports=reports) for camera_id in camera_ids
        ]
        shelved = (*shelf.paths("charts/"), *_pictures(cameras, shelf))
        for file in render(site, day, cameras, shelved, newest=day == days[-1]):
            shelf.put(file)
            paths.append(file.path)
    return tuple(dict.fromkeys(paths))


def _pictures(cameras: Iterable[CameraDay], shelf: SiteShelf) -> Iterator[str]:
    """List the pictures of the visits, a camera and day at a time."""
    for camera in cameras:
        camera_id = camera.camera.camera_id
        for day in sorted({visit.best_frame.captured_at.date() for visit in camera.visits}):
            yield from shelf.paths(site_path(pictures_prefix(camera_id, day)))


def _camera_day(
    camera_id: str, day: date, *, site: Site, frames: FrameStore, reports: ReportStore
) -> CameraDay:
    begin, end = day_bounds(day, site.tz)
    return camera_day(
        site.camera(camera_id),
        begin,
        end,
        minutes=reports.minutes(camera_id, begin, end),
        reports=reports.reports(camera_id, begin, end),
        earlier=reports.minute_before(camera_id, minute_of(begin)),
        quarantined=frames.quarantined(camera_id, begin, end),
        limits=site.visits,
    )
