"""People are told within the budget: SMS and e-mails are paid for before anything is published."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from vigie.domain.budget_findings import NO_CHANNEL
from vigie.domain.caps import Spending, spending_day
from vigie.domain.notices import Notice, NoticeKind
from vigie.domain.sites import Site
from vigie.errors import CloudError
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
    cap is the harder promise. When nobody knows who follows the topic, SMS are left out and e-mails are not
    counted.
    """

    inner: Notifier
    recipients: Recipients
    purse: Purse
    site: Callable[[], Site]
    clock: Clock

    def notify(self, notice: Notice) -> None:
        """See `Notifier.notify`.

        Raises:
            CloudError: AWS refused a call; what was paid for by then is counted, and again when this is
                tried again.

        """
        site = self.site()
        day = spending_day(self.clock(), site.tz)
        camera_id = str(notice.attributes.get("camera_id", ""))
        caps = site.caps
        cap_of = caps.of if notice.kind is NoticeKind.OVER_BUDGET else caps.for_alerts
        closed = []
        try:
            counts = self.recipients.reached(notice)
        except CloudError as error:
            # E-mails cost next to nothing, and an alert that nobody hears costs more than they do.
            _log.error("who follows the alerts is not known; a notice goes out without SMS: %s", error)
            self.inner.notify(_without(notice, [Spending.SMS]))
            return
        for kind, number in counts.items():
            if number and not self.purse.take(
                kind, camera_id=camera_id, day=day, cap=cap_of(kind), number=number
            ):
                closed.append(kind)
        told = _without(notice, closed)
        reached = self.recipients.reached(told) if closed else {}
        if any(reached.get(kind, 0) for kind in closed):
            _log.error(
                "a notice is withheld: the budget of %s is used up, and a subscription asks for no channel",
                ", ".join(closed),
            )
            return
        self.inner.notify(told)


def _without(notice: Notice, closed: list[Spending]) -> Notice:
    if not closed:
        return notice
    channels = notice.attributes.get("channels", ())
    shut = {_CHANNELS[kind] for kind in closed}
    left = tuple(each for each in channels if each not in shut) if isinstance(channels, tuple) else ()
    return replace(notice, attributes={**notice.attributes, "channels": left or NO_CHANNEL})
