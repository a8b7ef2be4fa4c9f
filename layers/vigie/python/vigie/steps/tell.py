"""People are told within the budget: SMS and e-mails are paid for before anything is published."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from vigie.domain.budget_findings import NO_CHANNEL
from vigie.domain.caps import Spending, spending_day
from vigie.domain.notices import Delivery, Notice, NoticeKind
from vigie.domain.sites import Site
from vigie.errors import CloudError, NotSent
from vigie.steps.budget_ports import Purse, Recipients
from vigie.steps.ports import Clock, Notifier

# By which of a rule's channels each costs.
_CHANNELS: Mapping[Spending, str] = {Spending.SMS: "sms", Spending.EMAIL: "email"}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetedNotifier:
    """Implements `Notifier`: what a channel's budget does not cover goes out without that channel.

    A topic serves all its subscribers at once, so a channel is closed by the attribute that subscriptions ask
    for. One that asks for no channel would get the notice all the same: then nothing is published, for the
    cap is the harder promise. A notice that reaches nobody for that is withheld. When nobody knows who
    follows the topic, SMS are left out and e-mails are not counted.
    """

    inner: Notifier
    recipients: Recipients
    purse: Purse
    site: Callable[[], Site]
    clock: Clock

    def notify(self, notice: Notice) -> Delivery:
        """See `Notifier.notify`; what surely did not go out is given back, and tried once more.

        Of other failures nobody knows: some may have got the notice, what was paid stays counted, and another
        try is left to whoever asks again. A call that hung has used up the time for one, too.

        Raises:
            CloudError: AWS refused a call; unless it is `NotSent`, what was paid for by then stays counted.

        """
        paid = self._pay(notice)
        try:
            return self._tell(paid)
        except NotSent:
            self._give_back(paid)
        paid = self._pay(notice)
        try:
            return self._tell(paid)
        except NotSent:
            self._give_back(paid)
            raise

    def _pay(self, notice: Notice) -> "_Paid":
        """Pay for what the budget covers of a notice, and leave the other channels out."""
        site = self.site()
        day = spending_day(self.clock(), site.tz)
        camera_id = str(notice.attributes.get("camera_id", ""))
        caps = site.caps
        # What is kept is for the word that a channel is used up, not for each camera's own budget.
        is_kept_for = notice.kind is NoticeKind.OVER_BUDGET and not camera_id
        cap_of = caps.of if is_kept_for else caps.for_alerts
        taken: Counter[Spending] = Counter()
        closed: list[Spending] = []
        try:
            counts = self.recipients.reached(notice)
        except CloudError as error:
            # E-mails cost next to nothing, and an alert that nobody hears costs more than they do.
            _log.error("who follows the alerts is not known; a notice goes out without SMS: %s", error)
            return _Paid(_without(notice, [Spending.SMS]), taken, closed, camera_id, day)
        # Those first whom no channel leaves out: when there is nothing left for them, nothing is bought.
        firm = self.recipients.reached(_without(notice, list(counts)))
        for kind in sorted(counts, key=lambda kind: (not firm.get(kind), kind)):
            number = counts[kind]
            if not number:
                continue
            if self.purse.take(kind, camera_id=camera_id, day=day, cap=cap_of(kind), number=number):
                taken[kind] = number
                continue
            closed.append(kind)
            if firm.get(kind):
                break
        told = _without(notice, closed)
        reached = self.recipients.reached(told) if closed else {}
        if any(firm.get(kind) or reached.get(kind) for kind in closed):
            _log.error(
                "a notice is withheld: the budget of %s is used up, and a subscription asks for no channel",
                ", ".join(closed),
            )
            return _Paid(None, taken, closed, camera_id, day)
        return _Paid(told, taken, closed, camera_id, day)

    def _tell(self, paid: "_Paid") -> Delivery:
        if paid.told is None:
            return Delivery.WITHHELD
        delivery = self.inner.notify(paid.told)
        if not paid.closed or self.recipients.anybody(paid.told):
            return delivery
        _log.warning("a notice reaches nobody: the budget of %s is used up", ", ".join(paid.closed))
        return Delivery.WITHHELD

    def _give_back(self, paid: "_Paid") -> None:
        for kind, number in paid.taken.items():
            try:
                self.purse.give_back(kind, camera_id=paid.camera_id, day=paid.day, number=number)
            except CloudError as error:
                _log.warning("%d of %s that were not sent stay counted: %s", number, kind, error)


@dataclass(frozen=True, slots=True)
class _Paid:
    """What is left of a notice, None for nothing; what was taken for it, of which day, and what is closed."""

    told: Notice | None
    taken: Counter[Spending]
    closed: list[Spending]
    camera_id: str
    day: date


def _without(notice: Notice, closed: list[Spending]) -> Notice:
    if not closed:
        return notice
    channels = notice.attributes.get("channels", ())
    shut = {_CHANNELS[kind] for kind in closed}
    left = tuple(each for each in channels if each not in shut) if isinstance(channels, tuple) else ()
    return replace(notice, attributes={**notice.attributes, "channels": left or NO_CHANNEL})
