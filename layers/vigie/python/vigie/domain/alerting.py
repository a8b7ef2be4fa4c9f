"""Alerting: which of the alerts that rules ask for are sent.

The frames say which alerts are asked for (`asking`). Of those, in order of capture time, some are not sent:
one that a cooldown forbids, one about somebody whom another camera of the place shows already, one that is
snoozed. That, too, is a function of what is stored, so when a frame comes late the answer may be another than
before: what is stored of alerts is then brought in line, and whoever was told of one is not told of its heir.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from vigie.domain.detections import kind_of
from vigie.domain.instants import minute_of, seconds_between, to_stamp
from vigie.domain.rules import AlertRule
from vigie.domain.series import Minute
from vigie.domain.visits import Visit


@dataclass(frozen=True, slots=True)
class Alert:
    """What a rule asks to be told: the visit as it began, when it made the rule ask, how many were there."""

    rule_id: str
    visit: Visit
    asked_at: datetime
    number: int = 1

    @property
    def alert_id(self) -> str:
        """`<rule_id>/<visit_id>`: an alert is the same however often its event comes.

        What a visit asks for later than it begins has the time with it, since it may ask for it again.
        """
        asked_later = "" if self.asked_at == self.visit.started_at else f"@{to_stamp(self.asked_at)}"
        return f"{self.rule_id}/{self.visit.visit_id}{asked_later}"

    @property
    def order(self) -> tuple[datetime, str]:
        """Alerts are judged in this order."""
        return self.asked_at, self.alert_id


class AlertState(StrEnum):
    """How far an alert has come: claimed by a sender, sent; or recorded only.

    It is that when it is too old or snoozed, or when the day's budget left nobody to hear of it (`withheld`).
    """

    CLAIMED = "claimed"
    SENT = "sent"
    TOO_OLD = "too_old"
    SNOOZED = "snoozed"
    WITHHELD = "withheld"

    @property
    def reaches_people(self) -> bool:
        """Tell whether people were told, or are being told: that charges a cooldown."""
        return self in {AlertState.CLAIMED, AlertState.SENT}


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """An alert as stored: its state, and when that was reached."""

    alert: Alert
    state: AlertState
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPolicy:
    """What the site says of sending: its rules, and what holds for all of them."""

    rules: tuple[AlertRule, ...]
    cooldown_s: float
    snoozed_until: datetime | None
    max_alert_age_s: float
    places: tuple[tuple[str, ...], ...] = ()

    @property
    def longest_cooldown(self) -> timedelta:
        """For how long an alert may forbid others."""
        return timedelta(seconds=max((self.cooldown_s, *(rule.cooldown_s for rule in self.rules))))

    def rule(self, rule_id: str) -> AlertRule | None:
        """Return the rule of that id, if there is one still."""
        return next((rule for rule in self.rules if rule.rule_id == rule_id), None)

    def are_neighbours(self, alert: Alert, other: Alert) -> bool:
        """Tell whether two alerts may be about one thing: of one kind, before one camera or place."""
        cameras = {alert.visit.camera_id, other.visit.camera_id}
        return kind_of(alert.visit.label) == kind_of(other.visit.label) and (
            len(cameras) == 1 or any(cameras <= set(place) for place in self.places)
        )

    def is_snoozed(self, alert: Alert, rule: AlertRule) -> bool:
        """Tell whether people asked for quiet until later than what the alert is about."""
        ends = (end for end in (self.snoozed_until, rule.snoozed_until) if end is not None)
        return any(alert.asked_at < end for end in ends)

    def is_too_old(self, alert: Alert, now: datetime) -> bool:
        """Tell whether what the alert is about lies so far back that nobody should be woken for it."""
        return seconds_between(alert.asked_at, now) > self.max_alert_age_s


@dataclass(slots=True)
class _Quiet:
    """The cooldowns under way: charged by what was sent, by capture time, and by nothing else."""

    policy: AlertPolicy
    any_at: datetime | None = None
    rule_at: dict[str, datetime] = field(default_factory=dict)

    def charge(self, alert: Alert) -> None:
        self.any_at = self.rule_at[alert.rule_id] = alert.asked_at

    def forbids(self, alert: Alert, rule: AlertRule) -> bool:
        return _lasts(self.any_at, self.policy.cooldown_s, alert) or _lasts(
            self.rule_at.get(rule.rule_id), rule.cooldown_s, alert
        )


def _lasts(since: datetime | None, cooldown_s: float, alert: Alert) -> bool:
    return since is not None and seconds_between(since, alert.asked_at) < cooldown_s


@dataclass(frozen=True, slots=True)
class AlertPlan:
    """What brings the stored alerts in line with those that should be.

    `adoptions` pair an alert that should not be with the one that takes its place untold, since people know
    already; `orphans` found no such heir. `due` are yet to be sent, or being sent (with their record);
    `silent` are to be recorded without telling anybody, being too old or snoozed.
    """

    adoptions: tuple[tuple[AlertRecord, Alert], ...] = ()
    orphans: tuple[AlertRecord, ...] = ()
    due: tuple[tuple[Alert, AlertRecord | None], ...] = ()
    silent: tuple[tuple[Alert, AlertRecord | None, AlertState], ...] = ()

    @property
    def is_untidy(self) -> bool:
        """Tell whether there is anything to do that nobody is told of."""
        return bool(self.adoptions or self.orphans or self.silent)


def plan_alerts(
    asked: Iterable[Alert],
    stored: Iterable[AlertRecord],
    *,
    begin: datetime,
    policy: AlertPolicy,
    is_news: Callable[[Alert], bool],
    now: datetime,
) -> AlertPlan:
    """Judge all alerts that are asked for from `begin` on, and compare with what is stored.

    `stored` reaches back from `begin` by the longest cooldown. `is_news` tells whether an alert is about
    somebody whom no other camera of the same place shows already.
    """
    quiet = _Quiet(policy)
    records: dict[tuple[datetime, str], AlertRecord] = {}
    for known in sorted(stored, key=lambda record: record.alert.order):
        if known.alert.asked_at >= begin:
            records[known.alert.order] = known
        elif known.state.reaches_people:
            quiet.charge(known.alert)
    due: list[tuple[Alert, AlertRecord | None]] = []
    silent: list[tuple[Alert, AlertRecord | None, AlertState]] = []
    displaced: list[AlertRecord] = []
    vanished: list[AlertRecord] = []
    for alert in sorted(asked, key=lambda alert: alert.order):
        record = records.pop(alert.order, None)
        rule = policy.rule(alert.rule_id)
        if rule is not None and quiet.forbids(alert, rule):
            displaced += [record] if record else []
        elif rule is not None and not is_news(alert):
            vanished += [record] if record else []
        elif record is not None:
            if record.state.reaches_people:
                quiet.charge(alert)
            if record.state is AlertState.CLAIMED and policy.is_too_old(alert, now):
                silent.append((alert, record, AlertState.TOO_OLD))
            elif record.state is AlertState.CLAIMED:
                due.append((alert, record))
        elif rule is not None and policy.is_too_old(alert, now):
            silent.append((alert, None, AlertState.TOO_OLD))
        elif rule is not None and policy.is_snoozed(alert, rule):
            silent.append((alert, None, AlertState.SNOOZED))
        elif rule is not None:
            due.append((alert, None))
            quiet.charge(alert)
    return _with_heirs(displaced, [*vanished, *records.values()], due, silent, policy)


def _with_heirs(
    displaced: Sequence[AlertRecord],
    vanished: Sequence[AlertRecord],
    due: Sequence[tuple[Alert, AlertRecord | None]],
    silent: Sequence[tuple[Alert, AlertRecord | None, AlertState]],
    policy: AlertPolicy,
) -> AlertPlan:
    """Let each alert that has no record take the place of the nearest one of its rule that should not be.

    One whose visit is no more, or is no news, goes over to a visit of the same kind before the same camera or
    place: that is what people were told of. One that an earlier alert keeps quiet goes over to any: people
    hear of a rule once in its cooldown, whichever camera it was.
    """
    told = [record for record in (*displaced, *vanished) if record.state.reaches_people]
    new = [alert for alert, record in due if not record]
    new += [alert for alert, record, state in silent if not record and state is AlertState.TOO_OLD]
    adoptions: list[tuple[AlertRecord, Alert]] = []
    for alert in sorted(new, key=lambda alert: alert.order):
        heirless = [
            record
            for record in told
            if record.alert.rule_id == alert.rule_id
            and (record in displaced or policy.are_neighbours(record.alert, alert))
        ]
        if heirless:
            orphan = min(heirless, key=lambda record: _apart(alert, record.alert))
            told.remove(orphan)
            adoptions.append((orphan, alert))
    adopted = {alert.order for _, alert in adoptions}
    inherited = [orphan for orphan, _ in adoptions]
    # Where nothing new came in it is the rules that have changed, which does not unsay what was told.
    orphans = [*(displaced if new or vanished else ()), *vanished]
    return AlertPlan(
        adoptions=tuple(adoptions),
        orphans=tuple(record for record in orphans if record not in inherited),
        due=tuple((alert, record) for alert, record in due if alert.order not in adopted),
        silent=tuple(one for one in silent if one[0].order not in adopted),
    )


def _apart(alert: Alert, other: Alert) -> tuple[float, str]:
    return abs(seconds_between(alert.asked_at, other.asked_at)), other.alert_id


def asked_in(minutes: Iterable[Minute], begin: datetime, end: datetime) -> tuple[Alert, ...]:
    """Return the alerts that visits made rules ask for within begin <= t < end, in order.

    Each minute is asked for its own: a visit may make a rule about crowds ask again later.
    """
    asked = (
        Alert(standing.rule_id, visit.beginning, standing.asked_at, standing.number)
        for minute in minutes
        for visit in minute.visits
        for standing in visit.standings
        if standing.asked_at is not None
        and minute_of(standing.asked_at) == minute.begins_at
        and begin <= standing.asked_at < end
    )
    return tuple(sorted(asked, key=lambda alert: alert.order))


def adds_somebody(alert: Alert, open_visits: Iterable[Visit]) -> bool:
    """Tell whether an alert is about more than what another camera of the place shows already.

    `open_visits` are those of all the place's cameras that were open when the rule asked. Cameras that show
    one spot show the same people, so there are as many as the camera with the most shows: an alert is news
    when it takes its own camera beyond what any other one has asked about.
    """
    kind = kind_of(alert.visit.label)
    shown: dict[str, int] = {}
    for visit in open_visits:
        standing = visit.standing(alert.rule_id)
        if standing is None or standing.asked_at is None or kind_of(visit.label) != kind:
            continue
        if Alert(alert.rule_id, visit, standing.asked_at).order <= alert.order:
            shown[visit.camera_id] = shown.get(visit.camera_id, 0) + 1
    own = shown.pop(alert.visit.camera_id, 0)
    return own > max(shown.values(), default=0)
