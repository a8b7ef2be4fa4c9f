"""The time axis: ticks that suit the span, in the site's own time, through the change of the clocks."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from tests.camera_days import KOLKATA, NOON, PARIS, UTC_ZONE, a_day, line, minutes_from, words, x_labels
from vigie.charts.figures import camera_curve
from vigie.domain.cameras import Camera
from vigie.domain.instants import day_bounds
from vigie.domain.series import MINUTE, CameraDay, CountPoint

TICKS = [
    # a clip of 4 s has a tick a second, in local time
    (4, 1, PARIS, ["13:00:00", "13:00:01", "13:00:02", "13:00:03", "13:00:04"]),
    (120, 10, PARIS, ["13:00:00", "13:00:15", "13:00:30", "13:00:45", "13:01:00"]),
    # an offset of half an hour: ticks are round where the camera is
    (2 * 3600, 600, KOLKATA, ["17:30", "17:40", "17:50", "18:00"]),
    (6 * 3600, 600, UTC_ZONE, ["12:00", "12:30", "13:00"]),
]


@pytest.mark.parametrize(("seconds", "pace", "tz", "labels"), TICKS)
def test_ticks_suit_the_length_and_the_zone(seconds: int, pace: int, tz: ZoneInfo, labels: list[str]) -> None:
    points = [CountPoint(NOON + timedelta(seconds=s), 0, 0) for s in range(0, seconds, pace)]
    minutes = minutes_from(NOON, max(1, seconds // 60))
    last = camera_curve(a_day(minutes, points, tz=tz), tz).axes[-1]
    assert x_labels(last)[: len(labels)] == labels
    assert tz.key in last.get_xlabel()
    low, high = last.get_xlim()
    assert low < 0
    assert seconds < high <= seconds * 1.02 + 0.5


def test_autumn_day_has_25_hours_and_tells_its_two_o_clocks_apart() -> None:
    begins_at, ends_at = day_bounds(date(2026, 10, 25), PARIS)
    minutes = minutes_from(begins_at, (ends_at - begins_at) // MINUTE)
    figure = camera_curve(a_day(minutes, on=date(2026, 10, 25)), PARIS)
    last = figure.axes[-1]
    assert line(figure.axes[0], "people")[-1][0] == 25 * 3600
    ticks = dict(zip(x_labels(last), last.get_xticks(), strict=True))
    assert ticks["02:00\n+02:00"] == 2 * 3600
    assert ticks["02:00\n+01:00"] == 3 * 3600
    assert last.get_xlabel() == "Europe/Paris (UTC+02:00, then UTC+01:00)"
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in last.get_xticklabels()]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_spring_day_has_23_hours_and_no_two_o_clock() -> None:
    begins_at, ends_at = day_bounds(date(2026, 3, 29), PARIS)
    minutes = minutes_from(begins_at, (ends_at - begins_at) // MINUTE)
    figure = camera_curve(a_day(minutes, on=date(2026, 3, 29)), PARIS)
    assert line(figure.axes[0], "people")[-1][0] == 23 * 3600
    labels = x_labels(figure.axes[-1])
    assert not any(label.startswith("02:") for label in labels)
    assert "04:00\n+02:00" in labels


def test_midnight_within_a_span_bears_its_date() -> None:
    begins_at = datetime(2026, 11, 22, 17, tzinfo=UTC)
    day = CameraDay(
        Camera("hall"), begins_at, begins_at + 720 * MINUTE, tuple(minutes_from(begins_at, 720)), (), ()
    )
    figure = camera_curve(day, PARIS)
    assert "00:00\n2026-11-23" in x_labels(figure.axes[-1])
    assert "hall, 2026-11-22 to 2026-11-23" in words(figure)
