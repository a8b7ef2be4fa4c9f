"""The findings about channels: whom a closed one cannot leave out, and who hears that it has closed."""

from collections.abc import Iterable, Iterator
from itertools import count

from vigie.domain.caps import Caps, Spending
from vigie.domain.findings import Finding, SubscriptionFacts, warning
from vigie.domain.notices import NoticeKind
from vigie.domain.policies import filter_lets_through
from vigie.domain.rules import CHANNELS

PAID_PROTOCOLS = ("sms", "email", "email-json")
# What a notice's channels are when none of them is left: an empty list would be no attribute, which a filter
# could take for a notice that is for every channel.
NO_CHANNEL = ("none",)


def judge_channels(subscriptions: Iterable[SubscriptionFacts]) -> Iterator[Finding]:
    """Warn of SMS and e-mails that ask for no channel: at the cap such a subscriber silences all others."""
    closed = {"kind": (NoticeKind.CAMERA_DARK.value,), "channels": NO_CHANNEL}
    for each in subscriptions:
        paid = each.protocol in PAID_PROTOCOLS and each.state == "confirmed"
        if paid and (each.by_body or filter_lets_through(each.filter_policy or {}, closed)):
            yield warning(
                f"{each.protocol} {each.address} hears notices whatever their channels; when the "
                "budget of its channel is used up, nobody is told of anything",
                "python -m vigie subscribe again: its filter asks for the channel",
            )


def judge_kept_sms(subscriptions: Iterable[SubscriptionFacts], caps: Caps) -> Iterator[Finding]:
    """Warn of more telephones than SMS are kept for: the notice that SMS are used up goes to all or none."""
    notice = {"kind": (NoticeKind.OVER_BUDGET.value,), "channels": CHANNELS}
    telephones = sum(
        each.protocol == "sms"
        and each.state == "confirmed"
        and (each.by_body or filter_lets_through(each.filter_policy or {}, notice))
        for each in subscriptions
    )
    kept = caps.sms - caps.for_alerts(Spending.SMS)
    if telephones > kept:
        enough = next(sms for sms in count(2) if sms - Caps(sms=sms).for_alerts(Spending.SMS) >= telephones)
        yield warning(
            f"{telephones} telephones follow the alerts, and {kept} of {caps.sms} SMS a day are kept for the "
            "notice that these are used up, which may then reach none of them",
            f'raise "sms" under "caps" in the site document to {enough} or more',
        )
