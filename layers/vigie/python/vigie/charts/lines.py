"""What the charts draw, as numbers: seconds since the chart's first frame against counts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import nan

from vigie.charts.stretches import Span, Stretch, holes_between
from vigie.domain.detections import PERSON
from vigie.domain.instants import seconds_between
from vigie.domain.series import MINUTE, CameraDay, count_by_kind
from vigie.domain.sites import Place
from vigie.domain.visits import Visit

# A visit of seconds in a chart of a day is drawn this part of the width wide, or nobody would see it.
_LEAST_BAR = 0.003
# Beyond these, lanes are too low to see apart, so bars may overlap.
_MOST_LANES = 40


@dataclass(frozen=True, slots=True)
class CountLine:
    """Corners of two step lines; a NaN between stretches keeps a line from crossing a hole."""

    seconds: list[float]
    people: list[float]
    vehicles: list[float]


def count_line(stretches: Iterable[Stretch], origin: datetime) -> CountLine:
    """Return the corners of the steps, with those of equal counts left out: a day may have 100,000 points."""
    line = CountLine([], [], [])
    for stretch in stretches:
        if line.seconds:
            _corner(line, nan, nan, nan)
        before = stretch.points[0]
        _corner(line, seconds_between(origin, stretch.begins_at), before.people, before.vehicles)
        for point in stretch.points:
            if (point.people, point.vehicles) != (before.people, before.vehicles):
                at_s = seconds_between(origin, point.at)
                _corner(line, at_s, before.people, before.vehicles)
                _corner(line, at_s, point.people, point.vehicles)
                before = point
        _corner(line, seconds_between(origin, stretch.ends_at), before.people, before.vehicles)
    return line


@dataclass(frozen=True, slots=True)
class Bar:
    """A visit as it is drawn: from, to, and in which lane."""

    begins_s: float
    ends_s: float
    lane: int
    is_person: bool


def pack_visits(visits: Sequence[Visit], extent: Span) -> tuple[list[Bar], int]:
    """Lay visits into as few lanes as keep them apart, people above vehicles; and count the lanes."""
    origin, end = extent
    least_s = seconds_between(origin, end) * _LEAST_BAR
    bars: list[Bar] = []
    used = 0
    for is_person in (True, False):
        free_from: list[float] = []
        for visit in visits:
            if (visit.label == PERSON) != is_person:
                continue
            begins_s = max(seconds_between(origin, visit.started_at), 0.0)
            ends_s = max(seconds_between(origin, visit.last_seen_at), begins_s + least_s)
            free = (lane for lane, until_s in enumerate(free_from) if until_s + least_s / 2 <= begins_s)
            lane = next(free, len(free_from))
            if lane == _MOST_LANES:
                lane = free_from.index(min(free_from))
            elif lane == len(free_from):
                free_from.append(0.0)
            free_from[lane] = ends_s
            bars.append(Bar(begins_s, ends_s, used + lane, is_person))
        used += len(free_from)
    return bars, used


@dataclass(frozen=True, slots=True)
class Activity:
    """The visits present in each minute since `begins_at`, and how many cameras delivered frames in it.

    `over` counts the cameras whose frames were over budget.
    """

    begins_at: datetime
    people: list[int]
    vehicles: list[int]
    cameras: list[int]
    over: list[int]

    @property
    def span(self) -> Span:
        """From the beginning of the first minute to the end of the last."""
        return self.begins_at, self.begins_at + len(self.cameras) * MINUTE

    @property
    def uncovered(self) -> tuple[Span, ...]:
        """The spans of minutes in which no camera delivered a frame, not even one over budget."""
        return self._without([cameras + over for cameras, over in zip(self.cameras, self.over, strict=True)])

    @property
    def over_budget(self) -> tuple[Span, ...]:
        """The spans of minutes in which no camera delivered a frame but those over budget."""
        return self._without(
            [cameras or not over for cameras, over in zip(self.cameras, self.over, strict=True)]
        )

    def _without(self, counts: Sequence[int]) -> tuple[Span, ...]:
        starts = (self.begins_at + index * MINUTE for index, count in enumerate(counts) if count)
        return holes_between(((start, start + MINUTE) for start in starts), self.span)


def activity_by_minute(days: Iterable[CameraDay], places: Sequence[Place] = ()) -> Activity | None:
    """Count the visits present in each minute over all cameras; None when no camera delivered a frame.

    Cameras of one place show the same people: the one that shows the most counts, not their sum.
    """
    place_of = {camera_id: place.name for place in places for camera_id in place.cameras}
    days = tuple(days)
    minutes = [minute for day in days for minute in day.minutes]
    over = [instant for day in days for instant in day.over_budget]
    instants = [*(minute.begins_at for minute in minutes), *over]
    if not instants:
        return None
    first = min(instants)
    length = (max(instants) - first) // MINUTE + 1
    activity = Activity(first, [0] * length, [0] * length, [0] * length, [0] * length)
    for instant in over:
        activity.over[(instant - first) // MINUTE] += 1
    most: dict[tuple[int, str], tuple[int, int]] = {}
    for minute in minutes:
        index = (minute.begins_at - first) // MINUTE
        activity.cameras[index] += 1
        # A place may be called like a camera, but not with a '#'.
        spot = index, place_of.get(minute.camera_id, f"#{minute.camera_id}")
        people, vehicles = count_by_kind(minute.visits)
        before = most.get(spot, (0, 0))
        most[spot] = max(people, before[0]), max(vehicles, before[1])
    for (index, _), (people, vehicles) in most.items():
        activity.people[index] += people
        activity.vehicles[index] += vehicles
    return activity


def _corner(line: CountLine, second: float, people: float, vehicles: float) -> None:
    line.seconds.append(second)
    line.people.append(people)
    line.vehicles.append(vehicles)
