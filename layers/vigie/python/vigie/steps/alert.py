"""Visits have begun, or are others than they seemed: tell the people who asked, once."""

from typing import Protocol

from vigie.domain.alerting import AlertRecord, AlertState, is_too_old, message_for, plan_alerts
from vigie.domain.instants import minute_of, seconds_between
from vigie.domain.series import VisitsChange, visits_of
from vigie.domain.sites import Site
from vigie.errors import Conflict
from vigie.steps.ports import AlertStore, Clock, MinuteStore, Notifier

# A sender that has not finished by then has died: a test holds this longer than the function's time-out, and
# short enough that the message comes again before it is given up.
CLAIM_LEASE_S = 15.0


class Store(MinuteStore, AlertStore, Protocol):
    """The visits, and the alerts about them."""


def send_alerts(
    camera_id: str, change: VisitsChange, *, site: Site, store: Store, notifier: Notifier, clock: Clock
) -> int:
    """Bring the alerts about a span of time in line with its visits; return how many were sent now.

    What counts is what is stored now, not what the event knew: so events may come late, twice, and in any
    order. An alert is claimed, sent, then closed. A sender that dies between sending and closing leaves a
    claim that is taken over: one message too many, never none.

    Raises:
        Conflict: another sender is at work on one of them; the event should be tried again.
        CloudError: AWS refused a call; the event should be tried again.

    """
    minutes = store.minutes(camera_id, minute_of(change.begin), change.end)
    visits = [visit for visit in visits_of(minutes) if change.begin <= visit.started_at < change.end]
    plan = plan_alerts(visits, site.rules, store.alerts(camera_id, change.begin, change.end))
    due = list(plan.due)
    for orphan, heir in plan.adoptions:
        _check_settled(orphan, clock)
        store.adopt(orphan, heir)
        if orphan.state is AlertState.CLAIMED:
            due.append(heir)
    for orphan in plan.orphans:
        _check_settled(orphan, clock)
        store.forget(orphan)
    sent = 0
    for alert in due:
        if not store.claim(alert, now=clock(), lease_s=CLAIM_LEASE_S):
            continue
        if is_too_old(alert, now=clock(), max_alert_age_s=site.max_alert_age_s):
            store.close(alert, AlertState.TOO_OLD, now=clock())
            continue
        message = message_for(alert, camera=site.camera(camera_id), tz=site.tz)
        notifier.notify(alert, subject=message.subject, text=message.text)
        store.close(alert, AlertState.SENT, now=clock())
        sent += 1
    return sent


def _check_settled(orphan: AlertRecord, clock: Clock) -> None:
    """Leave an alert alone while its sender may be at work on it."""
    if orphan.state is AlertState.CLAIMED and seconds_between(orphan.at, clock()) < CLAIM_LEASE_S:
        raise Conflict(f"the alert {orphan.alert.alert_id} is being sent, while its visit is no more")
