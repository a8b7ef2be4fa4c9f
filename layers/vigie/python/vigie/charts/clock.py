"""Local time in words: times, dates and the ticks of a time axis, of the site's time zone.

Ticks are instants, so an axis runs in true elapsed time and a day has 23 to 25 hours. Where the clocks
change, ticks carry their offset from UTC, for otherwise the hour that comes twice would have one name.
"""

from datetime import UTC, date, datetime, timedelta
from math import ceil, gcd
from zoneinfo import ZoneInfo

_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 14400, 21600, 43200, 86400)
# How many labels of a time with and without seconds stand side by side with room between them.
_MOST_TICKS = 13
_MOST_TICKS_WITH_SECONDS = 9
# Every offset from UTC in use is a multiple of it.
_OFFSET_GRAIN_S = 900


def ticks(begin: datetime, end: datetime, tz: ZoneInfo, *, finest_s: int = 1) -> list[tuple[datetime, str]]:
    """Return instants at round local times from begin to end, each with its label."""
    step_s = _step(end - begin, finest_s)
    instants = _round_instants(begin, end, tz, step_s)
    instants = instants[:: max(1, ceil(len(instants) / (_MOST_TICKS + 1)))]
    changes = begin.astimezone(tz).utcoffset() != end.astimezone(tz).utcoffset()
    labels = []
    before: datetime | None = None
    for instant in instants:
        local = instant.astimezone(tz)
        lines = [f"{local:%H:%M:%S}" if step_s < 60 else f"{local:%H:%M}"]
        if changes and (before is None or _is_twofold(local) or before.utcoffset() != local.utcoffset()):
            lines.append(_offset(local))
        # The midnight that ends a day needs no date; one inside a longer span does.
        elif before is not None and before.date() != local.date() and end - instant > (end - begin) / 50:
            lines.append(f"{local:%Y-%m-%d}")
        labels.append("\n".join(lines))
        before = local
    return list(zip(instants, labels, strict=True))


def zone_words(begin: datetime, end: datetime, tz: ZoneInfo) -> str:
    """Name the time zone with its offset, or its two offsets when the clocks change in between."""
    first, last = _offset(begin.astimezone(tz)), _offset(end.astimezone(tz))
    name = tz.key or str(tz)
    if name == "UTC":
        return name
    return f"{name} (UTC{first})" if first == last else f"{name} (UTC{first}, then UTC{last})"


def date_words(begin: datetime, end: datetime, tz: ZoneInfo) -> str:
    """Name the local date, or dates, that the half-open span touches."""
    first, last = local_date(begin, tz), local_date(max(begin, end - timedelta(milliseconds=1)), tz)
    return f"{first}" if first == last else f"{first} to {last}"


def time_words(instant: datetime, tz: ZoneInfo) -> str:
    """Return the local time to the second, with its offset where the clocks show that time twice."""
    local = instant.astimezone(tz)
    return f"{local:%H:%M:%S} {_offset(local)}" if _is_twofold(local) else f"{local:%H:%M:%S}"


def local_date(instant: datetime, tz: ZoneInfo) -> date:
    """Return the date that the instant has in the time zone."""
    return instant.astimezone(tz).date()


def _step(span: timedelta, finest_s: int) -> int:
    for step_s in _STEPS_S:
        most = _MOST_TICKS if step_s >= 60 else _MOST_TICKS_WITH_SECONDS
        if step_s >= finest_s and span.total_seconds() / step_s <= most:
            return step_s
    return _STEPS_S[-1]


def _round_instants(begin: datetime, end: datetime, tz: ZoneInfo, step_s: int) -> list[datetime]:
    """Return the instants from begin to end whose local time of day is a multiple of the step.

    They are chosen from a grid of UTC that is fine enough for every offset, which goes right through a
    change of clocks; counting steps in local time would stumble over it.
    """
    grid_s = gcd(step_s, _OFFSET_GRAIN_S)
    found = []
    for second in range(ceil(begin.timestamp() / grid_s) * grid_s, int(end.timestamp()) + 1, grid_s):
        local = datetime.fromtimestamp(second, UTC).astimezone(tz)
        if (local.hour * 3600 + local.minute * 60 + local.second) % step_s == 0:
            found.append(local.astimezone(UTC))
    return found


def _is_twofold(local: datetime) -> bool:
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def _offset(local: datetime) -> str:
    sign_and_digits = f"{local:%z}"
    return f"{sign_and_digits[:3]}:{sign_and_digits[3:5]}"
