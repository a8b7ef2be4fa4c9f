"""Stretches of coverage: where a camera delivered frames, what it counted there, and the holes between."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from vigie.domain.series import MINUTE, CameraDay, CountPoint, Minute

Span = tuple[datetime, datetime]

# What a lone frame holds for on a chart: with no neighbour, nothing tells the camera's pace.
_LONE_FRAME = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A span without a missing minute; each point holds until the next, the last until `ends_at`."""

    begins_at: datetime
    ends_at: datetime
    points: tuple[CountPoint, ...]


def stretches_of(day: CameraDay) -> tuple[Stretch, ...]:
    """Return the camera's stretches in order of time; no two of them touch.

    Where there are points, a stretch begins and ends with its frames; where there are none, with its
    minutes, whose most stands for the whole minute.
    """
    found = []
    points, used = day.points, 0
    for run in _runs(day.minutes):
        begins_at, ends_at = run[0].begins_at, run[-1].begins_at + MINUTE
        while used < len(points) and points[used].at < begins_at:
            used += 1
        first = used
        while used < len(points) and points[used].at < ends_at:
            used += 1
        found.append(_by_points(run, points[first:used]) or _by_minutes(run))
    return tuple(found)


def over_budget_spans(day: CameraDay) -> tuple[Span, ...]:
    """Return the spans of which all frames came after the day's cap was reached, in order of time."""
    covered = {minute.begins_at for minute in day.minutes}
    spans: list[Span] = []
    for begins_at in sorted(day.over_budget - covered):
        if spans and spans[-1][1] == begins_at:
            spans[-1] = spans[-1][0], begins_at + MINUTE
        else:
            spans.append((begins_at, begins_at + MINUTE))
    return tuple(spans)


def extent_of(days: Sequence[CameraDay]) -> Span:
    """Return the span from the first frame to the last of any camera; the bounds asked for without any.

    Frames that were over budget count too. There must be a day.
    """
    covered = [(stretch.begins_at, stretch.ends_at) for day in days for stretch in stretches_of(day)]
    covered += [span for day in days for span in over_budget_spans(day)]
    spans = covered or [(day.begins_at, day.ends_at) for day in days]
    return min(begin for begin, _ in spans), max(end for _, end in spans)


def holes_between(covered: Iterable[Span], within: Span) -> tuple[Span, ...]:
    """Return what the covered spans, in order of time, leave free of the span."""
    holes = []
    free_from, end = within
    for covered_from, covered_until in covered:
        if covered_from > free_from:
            holes.append((free_from, covered_from))
        free_from = max(free_from, covered_until)
    if free_from < end:
        holes.append((free_from, end))
    return tuple(holes)


def _runs(minutes: Sequence[Minute]) -> list[list[Minute]]:
    """Group the minutes, in order of time, by adjacency."""
    runs: list[list[Minute]] = []
    for minute in minutes:
        if runs and runs[-1][-1].begins_at + MINUTE == minute.begins_at:
            runs[-1].append(minute)
        else:
            runs.append([minute])
    return runs


def _by_points(run: list[Minute], points: tuple[CountPoint, ...]) -> Stretch | None:
    """Make the run's stretch from its points; None unless they reach from its first minute to its last.

    Reports expire before minutes do, so a day may have lost the points of its morning.
    """
    last_minute = run[-1].begins_at
    if not points or points[0].at >= run[0].begins_at + MINUTE or points[-1].at < last_minute:
        return None
    paces = [(later.at - earlier.at).total_seconds() for earlier, later in pairwise(points)]
    hold = timedelta(seconds=median(paces)) if paces else _LONE_FRAME
    return Stretch(points[0].at, min(points[-1].at + hold, last_minute + MINUTE), points)


def _by_minutes(run: list[Minute]) -> Stretch:
    points = tuple(CountPoint(minute.begins_at, minute.people, minute.vehicles) for minute in run)
    return Stretch(run[0].begins_at, run[-1].begins_at + MINUTE, points)
