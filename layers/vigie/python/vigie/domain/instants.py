"""Instants: capture times, in UTC and whole milliseconds, as everything in Vigie keeps them."""

from datetime import UTC, date, datetime, timedelta, tzinfo

MILLISECOND = timedelta(milliseconds=1)

_STAMP = "%Y%m%dT%H%M%S"
_STAMP_LENGTH = len("20260131T235959999Z")


def whole_milliseconds(moment: datetime) -> datetime:
    """Bring an aware datetime to UTC and drop what is finer than a millisecond.

    Raises:
        ValueError: the datetime has no time zone.

    """
    if moment.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    utc = moment.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def to_stamp(instant: datetime) -> str:
    """`20260131T235959999Z`: sorts as text in the order of time; part of frame keys and visit ids."""
    # By hand: strftime takes four times as long, and every frame names all that it follows.
    date = f"{instant.year:04}{instant.month:02}{instant.day:02}"
    clock = f"{instant.hour:02}{instant.minute:02}{instant.second:02}"
    return f"{date}T{clock}{instant.microsecond // 1000:03}Z"


def from_stamp(text: str) -> datetime:
    """Read what `to_stamp` wrote.

    Raises:
        ValueError: the text is no such stamp, or names a time that does not exist.

    """
    if len(text) != _STAMP_LENGTH or not text.endswith("Z") or not text[15:18].isdecimal():
        raise ValueError(f"{text!r} is no capture time such as 20260131T235959999Z")
    return datetime.strptime(text[:15], _STAMP).replace(tzinfo=UTC, microsecond=int(text[15:18]) * 1000)


def to_iso(instant: datetime) -> str:
    """`2026-01-31T23:59:59.999Z`: the form in messages, tables and exports."""
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1000:03d}Z"


def from_iso(text: str) -> datetime:
    """Read an ISO 8601 time that names its zone.

    Raises:
        ValueError: the text is no such time, or has no zone.

    """
    return whole_milliseconds(datetime.fromisoformat(text))


def seconds_between(earlier: datetime, later: datetime) -> float:
    """Seconds from `earlier` to `later`; negative when they are the other way round."""
    return (later - earlier).total_seconds()


def minute_of(instant: datetime) -> datetime:
    """Return the beginning of the minute that holds the instant."""
    return instant.replace(second=0, microsecond=0)


def day_bounds(day: date, tz: tzinfo) -> tuple[datetime, datetime]:
    """Return the UTC instants at which a local day begins and ends: 23, 24 or 25 hours apart."""
    begin = datetime(day.year, day.month, day.day, tzinfo=tz).astimezone(UTC)
    following = day + timedelta(days=1)
    end = datetime(following.year, following.month, following.day, tzinfo=tz).astimezone(UTC)
    return begin, end


def utc_days(begin: datetime, end: datetime) -> tuple[date, ...]:
    """Return the UTC days that the half-open span touches, in order."""
    first, last = begin.astimezone(UTC).date(), (end - MILLISECOND).astimezone(UTC).date()
    return tuple(first + timedelta(days=n) for n in range((last - first).days + 1))
