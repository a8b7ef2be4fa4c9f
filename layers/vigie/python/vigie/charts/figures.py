"""The charts: each camera's curve, all cameras together, and activity by minute.

Functions take a camera's day, or several, and return a figure; `to_svg` and `to_png` make files of it.
Every chart draws the spans without frames apart from those without activity, and its lines stop there.
The same data gives the same bytes.
"""

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from vigie.charts.clock import date_words
from vigie.charts.lines import Activity, Bar, activity_by_minute, count_line, pack_visits
from vigie.charts.sheet import (
    COVERED_WORD,
    HOLE_WORD,
    OVER_WORD,
    PEOPLE_WORD,
    VEHICLES_WORD,
    Sheet,
    count_axis,
)
from vigie.charts.stretches import (
    Span,
    Stretch,
    extent_of,
    holes_between,
    over_budget_spans,
    stretches_of,
)
from vigie.charts.style import COVERED, DPI, PEOPLE, VEHICLES, drawable, house_style
from vigie.domain.series import MINUTE, CameraDay
from vigie.domain.sites import Place

_LONGEST_TITLE = 48
# With more cameras than these, rows get so low that names stand beside them and scales go.
_MOST_TALL_ROWS = 12
_LONGEST_SIDE_NAME = 18
# Up to these minutes, each has a bar of its own; more stand side by side as one silhouette.
_MOST_BARS = 180
# Up to these, bars are slim, or a chart of a minute would be one block.
_FEW_BARS = 5
_LONG = timedelta(hours=2)
_EPOCH = datetime.fromtimestamp(0, UTC)


def camera_curve(day: CameraDay, tz: ZoneInfo) -> Figure:
    """Draw people and vehicles at once over time, with the span of each visit below."""
    stretches, extent = stretches_of(day), extent_of([day])
    over = over_budget_spans(day)
    holes = _holes(stretches, over, extent)
    bars, lanes = pack_visits(day.visits, extent)
    with house_style():
        name = drawable(day.camera.title, day.camera.camera_id, most=_LONGEST_TITLE)
        below_in = min(max(0.11 * lanes, 0.26), 1.3)
        sheet = Sheet(_titled(name, [day], tz), extent=extent, tz=tz, heights_in=(2.15, below_in))
        curve, below = sheet.rows
        _draw_counts(sheet, curve, stretches)
        count_axis(curve, _peak([stretches]))
        curve.set_ylabel("at once")
        _draw_visits(below, bars, lanes)
        for axes in sheet.rows:
            sheet.shade(axes, holes)
            sheet.shade(axes, over, OVER_WORD)
        if not stretches:
            curve.set_yticks([])
            why = "All frames were over budget" if over else "No frames"
            sheet.say(curve, f"{why} on {_dates([day], tz)}")
        elif not bars:
            sheet.say(below, "no visits", size=8)
        return sheet.finish(key=_key(holes, over, counted=bool(stretches)))


def all_cameras(days: Sequence[CameraDay], tz: ZoneInfo) -> Figure:
    """Draw people and vehicles at once before every camera, a row each, on one time axis and one scale."""
    if not days:
        return _nothing("All cameras", days, tz)
    extent = extent_of(days)
    if extent[1] - extent[0] > _LONG:
        # In a low row a minute is a pixel wide: points would swell the file and show no more.
        days = [replace(day, points=()) for day in days]
        extent = extent_of(days)
    stretches = [stretches_of(day) for day in days]
    over = [over_budget_spans(day) for day in days]
    holes = [_holes(own, own_over, extent) for own, own_over in zip(stretches, over, strict=True)]
    peak = _peak(stretches)
    tall = len(days) <= _MOST_TALL_ROWS
    row_in = max(0.62, 1.5 - 0.16 * len(days)) if tall else 0.26
    with house_style():
        sheet = Sheet(
            _titled("All cameras", days, tz),
            extent=extent,
            tz=tz,
            heights_in=[row_in] * len(days),
            gap_in=0.3 if tall else 0.06,
            left_in=0.62 if tall else 1.5,
            head_in=0.86 if tall else 0.66,
        )
        for axes, day, own, own_holes, own_over in zip(sheet.rows, days, stretches, holes, over, strict=True):
            _draw_counts(sheet, axes, own)
            count_axis(axes, peak, labels=4 if row_in > 0.8 else 3)
            sheet.shade(axes, own_holes)
            sheet.shade(axes, own_over, OVER_WORD)
            most = _LONGEST_TITLE if tall else _LONGEST_SIDE_NAME
            name = drawable(day.camera.title, day.camera.camera_id, most=most)
            if tall:
                axes.set_title(name, loc="left", pad=3)
            else:
                axes.set_yticks([])
                axes.set_ylabel(name, rotation=0, ha="right", va="center")
        if not any(stretches):
            why = "All frames were over budget" if any(over) else "No frames"
            sheet.say(sheet.rows[len(days) // 2], f"{why} on {_dates(days, tz)}")
        return sheet.finish(
            key=_key([hole for own in holes for hole in own], [span for own in over for span in own])
        )


def activity_histogram(days: Sequence[CameraDay], tz: ZoneInfo, places: Sequence[Place] = ()) -> Figure:
    """Draw how many visits were present in each minute over all cameras, people and vehicles stacked.

    Of cameras that show one place, the one with the most counts. Below, how many of the cameras delivered
    frames: fewer visits before fewer cameras say little.
    """
    activity = activity_by_minute(days, places)
    if activity is None:
        return _nothing("Activity by minute", days, tz)
    holes = activity.uncovered
    several = len(days) > 1
    with house_style():
        sheet = Sheet(
            _titled("Activity by minute", days, tz),
            extent=activity.span,
            tz=tz,
            heights_in=(2.2, 0.3) if several else (2.2,),
            left_in=0.9 if several else 0.62,
            finest_s=60,
        )
        _draw_activity(sheet.rows[0], activity)
        if several:
            _draw_coverage(sheet.rows[1], activity, len(days))
        for axes in sheet.rows:
            sheet.shade(axes, holes)
            sheet.shade(axes, activity.over_budget, OVER_WORD)
        key = _key(holes, activity.over_budget)
        return sheet.finish(key=[*key, *([COVERED_WORD] if several else [])])


def to_svg(figure: Figure) -> bytes:
    """Write the figure as SVG."""
    # Neither date nor version, so that a chart changes only with its data.
    return _saved(figure, "svg", {"Date": None, "Creator": None})


def to_png(figure: Figure) -> bytes:
    """Write the figure as PNG."""
    return _saved(figure, "png", {"Software": None})


def _saved(figure: Figure, form: str, metadata: dict[str, None]) -> bytes:
    file = io.BytesIO()
    with house_style():
        figure.savefig(file, format=form, metadata=metadata, dpi=DPI)
    return file.getvalue()


def _nothing(name: str, days: Sequence[CameraDay], tz: ZoneInfo) -> Figure:
    """Draw a chart that has nothing to show and says so, over the span that was asked for."""
    with house_style():
        if not days:
            sheet = Sheet(name, extent=(_EPOCH, _EPOCH + MINUTE), tz=tz, heights_in=(1.2,))
            sheet.rows[0].set_axis_off()
            sheet.say(sheet.rows[0], "No cameras")
            return sheet.figure
        extent = extent_of(days)
        title = _titled(name, days, tz)
        sheet = Sheet(title, extent=extent, tz=tz, heights_in=(1.2,), finest_s=60)
        sheet.rows[0].set_yticks([])
        sheet.rows[0].spines["left"].set_visible(False)
        sheet.shade(sheet.rows[0], [extent])
        sheet.say(sheet.rows[0], f"No frames on {_dates(days, tz)}")
        return sheet.finish(key=[HOLE_WORD])


def _draw_counts(sheet: Sheet, axes: Axes, stretches: Sequence[Stretch]) -> None:
    line = count_line(stretches, sheet.extent[0])
    axes.fill_between(line.seconds, line.people, color=PEOPLE, alpha=0.13, linewidth=0, zorder=2)
    # The vehicles' line lies below and is broader, so both show where the counts are equal.
    # Over hours, lines are finer, or two peaks within minutes would run together.
    thin = 0.7 if sheet.lasts > _LONG else 1.3
    axes.plot(line.seconds, line.vehicles, color=VEHICLES, linewidth=2 * thin, label=VEHICLES_WORD, zorder=3)
    axes.plot(line.seconds, line.people, color=PEOPLE, linewidth=thin, label=PEOPLE_WORD, zorder=4)


def _draw_visits(axes: Axes, bars: Sequence[Bar], lanes: int) -> None:
    for is_person, colour in ((True, PEOPLE), (False, VEHICLES)):
        corners = [
            [(bar.begins_s, top), (bar.ends_s, top), (bar.ends_s, top + 0.72), (bar.begins_s, top + 0.72)]
            for bar in bars
            if bar.is_person == is_person
            for top in (bar.lane + 0.14,)
        ]
        axes.add_collection(PolyCollection(corners, facecolors=colour, linewidths=0, zorder=2))
    # A lone lane keeps the height that each of two has.
    air = max(2 - lanes, 0) / 2
    axes.set_ylim(lanes + air, -air)
    axes.set_yticks([])
    axes.set_ylabel("visits", rotation=0, ha="right", va="center")
    axes.spines["left"].set_visible(False)


def _draw_activity(axes: Axes, activity: Activity) -> None:
    """Draw the minutes as one path: 1,440 separate bars make a large file and no better chart."""
    minutes = len(activity.cameras)
    silhouette = minutes > _MOST_BARS
    gap_s = 0 if silhouette else 10 if minutes > _FEW_BARS else 30
    both = [people + vehicles for people, vehicles in zip(activity.people, activity.vehicles, strict=True)]
    for colour, word, tops, below in (
        (PEOPLE, PEOPLE_WORD, activity.people, [0] * minutes),
        (VEHICLES, VEHICLES_WORD, both, activity.people),
    ):
        values, baseline, edges = _steps(tops, below, gap_s)
        axes.stairs(
            values,
            edges,
            baseline=baseline,
            fill=True,
            color=colour,
            # A minute of a day is narrower than a pixel: an edge of its own colour keeps a lone one visible.
            linewidth=0.9 if silhouette else 0,
            label=word,
            zorder=3 if colour == PEOPLE else 2,
        )
    count_axis(axes, max(both))
    axes.set_ylabel("visits present")


def _draw_coverage(axes: Axes, activity: Activity, cameras: int) -> None:
    values, baseline, edges = _steps(activity.cameras, [0] * len(activity.cameras), 0)
    axes.stairs(values, edges, baseline=baseline, fill=True, color=COVERED, linewidth=0, zorder=2)
    axes.set_ylim(0, cameras)
    axes.set_yticks([cameras], [f"{cameras} cameras"])
    axes.spines["left"].set_visible(False)


def _steps(tops: Sequence[int], below: Sequence[int], gap_s: int) -> tuple[list[int], list[int], list[float]]:
    """Return heights, baselines and edges of minutes with a gap between every two; equal neighbours merge."""
    heights: list[tuple[int, int]] = []
    edges: list[float] = []
    for minute, height in enumerate(zip(tops, below, strict=True)):
        if gap_s or not heights or heights[-1] != height:
            heights += [(0, 0), height] if gap_s and heights else [height]
            edges.append(minute * 60 + gap_s / 2)
        if gap_s:
            edges.append((minute + 1) * 60 - gap_s / 2)
    if not gap_s:
        edges.append(len(tops) * 60)
    return [top for top, _ in heights], [base for _, base in heights], edges


def _holes(stretches: Sequence[Stretch], over: Sequence[Span], extent: Span) -> tuple[Span, ...]:
    covered = [(stretch.begins_at, stretch.ends_at) for stretch in stretches]
    return holes_between(sorted([*covered, *over]), extent)


def _peak(cameras: Sequence[Sequence[Stretch]]) -> int:
    points = [point for stretches in cameras for stretch in stretches for point in stretch.points]
    return max((max(point.people, point.vehicles) for point in points), default=0)


def _key(holes: Sequence[Span], over: Sequence[Span] = (), *, counted: bool = True) -> list[str]:
    counts = [PEOPLE_WORD, VEHICLES_WORD] if counted else []
    return [*counts, *([HOLE_WORD] if holes else []), *([OVER_WORD] if over else [])]


def _titled(name: str, days: Sequence[CameraDay], tz: ZoneInfo) -> str:
    return f"{name}, {_dates(days, tz)}"


def _dates(days: Sequence[CameraDay], tz: ZoneInfo) -> str:
    return date_words(min(day.begins_at for day in days), max(day.ends_at for day in days), tz)
