"""Hours of the week, in a site's own time."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import Any, ClassVar

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")


def is_time_of_day(text: str) -> bool:
    """Tell whether the text is a time from 00:00 to 23:59."""
    return text != "24:00" and _CLOCK.fullmatch(text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """From `begin` to `end` (not itself in it) on the named days, as the clock on the wall shows them.

    When `end` is not after `begin` the span goes on into the next morning, and belongs to the day on
    which it began. An hour that the end of daylight-saving time gives twice counts twice, and of one that
    its beginning takes away nothing is missed.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    days: tuple[str, ...] = DAYS
    begin: str = "00:00"
    end: str = "24:00"

    def __post_init__(self) -> None:
        unknown = [day for day in self.days if day not in DAYS]
        if unknown or not self.days:
            named = f"not {unknown[0]!r}" if unknown else "and at least one"
            raise ValueError(f"days are {', '.join(DAYS)}, {named}")
        for what, text in (("begin", self.begin), ("end", self.end)):
            if not _CLOCK.fullmatch(text):
                raise ValueError(f"{what} is a time of day such as 22:30, not {text!r}")
        if self.begin == "24:00":
            raise ValueError("begin is a time of day from 00:00 to 23:59")

    def hold(self, instant: datetime, tz: tzinfo) -> bool:
        """Tell whether the instant lies in these hours."""
        local = instant.astimezone(tz)
        clock, today = local.time(), DAYS[local.weekday()]
        yesterday = DAYS[(local - timedelta(days=1)).weekday()]
        begin, end = time.fromisoformat(self.begin), self._end()
        if end is None or begin < end:
            return today in self.days and clock >= begin and (end is None or clock < end)
        return (today in self.days and clock >= begin) or (yesterday in self.days and clock < end)

    def _end(self) -> time | None:
        return None if self.end == "24:00" else time.fromisoformat(self.end)
