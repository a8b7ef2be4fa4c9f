"""Visits have begun: tell the people who asked, once."""

from collections.abc import Iterable

from vigie.domain.alerting import AlertState, alerts_for, is_too_old, message_for
from vigie.domain.sites import Site
from vigie.domain.visits import Visit
from vigie.steps.ports import AlertStore, Clock, Notifier

# A sender that has not finished by then has died: longer than the function's own time-out.
CLAIM_LEASE_S = 15.0


def send_alerts(
    visits_begun: Iterable[Visit], *, site: Site, alerts: AlertStore, notifier: Notifier, clock: Clock
) -> int:
    """Send the alerts that the site's rules ask for; return how many were sent now.

    An alert is claimed, sent, then closed, so that an event that comes again sends nothing. A sender that
    dies between sending and closing leaves a claim that is taken over: one message too many, never none.

    Raises:
        Conflict: another sender is at work on one of them; the event should be tried again.
        CloudError: AWS refused a call; the event should be tried again.

    """
    sent = 0
    for alert in alerts_for(visits_begun, site.rules):
        if not alerts.claim(alert, now=clock(), lease_s=CLAIM_LEASE_S):
            continue
        if is_too_old(alert, now=clock(), max_alert_age_s=site.max_alert_age_s):
            alerts.close(alert, AlertState.TOO_OLD, now=clock())
            continue
        message = message_for(alert, camera=site.camera(alert.visit.camera_id), zone=site.zone)
        notifier.notify(alert, subject=message.subject, text=message.text)
        alerts.close(alert, AlertState.SENT, now=clock())
        sent += 1
    return sent
