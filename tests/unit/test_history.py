"""The chart of a month: bars of days, hatched by what was not covered."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from tests.camera_days import PARIS, words, x_labels
from vigie.charts.figures import to_png
from vigie.charts.history import coverage, month_of_visits
from vigie.charts.style import PEOPLE, VEHICLES
from vigie.domain.instants import day_bounds
from vigie.domain.rollups import DayTotals, HourTotals
from vigie.domain.series import MINUTE

LAST = date(2026, 11, 1)
DAYS = [LAST - timedelta(days=n) for n in range(30, -1, -1)]
NOW = datetime(2026, 11, 1, 11, tzinfo=UTC)  # noon in Paris: half of the last day has come


def totals(on: date, covered: int, people: int = 0, vehicles: int = 0) -> DayTotals:
    begin, end = day_bounds(on, PARIS)
    return DayTotals(
        "hall", on, (HourTotals(begin, (end - begin) // MINUTE, covered, 0, 0, 0, people, vehicles),)
    )


def rectangles(axes: Axes, colour: str | None) -> list[tuple[float, float, float, float]]:
    """Return left, right (in seconds), low, high of the bars of a colour, or of what is hatched (None)."""
    found = []
    for collection in axes.collections:
        face = to_hex(np.asarray(collection.get_facecolor())[0])
        if collection.get_hatch() if colour is None else face == colour:
            boxes = (path.get_extents() for path in collection.get_paths())
            found += [(box.x0, box.x1, box.y0, box.y1) for box in boxes]
    return found


def test_each_day_has_its_place_bars_and_holes() -> None:
    own = [totals(DAYS[0], 1440, 5, 2), totals(date(2026, 10, 25), 750, 4), totals(LAST, 360, 1)]
    figure = month_of_visits([("hall", "Entrance hall", own)], DAYS, PARIS, now=NOW)
    (axes,) = figure.axes
    people, vehicles = rectangles(axes, PEOPLE), rectangles(axes, VEHICLES)
    assert [bar[2:] for bar in people] == [(0, 5), (0, 4), (0, 1)]
    assert vehicles[0][2:] == (5, 7)
    start = day_bounds(DAYS[0], PARIS)[0]
    for bar, each in zip(people, own, strict=True):
        middle = (each.begins_at + (each.ends_at - each.begins_at) / 2 - start).total_seconds()
        assert (bar[0] + bar[1]) / 2 == pytest.approx(middle)
    holes = rectangles(axes, None)
    assert len(holes) == 30, "but for the first day, which had frames all day"
    # Half of the 25-hour day, half of what has come of the last; all of the days of which nobody knows.
    assert sorted(hole[2] for hole in holes) == [0] * 28 + [0.5, 0.5]
    assert x_labels(axes) == ["Mon 5 Oct", "Mon 12 Oct", "Mon 19 Oct", "Mon 26 Oct"]
    assert words(figure)[:1] == ["Visits a day, 2026-10-02 to 2026-11-01"]


def test_days_that_have_not_come_are_no_holes() -> None:
    figure = month_of_visits([("hall", "hall", [])], DAYS, PARIS, now=day_bounds(LAST, PARIS)[0])
    assert len(rectangles(figure.axes[0], None)) == 30
    assert coverage(totals(LAST, 3), day_bounds(LAST, PARIS)[0]) == 1, "a clip dated ahead of the clock"


@pytest.mark.parametrize("cameras", [1, 12, 13, 30])
def test_any_number_of_cameras_is_one_chart_on_one_scale(cameras: int) -> None:
    own = [(f"cam{n}", f"cam{n}", [totals(LAST, 720, n)]) for n in range(cameras)]
    figure = month_of_visits(own, DAYS, PARIS, now=NOW)
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    for n, axes in enumerate(figure.axes):
        assert f"cam{n}" in (axes.get_title(loc="left"), axes.get_ylabel())
    assert to_png(figure)
