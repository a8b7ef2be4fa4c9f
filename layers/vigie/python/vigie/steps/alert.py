"""Visits have begun, or are others than they seemed: tell the people who asked, once."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from vigie.domain.alerting import (
    Alert,
    AlertPlan,
    AlertRecord,
    AlertState,
    adds_somebody,
    asked_in,
    plan_alerts,
)
from vigie.domain.instants import day_bounds, minute_of, seconds_between
from vigie.domain.notices import Delivery, Notice
from vigie.domain.people import Suggestion
from vigie.domain.pictures import picture_key
from vigie.domain.series import VisitsChange
from vigie.domain.sites import Site
from vigie.domain.visits import Visit
from vigie.domain.wording import visit_notice
from vigie.errors import Conflict
from vigie.steps.ports import AlertStore, Clock, LinkMaker, MinuteStore, Notifier

# A sender that has not finished by then has died: a test holds this longer than the function's time-out, and
# short enough that the message comes again before it is given up.
CLAIM_LEASE_S = 20.0
_ATTEMPTS = 50
_OUTCOMES = {Delivery.SENT: AlertState.SENT, Delivery.WITHHELD: AlertState.WITHHELD}
# Files are read faster than the clock, so that what they show may lie ahead of it.
_AHEAD = timedelta(days=1)


def send_alerts(
    camera_id: str,
    change: VisitsChange,
    *,
    site: Site,
    minutes: MinuteStore,
    alerts: AlertStore,
    notifier: Notifier,
    clock: Clock,
    link_to: LinkMaker = lambda _: None,
    who: Callable[[Visit], Suggestion | None] = lambda _: None,
) -> int:
    """Bring the alerts in line with what a frame changed of its camera's visits; return how many were sent.

    What counts is what is stored now, not what the event knew: so events may come late, twice, and in any
    order. First what the visits ask for is noted; then everything from that time on is judged, of all
    cameras, since an alert may forbid a later one. An alert is claimed, sent, then closed. A sender that dies
    between sending and closing leaves a claim that is taken over: one message too many, never none. One that
    the budget withholds from all is closed as such, is not tried again, and charges no cooldown: what its
    claim kept quiet is judged anew. `who` is asked whom a visit's face suggests.

    Raises:
        Conflict: another sender is at work on one of them; the event should be tried again.
        CloudError: AWS refused a call; the event should be tried again.

    """
    _note_what_is_asked(camera_id, change, minutes, alerts)
    sent, attempts = 0, _ATTEMPTS
    while attempts:
        attempts -= 1
        # Before anything that the plan is made of: a change meanwhile makes this number an old one.
        revision = alerts.revision()
        plan = _plan(change, site, minutes, alerts, clock)
        replaced = (record for _, record, _ in plan.silent if record)
        for orphan in (*plan.orphans, *(orphan for orphan, _ in plan.adoptions), *replaced):
            if _is_at_work(orphan, clock):
                raise Conflict(f"the alert {orphan.alert.alert_id} is being sent, while it should not be")
        try:
            if plan.is_untidy:
                _tidy(plan, alerts, clock, revision)
                continue
            withheld = False
            for alert, record in plan.due:
                if record and _is_at_work(record, clock):
                    continue
                revision = alerts.record(
                    alert, AlertState.CLAIMED, replaces=record, now=clock(), revision=revision
                )
                delivery = notifier.notify(_notice(alert, site, minutes, link_to, who))
                alerts.close(alert, now=clock(), state=_OUTCOMES[delivery])
                withheld = delivery is Delivery.WITHHELD
                if withheld:
                    break
                sent += 1
        except Conflict:
            continue
        if withheld:
            attempts = _ATTEMPTS  # nobody was in the way, and this one is settled
            continue
        busy = (a for a, record in plan.due if record and _is_at_work(record, clock))
        for alert in busy:
            if alert.visit.camera_id == camera_id and alert.asked_at < change.end:
                raise Conflict(f"the alert {alert.alert_id} is being sent by another sender")
        return sent
    raise Conflict(f"{_ATTEMPTS} times another sender was first")


def alerts_withheld(day: date, *, alerts: AlertStore, site: Site) -> int:
    """Count the alerts of a local day that reached nobody, since the budget had nothing left for anybody.

    Raises:
        CloudError: AWS refused a call.

    """
    records = alerts.alerts(*day_bounds(day, site.tz))
    return sum(record.state is AlertState.WITHHELD for record in records)


def _note_what_is_asked(
    camera_id: str, change: VisitsChange, minutes: MinuteStore, alerts: AlertStore
) -> None:
    """Make the alerts that are asked for those of the stored visits.

    Whoever wrote looks again: a handler that had read older visits may have written after a newer one.
    """
    for _ in range(_ATTEMPTS):
        span = minutes.minutes(camera_id, minute_of(change.begin), change.end)
        wanted = {alert.order: alert for alert in asked_in(span, change.begin, change.end)}
        noted = {
            alert.order: alert
            for alert in alerts.asked(change.begin, change.end)
            if alert.visit.camera_id == camera_id
        }
        if wanted == noted:
            return
        for order, alert in noted.items():
            if order not in wanted:
                alerts.unask(alert)
        for order, alert in wanted.items():
            if noted.get(order) != alert:
                alerts.ask(alert)
    raise Conflict(f"{_ATTEMPTS} times another handler of camera {camera_id} was first")


def _plan(
    change: VisitsChange, site: Site, minutes: MinuteStore, alerts: AlertStore, clock: Clock
) -> AlertPlan:
    policy = site.alert_policy
    end = max(change.end, clock()) + _AHEAD
    return plan_alerts(
        alerts.asked(change.begin, end),
        alerts.alerts(change.begin - policy.longest_cooldown, end),
        begin=change.begin,
        policy=policy,
        is_news=_news(site, minutes),
        now=clock(),
    )


def _tidy(plan: AlertPlan, alerts: AlertStore, clock: Clock, revision: int) -> None:
    """Do what nobody is told of."""
    for orphan, heir in plan.adoptions:
        revision = alerts.adopt(orphan, heir, revision=revision)
    for orphan in plan.orphans:
        revision = alerts.forget(orphan, revision=revision)
    for alert, record, state in plan.silent:
        revision = alerts.record(alert, state, replaces=record, now=clock(), revision=revision)


def _notice(
    alert: Alert,
    site: Site,
    minutes: MinuteStore,
    link_to: LinkMaker,
    who: Callable[[Visit], Suggestion | None],
) -> Notice:
    """Put an alert into words, with the picture of the beginning, or the best until now if it came later."""
    rule = next(rule for rule in site.rules if rule.rule_id == alert.rule_id)
    visit = alert.visit
    if alert.asked_at != visit.started_at:
        minute = minutes.minute(visit.camera_id, minute_of(alert.asked_at))
        visit = next((v for v in (minute.visits if minute else ()) if v.order == visit.order), visit)
    picture = picture_key(visit)
    return visit_notice(
        visit,
        rule=rule,
        at=alert.asked_at,
        number=alert.number,
        site=site,
        link=link_to(picture),
        picture=picture,
        who=who(alert.visit) if site.known_faces.enabled else None,
    )


def _news(site: Site, minutes: MinuteStore) -> Callable[[Alert], bool]:
    def is_news(alert: Alert) -> bool:
        place = site.place_of(alert.visit.camera_id)
        if place is None:
            return True
        there = [
            visit for camera_id in place.cameras for visit in _open_visits(camera_id, alert.asked_at, minutes)
        ]
        return adds_somebody(alert, there)

    return is_news


def _open_visits(camera_id: str, instant: datetime, minutes: MinuteStore) -> list[Visit]:
    """Return a camera's visits that were open then."""
    begins_at = minute_of(instant)
    earlier, own = minutes.minute_before(camera_id, begins_at), minutes.minute(camera_id, begins_at)
    known = {visit.visit_id: visit for visit in (earlier.open if earlier else ())}
    known |= {visit.visit_id: visit for visit in (own.visits if own else ())}
    return [visit for visit in known.values() if visit.is_open_at(instant)]


def _is_at_work(record: AlertRecord, clock: Clock) -> bool:
    return record.state is AlertState.CLAIMED and seconds_between(record.at, clock()) < CLAIM_LEASE_S
