"""Roll-ups: what a camera's local day came to, by its hours, kept when the minutes are gone.

A day's totals follow from its minutes alone, so computing them again gives them again. Hours are those of
the clock on the wall: a local day has 23 to 25, and each says how many of its minutes had frames.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from vigie.domain.instants import day_bounds
from vigie.domain.series import MINUTE, CameraDay, Minute, count_by_kind, visits_of
from vigie.domain.usage import NO_USAGE, Usage

# A frame that comes so long after its local day has ended comes after the day's last scheduled drawing, or
# so shortly before it that the drawing may miss it. Scheduled drawings go on for an hour.
_SETTLED_AFTER = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class HourTotals:
    """One local hour, from the instant `begins_at`: its coverage, and what was seen while it was covered.

    `minutes` is the hour's length and `covered` how many of them had frames; `people` and `vehicles` are
    the most at once, `visits_of_*` count the visits that began in the hour.
    """

    begins_at: datetime
    minutes: int
    covered: int = 0
    frames: int = 0
    people: int = 0
    vehicles: int = 0
    visits_of_people: int = 0
    visits_of_vehicles: int = 0


@dataclass(frozen=True, slots=True)
class DayTotals:
    """One camera's local day, the sum of its `hours`; `quarantined` counts frames that could not be read.

    `listed` is the number of frames whose detections the day's CSV holds by now. `usage` is what the day's
    frames consumed, `over_budget` the number of minutes of which the day's cap covered no frame.
    """

    camera_id: str
    day: date
    hours: tuple[HourTotals, ...]
    quarantined: int = 0
    listed: int = 0
    usage: Usage = NO_USAGE
    over_budget: int = 0

    @property
    def begins_at(self) -> datetime:
        """The instant at which the day begins."""
        return self.hours[0].begins_at

    @property
    def ends_at(self) -> datetime:
        """The instant at which the next day begins."""
        return self.begins_at + self.minutes * MINUTE

    @property
    def minutes(self) -> int:
        """How many minutes the day has: 1380, 1440 or 1500 in most zones."""
        return sum(hour.minutes for hour in self.hours)

    @property
    def covered(self) -> int:
        """How many of them had frames."""
        return sum(hour.covered for hour in self.hours)

    @property
    def frames(self) -> int:
        """How many frames came."""
        return sum(hour.frames for hour in self.hours)

    @property
    def people(self) -> int:
        """The most people at once."""
        return max(hour.people for hour in self.hours)

    @property
    def vehicles(self) -> int:
        """The most vehicles at once."""
        return max(hour.vehicles for hour in self.hours)

    @property
    def visits_of_people(self) -> int:
        """How many visits of people began on the day."""
        return sum(hour.visits_of_people for hour in self.hours)

    @property
    def visits_of_vehicles(self) -> int:
        """How many visits of vehicles began on the day."""
        return sum(hour.visits_of_vehicles for hour in self.hours)


def day_totals(day: CameraDay, on: date, tz: tzinfo, *, listed: int = 0) -> DayTotals:
    """Sum up a camera's local day, whose bounds `day` must have."""
    bounds = _hour_bounds(day.begins_at, day.ends_at, tz)
    begun = visits_of(day.minutes)
    return DayTotals(
        camera_id=day.camera.camera_id,
        day=on,
        hours=tuple(
            _hour(
                begin,
                end,
                [minute for minute in day.minutes if begin <= minute.begins_at < end],
                count_by_kind(visit for visit in begun if begin <= visit.started_at < end),
            )
            for begin, end in bounds
        ),
        quarantined=day.quarantined,
        listed=listed,
        usage=sum((minute.usage for minute in day.minutes), NO_USAGE),
        over_budget=len(day.over_budget - {minute.begins_at for minute in day.minutes}),
    )


def is_settled(captured_at: datetime, now: datetime, tz: tzinfo) -> bool:
    """Tell whether a frame that comes now may have missed the last scheduled drawing of its local day."""
    _, end = day_bounds(captured_at.astimezone(tz).date(), tz)
    return now >= end + _SETTLED_AFTER


def _hour(begin: datetime, end: datetime, minutes: Sequence[Minute], begun: tuple[int, int]) -> HourTotals:
    people, vehicles = begun
    return HourTotals(
        begins_at=begin,
        minutes=(end - begin) // MINUTE,
        covered=len(minutes),
        frames=sum(minute.frames for minute in minutes),
        people=_most(minute.people for minute in minutes),
        vehicles=_most(minute.vehicles for minute in minutes),
        visits_of_people=people,
        visits_of_vehicles=vehicles,
    )


def _most(counts: Iterable[int]) -> int:
    return max(counts, default=0)


def _hour_bounds(begin: datetime, end: datetime, tz: tzinfo) -> list[tuple[datetime, datetime]]:
    """Part the span where the clock on the wall shows a whole hour, or is put forward or back.

    Minute by minute, since offsets from UTC and their changes are not all of whole hours.
    """
    starts = []
    before = None
    instant = begin
    while instant < end:
        local = instant.astimezone(tz)
        hour = (local.hour, local.utcoffset())
        if hour != before:
            starts.append(instant)
            before = hour
        instant += MINUTE
    return list(zip(starts, [*starts[1:], end], strict=True))
