"""Who gets a notice by SMS or e-mail, told from the subscriptions of the alerts topic."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from vigie.aws.inspection import subscriptions
from vigie.domain.caps import Spending
from vigie.domain.findings import SubscriptionFacts
from vigie.domain.policies import filter_lets_through
from vigie.errors import CloudError

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

    from vigie.domain.notices import Notice

_MAX_AGE_S = 60.0
_PAID = {"sms": Spending.SMS, "email": Spending.EMAIL, "email-json": Spending.EMAIL}

_log = logging.getLogger(__name__)


class SnsRecipients:
    """Implements `Recipients`; the list of subscriptions is read again when it is a minute old.

    Who subscribed within that minute is not counted yet, SNS itself may need 15 minutes for a filter that was
    changed, and a filter of a kind that we do not know counts as open. So a count may be off for a while
    after subscriptions have changed, and is exact otherwise. When it cannot be read again, the list that was
    read last stands for another minute.
    """

    def __init__(
        self, client: "SNSClient", topic_arn: str, *, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._sns = client
        self._topic = topic_arn
        self._steady = steady
        self._known: tuple[SubscriptionFacts, ...] | None = None
        self._read_at = 0.0

    def reached(self, notice: "Notice") -> Mapping[Spending, int]:
        """See `Recipients.reached`."""
        return Counter(_PAID[each.protocol] for each in self._followers(notice) if each.protocol in _PAID)

    def anybody(self, notice: "Notice") -> bool:
        """See `Recipients.anybody`."""
        return any(True for _ in self._followers(notice))

    def _followers(self, notice: "Notice") -> Iterator[SubscriptionFacts]:
        given = {"kind": notice.kind.value, **notice.attributes}
        attributes = {
            name: value if isinstance(value, tuple) else (str(value),) for name, value in given.items()
        }
        for each in self._subscriptions():
            if each.state == "confirmed" and (
                each.by_body or filter_lets_through(each.filter_policy or {}, attributes)
            ):
                yield each

    def _subscriptions(self) -> tuple[SubscriptionFacts, ...]:
        now = self._steady()
        if self._known is None or now - self._read_at > _MAX_AGE_S:
            try:
                self._known = subscriptions(self._sns, self._topic, unread_is_open=True)
            except CloudError as error:
                if self._known is None:
                    raise
                _log.warning("the subscriptions that were read last stand for another minute: %s", error)
            self._read_at = now
        return self._known
