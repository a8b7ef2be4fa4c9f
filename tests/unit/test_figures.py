"""What the charts really draw: spans, steps, ticks and words, read back from the figures."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from math import isnan

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch

from tests.camera_days import (
    NOON,
    NOVEMBER,
    PARIS,
    a_day,
    a_minute,
    a_visit,
    covering,
    hatched,
    line,
    minutes_from,
    words,
    x_labels,
)
from vigie.charts.figures import activity_histogram, all_cameras, camera_curve, to_png, to_svg
from vigie.domain.cameras import Camera
from vigie.domain.instants import day_bounds
from vigie.domain.series import MINUTE, CountPoint
from vigie.domain.sites import Place


def test_curve_steps_from_frame_to_frame() -> None:
    counts = [(0, 0), (1, 0), (1, 2), (1, 2)]
    points = [CountPoint(NOON + timedelta(seconds=2 * n), *both) for n, both in enumerate(counts)]
    curve = camera_curve(a_day([a_minute(NOON, 1, 2)], points), PARIS).axes[0]
    assert line(curve, "people") == [(0, 0), (2, 0), (2, 1), (4, 1), (4, 1), (8, 1)]
    assert line(curve, "vehicles") == [(0, 0), (2, 0), (2, 0), (4, 0), (4, 2), (8, 2)]


def test_curve_of_minutes_shows_the_most_of_each() -> None:
    curve = camera_curve(a_day([a_minute(NOON, 2), a_minute(NOON + MINUTE, 1)]), PARIS).axes[0]
    assert line(curve, "people") == [(0, 2), (60, 2), (60, 1), (120, 1)]


def test_points_that_do_not_reach_through_the_coverage_give_way_to_the_minutes() -> None:
    # Reports expire before minutes: the morning's points are gone.
    points = [CountPoint(NOON + 2 * MINUTE, 5, 0)]
    curve = camera_curve(a_day(minutes_from(NOON, 3, people=1), points), PARIS).axes[0]
    assert line(curve, "people") == [(0, 1), (180, 1)]
    assert hatched(curve) == []


@pytest.mark.parametrize("with_points", [False, True])
def test_lines_stop_at_a_hole_and_the_hole_is_hatched(*, with_points: bool) -> None:
    minutes = [*minutes_from(NOON, 3, people=1), *minutes_from(NOON + 5 * MINUTE, 2, people=1)]
    seconds = [*range(180), *range(300, 420)] if with_points else []
    points = [CountPoint(NOON + timedelta(seconds=s), 1, 0) for s in seconds]
    figure = camera_curve(a_day(minutes, points), PARIS)
    for axes in figure.axes:
        assert hatched(axes) == [(180, 300)]
    assert "no frames" in words(figure)
    drawn = [
        (a, b) for a, b in pairwise(line(figure.axes[0], "people")) if not isnan(a[0]) and not isnan(b[0])
    ]
    assert drawn
    assert all(b[0] <= 180 or a[0] >= 300 for a, b in drawn)


def test_full_coverage_has_no_word_of_missing_frames() -> None:
    figure = camera_curve(a_day(minutes_from(NOON, 5)), PARIS)
    assert "no frames" not in words(figure)
    assert "no visits" in words(figure)


def test_visits_lie_below_the_curve_in_lanes_of_their_own() -> None:
    visits = (
        a_visit(NOON, 40),
        a_visit(NOON + timedelta(seconds=10), 20, ordinal=2),
        a_visit(NOON + timedelta(seconds=45), 10),
        a_visit(NOON, 59, "car", ordinal=2),
    )
    below = camera_curve(a_day([a_minute(NOON, 2, 1, visits)]), PARIS).axes[1]
    people, cars = ([path.get_extents() for path in c.get_paths()] for c in below.collections)
    assert [(box.x0, box.x1) for box in people] == [(0, 40), (10, 30), (45, 55)]
    assert [int(box.y0) for box in people] == [0, 1, 0]
    assert [(box.x0, box.x1, int(box.y0)) for box in cars] == [(0, 59, 2)]


def test_a_short_visit_in_a_long_day_is_wide_enough_to_see() -> None:
    minutes = minutes_from(NOON - 12 * 60 * MINUTE, 1440)
    minutes[700] = a_minute(minutes[700].begins_at, 1, 0, (a_visit(minutes[700].begins_at, 1),))
    below = camera_curve(a_day(minutes), PARIS).axes[1]
    (bar,) = below.collections[0].get_paths()
    assert bar.get_extents().width == pytest.approx(86400 * 0.003)


@pytest.mark.parametrize(
    "figure",
    [camera_curve(a_day(), PARIS), all_cameras([a_day()] * 3, PARIS), activity_histogram([a_day()], PARIS)],
)
def test_a_day_without_frames_says_so(figure: Figure) -> None:
    assert "No frames on 2026-11-22" in words(figure)
    for axes in figure.axes:
        assert hatched(axes) == [(0, 86400)]
        assert all(len(np.asarray(line.get_xydata())) == 0 for line in axes.lines)
    assert to_png(figure)
    assert to_svg(figure)


@pytest.mark.parametrize("chart", [all_cameras, activity_histogram])
def test_no_cameras_is_a_chart_too(chart: object) -> None:
    assert callable(chart)
    assert "No cameras" in words(chart([], PARIS))


def test_one_lone_frame_is_a_chart() -> None:
    figure = camera_curve(a_day([a_minute(NOON, 1)], [CountPoint(NOON, 1, 0)]), PARIS)
    assert line(figure.axes[0], "people") == [(0, 1), (1, 1)]
    assert "13:00:00" in x_labels(figure.axes[-1])


@pytest.mark.parametrize("most", [0, 1, 2, 3, 7, 40, 999])
def test_counts_have_whole_ticks_and_air_above(most: int) -> None:
    axes = camera_curve(a_day([a_minute(NOON, most)]), PARIS).axes[0]
    ticks = [tick for tick in axes.get_yticks() if 0 <= tick <= axes.get_ylim()[1]]
    assert len(ticks) >= 2
    assert all(float(tick).is_integer() for tick in ticks)
    assert axes.get_ylim()[1] > most


NAMES = [
    ("Entrance hall", "Entrance hall, 2026-11-22"),
    ("", "hall, 2026-11-22"),
    ("Été $1 & $2", "Été $1 & $2, 2026-11-22"),
    # our font has no Chinese: the id reads better than squares
    ("倉庫", "hall, 2026-11-22"),
    ("a\nb\tc", "a b c, 2026-11-22"),
    ("x" * 80, "x" * 47 + "…, 2026-11-22"),
]


@pytest.mark.parametrize(("name", "title"), NAMES)
def test_title_names_the_camera_and_the_local_date(name: str, title: str) -> None:
    figure = camera_curve(a_day(minutes_from(NOON, 2), camera=Camera("hall", name)), PARIS)
    assert words(figure)[0] == title
    assert to_svg(figure)


@pytest.mark.parametrize("cameras", [1, 2, 5, 12, 13, 30])
def test_all_cameras_share_axes_and_keep_their_own_holes(cameras: int) -> None:
    days = [covering(f"cam{n}", (0, 10 + n), (12 + n, 60)) for n in range(cameras)]
    figure = all_cameras(days, PARIS)
    assert len(figure.axes) == cameras
    assert len({axes.get_xlim() for axes in figure.axes}) == 1
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    for n, axes in enumerate(figure.axes):
        assert hatched(axes) == [((10 + n) * 60, (12 + n) * 60)]
        assert f"cam{n}" in (axes.get_title(loc="left"), axes.get_ylabel())


def test_a_camera_that_came_later_is_hatched_until_then() -> None:
    figure = all_cameras([covering("early", (0, 10)), covering("late", (4, 10)), a_day()], PARIS)
    assert [hatched(axes) for axes in figure.axes] == [[], [(0, 240)], [(0, 600)]]


def steps(axes: Axes) -> list[tuple[list[float], list[float]]]:
    patches = [patch for patch in axes.patches if isinstance(patch, StepPatch)]
    return [(values.tolist(), edges.tolist()) for values, edges, _ in (patch.get_data() for patch in patches)]


def test_histogram_stacks_vehicles_on_people() -> None:
    person, car = a_visit(NOON, 70), a_visit(NOON, 20, "car")
    minutes = [a_minute(NOON, 1, 1, (person, car)), a_minute(NOON + MINUTE, 1, 0, (person,))]
    people, both = steps(activity_histogram([a_day([*minutes, a_minute(NOON + 3 * MINUTE)])], PARIS).axes[0])
    assert people[0][::2] == [1, 1, 0, 0]
    assert both[0][::2] == [2, 1, 0, 0]
    assert people[0][1::2] == [0, 0, 0]


def test_histogram_counts_what_cameras_of_one_place_share_once() -> None:
    two = (a_visit(NOON, 20), a_visit(NOON, 20, ordinal=2))
    days = [
        a_day([replace(a_minute(NOON, 2, 0, visits), camera_id=camera_id)], camera=Camera(camera_id))
        for camera_id, visits in (("hall", two), ("door", two[:1]), ("yard", two))
    ]
    places = [Place(name="yard", cameras=("hall", "door"))]
    for known, most in ((places, 4), ([], 5)):
        (people, _), _ = steps(activity_histogram(days, PARIS, known).axes[0])
        assert max(people) == most


def test_histogram_hatches_what_no_camera_saw_and_counts_the_cameras() -> None:
    figure = activity_histogram([covering("one", (0, 3), (5, 8)), covering("two", (1, 4))], PARIS)
    above, below = figure.axes
    assert hatched(above) == hatched(below) == [(240, 300)]
    assert [label.get_text() for label in below.get_yticklabels()] == ["2 cameras"]
    ((counts, edges),) = steps(below)
    assert (counts, edges) == ([1, 2, 1, 0, 1], [0, 60, 180, 240, 300, 480])
    assert {"no frames", "cameras with frames"} <= set(words(figure))


def test_histogram_of_a_day_is_one_small_path() -> None:
    begins_at, _ = day_bounds(NOVEMBER, PARIS)
    minutes = []
    for n in range(1440):
        at = begins_at + n * MINUTE
        visits = tuple(a_visit(at, 30, ordinal=k) for k in range(n % 3))
        minutes.append(a_minute(at, n % 3, 0, visits))
    figure = activity_histogram([a_day(minutes)], PARIS)
    values, edges = steps(figure.axes[0])[0]
    assert (len(values), edges[-1]) == (1440, 86400)
    assert sum(values) == 1440
    assert len(to_svg(figure)) < 400_000
    assert len(x_labels(figure.axes[-1])) == 13


def test_same_data_gives_the_same_bytes_in_any_thread_and_with_any_matplotlib_settings() -> None:
    days = [covering(f"cam{n}", (0, 10 + n), (12 + n, 60)) for n in range(3)]

    def draw(n: int) -> tuple[bytes, bytes]:
        chart = (all_cameras, activity_histogram)[n % 2]
        return to_svg(chart(days, PARIS)), to_png(chart(days, PARIS))

    before = dict(mpl.rcParams)
    with ThreadPoolExecutor(4) as threads:
        drawn = list(threads.map(draw, range(8)))
    assert len(set(drawn[0::2])) == len(set(drawn[1::2])) == 1
    assert dict(mpl.rcParams) == before
    with mpl.rc_context({"font.size": 30, "svg.hashsalt": "other", "axes.facecolor": "red"}):
        assert draw(0) == drawn[0]
    svg, png = drawn[0]
    assert svg.startswith(b"<?xml")
    assert png.startswith(b"\x89PNG")
    assert b"dc:date" not in svg


def test_what_was_over_budget_is_drawn_apart_from_no_camera_and_from_no_activity() -> None:
    """Two minutes with frames and nobody, two without, two over budget; the last one ends the chart."""
    over = frozenset(NOON + n * MINUTE for n in (1, 4, 5, 8))
    day = replace(a_day([*minutes_from(NOON, 2), *minutes_from(NOON + 6 * MINUTE, 1)]), over_budget=over)
    for figure in (camera_curve(day, PARIS), all_cameras([day], PARIS), activity_histogram([day], PARIS)):
        shaded = {
            collection.get_hatch()[0]: [
                (round(box.x0), round(box.x1))
                for box in (path.get_extents() for path in collection.get_paths())
            ]
            for collection in figure.axes[0].collections
            if collection.get_hatch()
        }
        assert shaded == {"/": [(120, 240), (420, 480)], "\\": [(240, 360), (480, 540)]}
        assert "over budget" in words(figure)
        assert "no frames" in words(figure)
    nothing = replace(a_day(), over_budget=over)
    assert any("All frames were over budget" in word for word in words(camera_curve(nothing, PARIS)))
