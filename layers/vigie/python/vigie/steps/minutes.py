"""Keeps a camera's minutes true to its stored reports, whatever the order in which frames arrive.

No lock: each minute is replaced only as it was read. A frame that is the newest of its camera costs one
conditional write. A late one folds its minute anew, and those after it as far as anything is carried over.

Two handlers at work on two neighbouring minutes cannot miss each other: each writes its minute first and
looks at the neighbour afterwards, so the later writer sees the earlier one.
"""

from vigie.domain.instants import MILLISECOND, minute_of
from vigie.domain.reports import FrameReport
from vigie.domain.series import MINUTE, Minute, add_report, fold_minute
from vigie.domain.visits import Visit, VisitRule
from vigie.errors import Conflict
from vigie.steps.ports import MinuteStore

_ATTEMPTS = 25


def keep_minutes(report: FrameReport, *, store: MinuteStore, rule: VisitRule) -> tuple[Visit, ...]:
    """Bring the minutes up to date with a report that has been stored.

    Returns the visits that begin in its frame, as the frame shows them: what later frames add is left out,
    so that the same is returned however late the frame came.

    Raises:
        Conflict: other handlers kept writing the same minute; the event should be tried again.

    """
    own = current = _keep(report, store, rule)
    while (later := store.minute_after(current.camera_id, current.begins_at)) is not None:
        folded = _keep_folded(later, store, rule)
        if not (folded.carried_in or later.carried_in):
            break
        current = folded
    return _begun(report, own, store, rule)


def _begun(report: FrameReport, own: Minute, store: MinuteStore, rule: VisitRule) -> tuple[Visit, ...]:
    instant = report.key.captured_at
    begun = own.begun_at(instant)
    if not begun or own.folded_until == instant:
        return begun
    earlier = store.minute_before(own.camera_id, own.begins_at)
    until_then = store.reports(own.camera_id, own.begins_at, instant + MILLISECOND)
    folded = fold_minute(earlier, until_then, rule)
    return folded.begun_at(instant) if folded else ()


def _keep(report: FrameReport, store: MinuteStore, rule: VisitRule) -> Minute:
    camera_id, begins_at = report.key.camera_id, minute_of(report.key.captured_at)
    for _ in range(_ATTEMPTS):
        stored = store.minute(camera_id, begins_at)
        if stored is None:
            stored = _first_of_minute(report, store, rule)
            if stored is not None:
                return stored
        elif report.key.captured_at <= stored.folded_until:
            return _keep_folded(stored, store, rule)
        elif _replaced(minute := add_report(stored, report, rule), stored, store):
            return minute
    raise _busy(camera_id)


def _first_of_minute(report: FrameReport, store: MinuteStore, rule: VisitRule) -> Minute | None:
    """Begin a minute; None when another handler did so meanwhile."""
    camera_id, begins_at = report.key.camera_id, minute_of(report.key.captured_at)
    earlier = store.minute_before(camera_id, begins_at)
    minute = add_report(earlier, report, rule)
    if not _replaced(minute, None, store):
        return None
    if store.minute_before(camera_id, begins_at) != earlier:
        return _keep_folded(minute, store, rule)
    return minute


def _keep_folded(stored: Minute, store: MinuteStore, rule: VisitRule) -> Minute:
    """Fold a stored minute anew from all its reports, and store it when that changes it."""
    camera_id, begins_at = stored.camera_id, stored.begins_at
    current: Minute | None = stored
    for _ in range(_ATTEMPTS):
        earlier = store.minute_before(camera_id, begins_at)
        reports = store.reports(camera_id, begins_at, begins_at + MINUTE)
        folded = fold_minute(earlier, reports, rule)
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
