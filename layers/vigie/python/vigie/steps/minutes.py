"""Keeps a camera's minutes true to its stored reports, whatever the order in which frames arrive.

No lock: each minute is replaced only as it was read. A frame that is the newest of its camera costs one
conditional write. A late one folds its minute anew, and of those after it each that was folded upon another
state of its predecessor than that has now, be it by this frame or by a handler that died half-way.

Two handlers at work on two neighbouring minutes cannot miss each other: each writes its minute first and
looks at the neighbour afterwards, so the later writer sees the earlier one.
"""

from dataclasses import dataclass

from vigie.domain.following import Following
from vigie.domain.instants import MILLISECOND, minute_of
from vigie.domain.reports import FrameReport
from vigie.domain.series import (
    MINUTE,
    Minute,
    VisitsChange,
    extend_minute,
    fold_minute,
)
from vigie.domain.visits import Visit
from vigie.errors import Conflict
from vigie.steps.ports import MinuteStore

_ATTEMPTS = 25


@dataclass(frozen=True, slots=True)
class Kept:
    """What a frame has changed, and `best`, the visits of which no frame so far is a better one.

    `minute` is the frame's own as it was stored, `before` that minute without the frame; None where it began
    the minute, or the minute was folded anew.
    """

    change: VisitsChange
    best: tuple[Visit, ...]
    minute: Minute
    before: Minute | None


def keep_minutes(report: FrameReport, *, store: MinuteStore, following: Following) -> Kept:
    """Bring the minutes up to date with a report that has been stored.

    Raises:
        Conflict: other handlers kept writing the same minute; the event should be tried again.

    """
    instant = report.key.captured_at
    own, before = _keep(report, store, following)
    last = own
    is_changed = True
    while is_changed:
        # One look reaches as far as a visit is remembered; what it changes may reach on from there.
        is_changed = False
        for later in store.minutes_after(last.camera_id, last.begins_at):
            is_changed = later.follows != last.state
            last = _keep_folded(later, store, following) if is_changed else later
    # To the newest frame: a handler that died may have changed what this one found in order, untold.
    end = last.folded_until + MILLISECOND
    begun = tuple(visit.beginning for visit in own.begun_at(instant))
    best = tuple(visit for visit in own.visits if visit.best_frame == report.key)
    asks = own.asked_at(instant) or (following.is_shared and own.prolongs_what_asked(instant))
    return Kept(VisitsChange(begun, instant, end, asks=asks), best, own, before)


def _keep(report: FrameReport, store: MinuteStore, following: Following) -> tuple[Minute, Minute | None]:
    camera_id, begins_at = report.key.camera_id, minute_of(report.key.captured_at)
    for _ in range(_ATTEMPTS):
        stored = store.minute(camera_id, begins_at)
        if stored is None:
            stored = _first_of_minute(report, store, following)
            if stored is not None:
                return stored, None
        elif report.key.captured_at <= stored.folded_until:
            return _keep_folded(stored, store, following), None
        elif _replaced(minute := extend_minute(stored, report, following), stored, store):
            return minute, stored
    raise _busy(camera_id)


def _first_of_minute(report: FrameReport, store: MinuteStore, following: Following) -> Minute | None:
    """Begin a minute; None when another handler did so meanwhile."""
    camera_id, begins_at = report.key.camera_id, minute_of(report.key.captured_at)
    earlier = store.minute_before(camera_id, begins_at)
    minute = extend_minute(earlier, report, following)
    if not _replaced(minute, None, store):
        return None
    if store.minute_before(camera_id, begins_at) != earlier:
        return _keep_folded(minute, store, following)
    return minute


def _keep_folded(stored: Minute, store: MinuteStore, following: Following) -> Minute:
    """Fold a stored minute anew from all its reports, and store it when that changes it."""
    camera_id, begins_at = stored.camera_id, stored.begins_at
    current: Minute | None = stored
    for _ in range(_ATTEMPTS):
        earlier = store.minute_before(camera_id, begins_at)
        reports = store.reports(camera_id, begins_at, begins_at + MINUTE)
        if current is not None and len(reports) < current.frames:
            # Frames are never unsaid: the retention has removed reports, and what was counted of them stays.
            return current
        folded = fold_minute(earlier, reports, following)
        if folded is None:
            raise Conflict(f"the reports of {camera_id} at {begins_at} are gone, while its minute is stored")
        written = folded == current or _replaced(folded, current, store)
        if written and store.minute_before(camera_id, begins_at) == earlier:
            return folded
        current = store.minute(camera_id, begins_at)
    raise _busy(camera_id)


def _replaced(minute: Minute, stored: Minute | None, store: MinuteStore) -> bool:
    try:
        store.put_minute(minute, replaces=stored)
    except Conflict:
        return False
    return True


def _busy(camera_id: str) -> Conflict:
    return Conflict(f"{_ATTEMPTS} times another handler of camera {camera_id} was first")
