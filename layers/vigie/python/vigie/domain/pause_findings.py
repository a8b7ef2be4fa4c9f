"""The finding that a service which is paid for is left alone for a while."""

from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo

from vigie.domain.findings import Finding, warning
from vigie.domain.pauses import Pause


def judge_pauses(pauses: Mapping[str, Pause | None], *, now: datetime, tz: tzinfo) -> Iterator[Finding]:
    """Warn of each use that is paused now: nothing is compared or named, or our own engine looks."""
    for use, pause in pauses.items():
        if pause is not None and pause.holds(now):
            yield warning(
                f"{use} is left alone until {pause.until.astimezone(tz):%H:%M:%S}, since {pause.reason}",
                "it is tried again by itself; what is refused for good needs a right, or a collection",
            )
