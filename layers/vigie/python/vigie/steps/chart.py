"""Days are to be drawn: gather what each camera saw, and put charts, page and exports on the shelf.

Charts are drawn from minutes, and a month's history from roll-ups, so a drawing costs the same at any rate
of frames. Reports are read for two ends: the exports, when they have fallen behind, and the single points
of a span so short that they are seen.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Protocol

from vigie.domain.agreement import Agreement
from vigie.domain.cameras import CANARY
from vigie.domain.caps import Account
from vigie.domain.exports import intervals_of
from vigie.domain.health import Proof
from vigie.domain.instants import day_bounds, minute_of
from vigie.domain.ledger import DaySpent, days_spent
from vigie.domain.people import Suggestion
from vigie.domain.pictures import pictures_prefix, site_path
from vigie.domain.reports import FrameReport
from vigie.domain.rollups import DayTotals, day_totals
from vigie.domain.series import MINUTE, CameraDay, Minute, camera_day
from vigie.domain.sites import Site
from vigie.steps.budget_ports import BudgetMarks, Purse, over_budget_minutes
from vigie.steps.health_ports import ProofStore
from vigie.steps.ports import (
    Clock,
    FrameStore,
    ReportStore,
    RollupStore,
    SiteFile,
    SiteShelf,
    StaleHour,
)

HISTORY_DAYS = 31
# What is drawn shortly after midnight completes the day before, whose last frames came meanwhile.
_OVERLAP = timedelta(hours=1)
# A chart of more shows minutes, in which single points would not be seen.
_POINTS_SPAN = timedelta(hours=1)
# Exports of a day under way are made anew when its frames have grown by so much: so all of a day's exports
# together read at most five times its reports, however often it is drawn.
_GROWTH = 1.25
# Late frames of many days at once are worked off run by run.
_MOST_STALE_DAYS = 4


@dataclass(frozen=True, slots=True)
class DrawnDay:
    """One local day of all cameras, as it is to be drawn.

    `totals` are the roll-ups of the last 31 days of every camera, this one included, in order of camera and
    day. `exports` has the cameras whose exports are to be written, with the pace of sampling in seconds that
    each minute's frames declare. `shelved` are the paths of charts and pictures that lie on the shelf
    already; the `newest` of several days is the front page. `proof` is the last that alerts arrive. `spent`
    is what the days of `totals` consumed, with what was bought on them; `accounts` are the purse's of this
    day. `agreement` sums up its comparisons with Rekognition, None when there were none; `suggestions` are
    whom faces suggest, by visits' ids.
    """

    day: date
    cameras: tuple[CameraDay, ...]
    totals: tuple[DayTotals, ...]
    exports: Mapping[str, Mapping[datetime, float]]
    shelved: tuple[str, ...]
    newest: bool
    proof: Proof | None = None
    agreement: Agreement | None = None
    suggestions: Mapping[str, Suggestion] = field(default_factory=dict)
    spent: tuple[DaySpent, ...] = ()
    accounts: tuple[Account, ...] = ()


class Renderer(Protocol):
    """Draws one local day of all cameras as files."""

    def __call__(self, site: Site, drawn: DrawnDay) -> Iterable[SiteFile]:
        """Return the files."""


@dataclass(frozen=True, slots=True)
class _Gathered:
    day: CameraDay
    totals: DayTotals
    intervals: Mapping[datetime, float] | None


def watched_cameras(site: Site, frames: FrameStore) -> tuple[str, ...]:
    """Return the ids of the cameras that the site names or that have sent frames, sorted."""
    named = {camera.camera_id for camera in site.cameras}
    return tuple(sorted((named | set(frames.camera_ids())) - {CANARY}))


def days_to_chart(site: Site, clock: Clock) -> tuple[date, ...]:
    """Return the local days that a scheduled run draws: today, and in its first hour yesterday too."""
    now = clock().astimezone(site.tz)
    return tuple(sorted({(now - _OVERLAP).date(), now.date()}))


def stale_days(site: Site, stale: Iterable[StaleHour], *, today: date) -> dict[date, list[StaleHour]]:
    """Return the oldest local days that late frames have changed, with the marks that drawing them settles.

    A late frame reaches into the following day too, since visits go on over midnight. A mark of a day that
    has not come stays until it has.
    """
    days: dict[date, list[StaleHour]] = {}
    for hour in stale:
        own = hour.begins_at.astimezone(site.tz).date()
        if own > today:
            continue
        touched = [own, own + timedelta(days=1)] if own < today else [own]
        if len(days.keys() | set(touched)) > _MOST_STALE_DAYS:
            break
        for day in touched:
            days.setdefault(day, []).append(hour)
    return days


def chart_days(
    days: Iterable[date],
    *,
    anew: Collection[date] = (),
    site: Site,
    frames: FrameStore,
    reports: ReportStore,
    rollups: RollupStore,
    shelf: SiteShelf,
    render: Renderer,
    clock: Clock,
    proofs: ProofStore | None = None,
    agreement: Callable[[date, Sequence[str]], Agreement | None] = lambda *_: None,
    suggested: Callable[[CameraDay], Mapping[str, Suggestion]] = lambda _: {},
    purse: Purse | None = None,
    marks: BudgetMarks | None = None,
) -> tuple[str, ...]:
    """Draw local days of every camera, and store their totals; return the paths of the files, below site/.

    The exports of the days of `anew` are made again even if no frame was added. `agreement` sums up the
    comparisons of a day and cameras, `suggested` says whom the faces of a camera's day suggest.

    Raises:
        CloudError: AWS refused a call; the next scheduled run tries again.

    """
    days = sorted(days)
    gather = _Gatherer(site, frames, reports, rollups, marks, clock())
    camera_ids = watched_cameras(site, frames)
    proof = proofs.last_proof() if proofs else None
    paths = []
    for day in days:
        gathered, history = [], []
        for camera_id in camera_ids:
            past = gather.history(camera_id, day)
            gathered.append(gather.day(camera_id, day, past.pop(day, None), anew=day in anew))
            history += [*past.values(), gathered[-1].totals]
        cameras = tuple(each.day for each in gathered)
        accounts = _accounts(day, purse)
        drawn = DrawnDay(
            day=day,
            cameras=cameras,
            totals=tuple(history),
            exports={
                each.totals.camera_id: each.intervals for each in gathered if each.intervals is not None
            },
            shelved=(*shelf.paths("charts/"), *_pictures(cameras, shelf)),
            newest=day == days[-1],
            proof=proof,
            agreement=agreement(day, camera_ids),
            suggestions={visit: who for camera in cameras for visit, who in suggested(camera).items()},
            spent=days_spent(history, accounts),
            accounts=accounts.get(day, ()),
        )
        for file in render(site, drawn):
            shelf.put(file)
            paths.append(file.path)
        # After the exports of which they tell.
        for each in gathered:
            gather.store(each.totals)
    return tuple(dict.fromkeys(paths))


def _accounts(day: date, purse: Purse | None) -> dict[date, tuple[Account, ...]]:
    """Read what was bought on the days of the history up to that one."""
    if purse is None:
        return {}
    past = (day - timedelta(days=n) for n in range(HISTORY_DAYS))
    return {each: accounts for each in past if (accounts := purse.accounts(each))}


def _pictures(cameras: Iterable[CameraDay], shelf: SiteShelf) -> Iterator[str]:
    """List the pictures of the visits, a camera and day at a time."""
    for camera in cameras:
        camera_id = camera.camera.camera_id
        for day in sorted({visit.best_frame.captured_at.date() for visit in camera.visits}):
            yield from shelf.paths(site_path(pictures_prefix(camera_id, day)))


@dataclass(frozen=True, slots=True)
class _Gatherer:
    site: Site
    frames: FrameStore
    reports: ReportStore
    rollups: RollupStore
    marks: BudgetMarks | None
    now: datetime

    def day(self, camera_id: str, day: date, stored: DayTotals | None, *, anew: bool) -> _Gathered:
        """Gather a camera's day, with its reports if they are needed; `stored` are its totals until now."""
        begin, end = day_bounds(day, self.site.tz)
        minutes = self.reports.minutes(camera_id, begin, end)
        listed = stored.listed if stored else 0
        is_short = not minutes or minutes[-1].begins_at + MINUTE - minutes[0].begins_at <= _POINTS_SPAN
        exports = anew or is_short or self._is_behind(listed, minutes, end)
        reports = self.reports.reports(camera_id, begin, end) if minutes and exports else ()
        if len(reports) < listed:
            # The reports have expired, but not the export that was made of them.
            exports, reports = False, ()
        elif exports:
            listed = len(reports)
        camera = self._camera_day(camera_id, begin, end, minutes, reports)
        totals = day_totals(camera, day, self.site.tz, listed=listed)
        if stored and stored.frames > totals.frames:
            # The minutes have expired, but not their totals.
            totals = stored
        return _Gathered(
            camera if is_short else replace(camera, points=()),
            totals,
            intervals_of(reports) if exports else None,
        )

    def history(self, camera_id: str, day: date) -> dict[date, DayTotals]:
        """Return the totals of the days up to that one, itself only if it has been summed up before.

        What was never summed up, since no run drew it, is made good from its minutes.
        """
        past = [day - timedelta(days=n) for n in range(HISTORY_DAYS - 1, 0, -1)]
        found = {totals.day: totals for totals in self.rollups.totals(camera_id, past[0], day)}
        for missing in (each for each in past if each not in found):
            begin, end = day_bounds(missing, self.site.tz)
            if end > self.now or not self._are_kept(begin):
                continue
            minutes = self.reports.minutes(camera_id, begin, end)
            camera = self._camera_day(camera_id, begin, end, minutes, ())
            found[missing] = day_totals(camera, missing, self.site.tz)
            self.store(found[missing])
        return dict(sorted(found.items()))

    def store(self, totals: DayTotals) -> None:
        """Store the totals, unless some of the day's minutes may have expired."""
        if self._are_kept(totals.begins_at):
            self.rollups.put_totals(totals)

    def _are_kept(self, begins_at: datetime) -> bool:
        return begins_at > self.now - timedelta(days=self.site.retention.minutes_days)

    def _is_behind(self, listed: int, minutes: Sequence[Minute], end: datetime) -> bool:
        """Tell whether the exports are so far behind the frames that they should be made again."""
        frames = sum(minute.frames for minute in minutes)
        return frames != listed if end <= self.now else frames >= listed * _GROWTH

    def _camera_day(
        self,
        camera_id: str,
        begin: datetime,
        end: datetime,
        minutes: Sequence[Minute],
        reports: Sequence[FrameReport],
    ) -> CameraDay:
        return camera_day(
            self.site.camera(camera_id),
            begin,
            end,
            minutes=minutes,
            reports=reports,
            earlier=self.reports.minute_before(camera_id, minute_of(begin)) if reports else None,
            quarantined=self.frames.quarantined(camera_id, begin, end),
            following=self.site.following(camera_id),
            over_budget=over_budget_minutes(self.marks, camera_id, begin, end),
        )
