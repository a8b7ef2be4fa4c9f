"""Hours of the week on the wall's clock, over midnight and over both changes of the clocks."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from vigie.domain.hours import Hours

PARIS = ZoneInfo("Europe/Paris")
NIGHT = Hours(begin="22:00", end="06:00")
FRIDAY_NIGHT = Hours(days=("fri",), begin="22:00", end="06:00")
TWO_TO_THREE = Hours(begin="02:00", end="03:00")


@pytest.mark.parametrize(
    ("hours", "utc", "within", "why"),
    [
        (Hours(), "2026-11-22T12:00:00Z", True, "any time"),
        (Hours(begin="08:00", end="18:00"), "2026-11-22T07:00:00Z", True, "eight in Paris"),
        (Hours(begin="08:00", end="18:00"), "2026-11-22T06:59:59Z", False, "a second early"),
        (Hours(begin="08:00", end="18:00"), "2026-11-22T17:00:00Z", False, "the end is not in it"),
        (Hours(begin="18:00"), "2026-11-22T22:59:59Z", True, "until midnight"),
        (NIGHT, "2026-11-22T21:00:00Z", True, "it begins"),
        (NIGHT, "2026-11-22T04:59:59Z", True, "the morning after"),
        (NIGHT, "2026-11-22T05:00:00Z", False, "six o'clock"),
        (FRIDAY_NIGHT, "2026-11-20T22:00:00Z", True, "Friday, 23:00"),
        (FRIDAY_NIGHT, "2026-11-21T03:00:00Z", True, "Saturday morning belongs to Friday's night"),
        (FRIDAY_NIGHT, "2026-11-20T03:00:00Z", False, "Friday morning does not"),
        (FRIDAY_NIGHT, "2026-11-21T21:30:00Z", False, "nor does Saturday's evening"),
        (TWO_TO_THREE, "2026-10-25T00:30:00Z", True, "02:30 in summer time"),
        (TWO_TO_THREE, "2026-10-25T01:30:00Z", True, "02:30 again, in winter time"),
        (TWO_TO_THREE, "2026-10-25T02:00:00Z", False, "03:00 in winter time"),
        (TWO_TO_THREE, "2026-03-29T01:00:00Z", False, "the hour that does not exist"),
        (TWO_TO_THREE, "2026-03-29T00:59:59Z", False, "01:59:59, before it"),
        (NIGHT, "2026-03-29T03:59:59Z", True, "05:59:59 in summer time"),
        (NIGHT, "2026-03-29T04:00:00Z", False, "06:00 in summer time"),
    ],
)
def test_hours(hours: Hours, utc: str, within: bool, why: str) -> None:
    assert hours.hold(datetime.fromisoformat(utc), PARIS) is within, why


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"days": ("monday",)}, "days are mon, tue, wed, thu, fri, sat, sun, not 'monday'"),
        ({"days": ()}, "at least one"),
        ({"begin": "8:00"}, "begin is a time of day such as 22:30, not '8:00'"),
        ({"end": "24:30"}, "end is a time of day such as 22:30, not '24:30'"),
        ({"begin": "24:00"}, "from 00:00 to 23:59"),
    ],
)
def test_hours_that_make_no_sense_are_refused(given: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Hours(**given)  # type: ignore[arg-type]
