"""The finding about those whom a closed channel cannot leave out."""

from collections.abc import Iterable, Iterator

from vigie.domain.findings import Finding, SubscriptionFacts, warning
from vigie.domain.notices import NoticeKind
from vigie.domain.policies import filter_lets_through

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
