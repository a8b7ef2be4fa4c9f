"""Days are to be drawn: gather what each camera saw, and put charts, page and exports on the shelf.

Charts are drawn from minutes, and a month's history from roll-ups, so a drawing costs the same at any rate
of frames. Reports are read for two ends: the exports, when they have fallen behind, and the single points
of a span so short that they are seen.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol

from vigie.domain.agreement import Agreement
from vigie.domain.cameras import CANARY
from vigie.domain.caps import Account
from vigie.domain.energy import EnergyTotals, GroupEnergy
from vigie.domain.health import Proof
from vigie.domain.ledger import DaySpent, days_spent
from vigie.domain.people import Suggestion
from vigie.domain.pictures import pictures_prefix, site_path
from vigie.domain.rollups import DayTotals
from vigie.domain.series import CameraDay
from vigie.domain.sites import Site
from vigie.steps.budget_ports import BudgetMarks, Purse
from vigie.steps.charging import UsageBook
from vigie.steps.gathering import HISTORY_DAYS, Gatherer
from vigie.steps.health_ports import ProofStore
from vigie.steps.lamp_energy import LampDays
from vigie.steps.lamp_ports import EnergyStore
from vigie.steps.ports import (
    Clock,
    FrameStore,
    ReportStore,
    RollupStore,
    SiteFile,
    SiteShelf,
    StaleHour,
)

# What is drawn shortly after midnight completes the day before, whose last frames came meanwhile.
_OVERLAP = timedelta(hours=1)
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
    whom faces suggest, by visits' ids. `withheld` is how many alerts reached nobody, for the budget.
    `energies` are what lamp groups used on this day, `lamp_history` on the last 31 as far as that is known,
    group by group.
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
    withheld: int = 0
    energies: tuple[GroupEnergy, ...] = ()
    lamp_history: tuple[EnergyTotals, ...] = ()


class Renderer(Protocol):
    """Draws one local day of all cameras as files."""

    def __call__(self, site: Site, drawn: DrawnDay) -> Iterable[SiteFile]:
        """Return the files."""


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
    withheld: Callable[[date], int] = lambda _: 0,
    book: UsageBook | None = None,
    energies: EnergyStore | None = None,
) -> tuple[str, ...]:
    """Draw local days of every camera, and store their totals; return the paths of the files, below site/.

    The exports of the days of `anew` are made again even if no frame was added. `agreement` sums up the
    comparisons of a day and cameras, `suggested` says whom the faces of a camera's day suggest, `withheld`
    how many of a day's alerts reached nobody.

    Raises:
        CloudError: AWS refused a call; the next scheduled run tries again.

    """
    days = sorted(days)
    gather = Gatherer(site, frames, reports, rollups, marks, clock())
    lamps = LampDays(site, reports, energies, clock())
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
        beside = book.used(day - timedelta(days=HISTORY_DAYS - 1), day) if book else {}
        used, lamp_history = lamps.day(day, cameras, days=HISTORY_DAYS)
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
            spent=days_spent(history, accounts, beside),
            accounts=accounts.get(day, ()),
            withheld=withheld(day),
            energies=used,
            lamp_history=lamp_history,
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
