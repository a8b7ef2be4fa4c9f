"""Energy over a month: what lamp groups used and saved on each day, a row a group, as it was kept."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from vigie.charts.clock import date_words
from vigie.charts.history import column, rectangle, week_marks
from vigie.charts.sheet import SAVED_WORD, TIMER_WORD, UNKNOWN_WORD, USED_WORD, Sheet
from vigie.charts.style import (
    ENERGY_SAVED,
    ENERGY_TIMER,
    ENERGY_USED,
    HOLE,
    HOLE_HATCH,
    drawable,
    house_style,
)
from vigie.domain.energy import EnergyTotals
from vigie.domain.instants import day_bounds, seconds_between

# With more groups than these, rows get so low that names stand beside them.
_MOST_TALL_ROWS = 12
_LONGEST_TITLE, _LONGEST_SIDE_NAME = 48, 18
# Of its day's width, what a bar, the hatching behind it and the timer's line take.
_BAR, _COLUMN, _LINE = 0.62, 0.94, 0.82
# In kWh: what is less is drawn as if it were that, so that an axis has something to count.
_LEAST_KWH = 0.001
# Of a day, what may be missing without a word: it goes on while it is drawn.
_LEAST_GAP = 0.01


def month_of_energy(
    groups: Sequence[tuple[str, str, Sequence[EnergyTotals]]],
    days: Sequence[date],
    tz: ZoneInfo,
    *,
    now: datetime,
) -> Figure:
    """Draw the kWh of each day, used and saved stacked up to full light, each group on a scale of its own.

    `groups` are ids, titles and what is known of their days, `days` the local days in order. A day of which
    nothing is known is hatched, one that was not reckoned to its end from above by as much as is missing.
    """
    extent = (day_bounds(days[0], tz)[0], day_bounds(days[-1], tz)[1])
    tall = len(groups) <= _MOST_TALL_ROWS
    with house_style():
        sheet = Sheet(
            f"kWh a day, {date_words(*extent, tz)}",
            extent=extent,
            tz=tz,
            heights_in=[max(0.7, 1.3 - 0.16 * len(groups)) if tall else 0.3] * len(groups),
            gap_in=0.34 if tall else 0.06,
            left_in=0.62 if tall else 1.5,
            head_in=0.86 if tall else 0.66,
            marks=week_marks(days, tz),
        )
        has_holes = has_timer = False
        for axes, (group_id, title, own) in zip(sheet.rows, groups, strict=True):
            known = {totals.day: totals for totals in own if totals.day in set(days)}
            has_holes |= _draw_unknown(sheet, axes, {day: known.get(day) for day in days}, tz, now)
            has_timer |= _draw_bars(sheet, axes, known.values(), tz)
            _kwh_axis(axes, known.values())
            name = drawable(title, group_id, most=_LONGEST_TITLE if tall else _LONGEST_SIDE_NAME)
            if tall:
                axes.set_title(f"{name}: {sum_words(list(known.values()))}", loc="left", pad=3)
            else:
                axes.set_yticks([])
                axes.set_ylabel(name, rotation=0, ha="right", va="center")
        key = [USED_WORD, SAVED_WORD, *([TIMER_WORD] if has_timer else [])]
        return sheet.finish(key=[*key, *([UNKNOWN_WORD] if has_holes else [])])


def sum_words(known: Sequence[EnergyTotals]) -> str:
    """Say what a group used and saved on the days that are known."""
    if not known:
        return "nothing is known"
    used, full = sum(each.used_kwh for each in known), sum(each.full_kwh for each in known)
    days = f"{len(known)} day{'' if len(known) == 1 else 's'}"
    share = (
        f", {abs(1 - used / full):.0%} {'less' if used <= full else 'more'} than full light" if full else ""
    )
    return f"{used:.1f} kWh in {days}{share}"


def _draw_unknown(
    sheet: Sheet, axes: Axes, days: dict[date, EnergyTotals | None], tz: ZoneInfo, now: datetime
) -> bool:
    """Hatch what is not known of the days until now; tell whether that is anything."""
    corners = []
    for day, totals in days.items():
        begin, end = day_bounds(day, tz)
        if begin >= now:
            continue
        # A day under way is reckoned whenever it is drawn: up to then all of it is known.
        elapsed_s = seconds_between(begin, min(end, now))
        share = min(totals.reckoned_s / elapsed_s, 1.0) if totals else 0.0
        if share < 1 - _LEAST_GAP:
            corners.append(rectangle(*column(sheet, begin, end, _COLUMN), share, 1.0))
    axes.add_collection(
        PolyCollection(
            corners,
            transform=axes.get_xaxis_transform(),
            facecolors=HOLE,
            edgecolors=HOLE_HATCH,
            hatch="////",
            linewidths=0,
            zorder=0.5,
        )
    )
    return bool(corners)


def _draw_bars(sheet: Sheet, axes: Axes, known: Iterable[EnergyTotals], tz: ZoneInfo) -> bool:
    """Draw the days, and a line across each where the timer would be; tell whether there is one."""
    used, saved, timers = [], [], []
    for totals in known:
        bounds = day_bounds(totals.day, tz)
        left, right = column(sheet, *bounds, _BAR)
        used.append(rectangle(left, right, 0, totals.used_kwh))
        if totals.saved_kwh > 0:
            saved.append(rectangle(left, right, totals.used_kwh, totals.full_kwh))
        if totals.timer_kwh is not None:
            left, right = column(sheet, *bounds, _LINE)
            timers.append([(left, totals.timer_kwh), (right, totals.timer_kwh)])
    for corners, colour in ((saved, ENERGY_SAVED), (used, ENERGY_USED)):
        axes.add_collection(PolyCollection(corners, facecolors=colour, linewidths=0, zorder=3))
    axes.add_collection(LineCollection(timers, colors=ENERGY_TIMER, linewidths=1.3, zorder=4))
    return bool(timers)


def _kwh_axis(axes: Axes, known: Iterable[EnergyTotals]) -> None:
    most = max((max(each.used_kwh, each.full_kwh, each.timer_kwh or 0.0) for each in known), default=0.0)
    top = max(most, _LEAST_KWH)
    axes.set_ylim(-0.025 * top, 1.12 * top)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=3, min_n_ticks=2, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda kwh, _: f"{kwh:g}"))
    axes.spines["left"].set_visible(False)
