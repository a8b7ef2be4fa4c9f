"""A month at a glance: the visits that began on each day, a row a camera, from roll-ups."""

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from vigie.charts.clock import date_words
from vigie.charts.sheet import HOLE_WORD, OVER_WORD, PEOPLE_WORD, VEHICLES_WORD, Sheet, count_axis
from vigie.charts.style import HOLE, HOLE_HATCH, OVER, OVER_HATCH, PEOPLE, VEHICLES, drawable, house_style
from vigie.domain.instants import day_bounds
from vigie.domain.rollups import DayTotals
from vigie.domain.series import MINUTE

_LONGEST_TITLE = 48
# With more cameras than these, rows get so low that names stand beside them and scales go.
_MOST_TALL_ROWS = 12
_LONGEST_SIDE_NAME = 18
# Of its day's width, what a bar and the hatching behind it take.
_BAR, _COLUMN = 0.62, 0.94
_Corners = list[tuple[float, float]]


def month_of_visits(
    cameras: Sequence[tuple[str, str, Sequence[DayTotals]]],
    days: Sequence[date],
    tz: ZoneInfo,
    *,
    now: datetime,
) -> Figure:
    """Draw the visits of each day, people and vehicles stacked, on one scale.

    `cameras` are ids, titles and totals, `days` the local days in order. Each day is hatched from above by
    as much as its minutes lacked frames: of the day under way, those until `now`. What of it was over budget
    is hatched the other way.
    """
    extent = (day_bounds(days[0], tz)[0], day_bounds(days[-1], tz)[1])
    tall = len(cameras) <= _MOST_TALL_ROWS
    row_in = max(0.62, 1.3 - 0.16 * len(cameras)) if tall else 0.26
    with house_style():
        sheet = Sheet(
            f"Visits a day, {date_words(*extent, tz)}",
            extent=extent,
            tz=tz,
            heights_in=[row_in] * len(cameras),
            gap_in=0.3 if tall else 0.06,
            left_in=0.62 if tall else 1.5,
            head_in=0.86 if tall else 0.66,
            marks=week_marks(days, tz),
        )
        most = max((_visits(totals) for _, _, own in cameras for totals in own), default=0)
        for axes, (camera_id, title, own) in zip(sheet.rows, cameras, strict=True):
            totals = {each.day: each for each in own}
            _draw_holes(sheet, axes, {day: totals.get(day) for day in days}, tz, now)
            _draw_bars(sheet, axes, own)
            count_axis(axes, most, labels=4 if row_in > 0.8 else 3)
            name = drawable(title, camera_id, most=_LONGEST_TITLE if tall else _LONGEST_SIDE_NAME)
            if tall:
                axes.set_title(name, loc="left", pad=3)
            else:
                axes.set_yticks([])
                axes.set_ylabel(name, rotation=0, ha="right", va="center")
        is_over = any(each.over_budget for _, _, own in cameras for each in own)
        return sheet.finish(key=[PEOPLE_WORD, VEHICLES_WORD, HOLE_WORD, *([OVER_WORD] if is_over else [])])


def coverage(totals: DayTotals, now: datetime) -> float:
    """Return the share of the day's minutes that had frames, 0 to 1; of a day under way, those until now."""
    return min(totals.covered / _elapsed(totals, now), 1.0)


def _elapsed(totals: DayTotals, now: datetime) -> int:
    """Return how many minutes of the day are over, at least one."""
    return max((min(max(now, totals.begins_at), totals.ends_at) - totals.begins_at) // MINUTE, 1)


def _visits(totals: DayTotals) -> int:
    return totals.visits_of_people + totals.visits_of_vehicles


def _draw_bars(sheet: Sheet, axes: Axes, totals: Sequence[DayTotals]) -> None:
    people: list[_Corners] = []
    vehicles: list[_Corners] = []
    for each in totals:
        left, right = column(sheet, each.begins_at, each.ends_at, _BAR)
        people.append(rectangle(left, right, 0, each.visits_of_people))
        vehicles.append(rectangle(left, right, each.visits_of_people, _visits(each)))
    for corners, colour in ((people, PEOPLE), (vehicles, VEHICLES)):
        axes.add_collection(PolyCollection(corners, facecolors=colour, linewidths=0, zorder=3))


def _draw_holes(
    sheet: Sheet, axes: Axes, days: dict[date, DayTotals | None], tz: ZoneInfo, now: datetime
) -> None:
    holes, over = [], []
    for day, totals in days.items():
        begin, end = day_bounds(day, tz)
        covered = coverage(totals, now) if totals else 0.0
        place = column(sheet, begin, end, _COLUMN)
        reached = covered
        if totals and totals.over_budget:
            reached = min(covered + totals.over_budget / _elapsed(totals, now), 1.0)
            over.append(rectangle(*place, covered, reached))
        if reached < 1 and begin < now:
            holes.append(rectangle(*place, reached, 1.0))
    for corners, colour, lines, hatch in (
        (holes, HOLE, HOLE_HATCH, "////"),
        (over, OVER, OVER_HATCH, "\\\\\\\\"),
    ):
        axes.add_collection(
            PolyCollection(
                corners,
                transform=axes.get_xaxis_transform(),
                facecolors=colour,
                edgecolors=lines,
                hatch=hatch,
                linewidths=0,
                zorder=0.5,
            )
        )


def column(sheet: Sheet, begin: datetime, end: datetime, share: float) -> tuple[float, float]:
    """Return the left and right of a day's column that takes that share of its width."""
    left, right = sheet.second(begin), sheet.second(end)
    air = (right - left) * (1 - share) / 2
    return left + air, right - air


def rectangle(left: float, right: float, low: float, high: float) -> _Corners:
    """Return the corners of a bar."""
    return [(left, low), (right, low), (right, high), (left, high)]


def week_marks(days: Sequence[date], tz: ZoneInfo) -> list[tuple[datetime, str]]:
    """Return the middle of every Monday, or of every day when there are few, each with its date."""
    few = len(days) <= 7
    marks = []
    for day in days:
        begin, end = day_bounds(day, tz)
        if few or day.weekday() == 0:
            marks.append((begin + (end - begin) / 2, f"{day:%a} {day.day} {day:%b}"))
    return marks
