"""Days of cameras for the tests of charts, and how to read what is drawn of them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vigie.domain.cameras import Camera
from vigie.domain.detections import Box, Detection
from vigie.domain.frames import FrameKey
from vigie.domain.instants import day_bounds
from vigie.domain.series import MINUTE, CameraDay, CountPoint, Minute
from vigie.domain.visits import Visit, begin_visit

PARIS = ZoneInfo("Europe/Paris")
KOLKATA = ZoneInfo("Asia/Kolkata")
UTC_ZONE = ZoneInfo("UTC")
NOVEMBER = date(2026, 11, 22)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def a_visit(begins_at: datetime, seconds: float, label: str = "person", ordinal: int = 1) -> Visit:
    began = begin_visit(Detection(label, 0.9, Box(0, 0, 1, 1)), FrameKey("hall", begins_at), ordinal)
    return replace(began, last_seen_at=begins_at + timedelta(seconds=seconds))


def a_minute(
    begins_at: datetime, people: int = 0, vehicles: int = 0, visits: tuple[Visit, ...] = ()
) -> Minute:
    return Minute(
        camera_id="hall",
        begins_at=begins_at,
        frames=60,
        people=people,
        vehicles=vehicles,
        follows="",
        open=(),
        ended=visits,
        folded_until=begins_at,
    )


def a_day(
    minutes: Sequence[Minute] = (),
    points: Sequence[CountPoint] = (),
    *,
    on: date = NOVEMBER,
    tz: ZoneInfo = PARIS,
    camera: Camera | None = None,
) -> CameraDay:
    camera = camera or Camera("hall", "Entrance hall")
    return CameraDay(camera, *day_bounds(on, tz), tuple(minutes), tuple(points), ())


def minutes_from(begins_at: datetime, count: int, people: int = 0) -> list[Minute]:
    return [a_minute(begins_at + n * MINUTE, people) for n in range(count)]


def covering(camera_id: str, *spans: tuple[int, int]) -> CameraDay:
    """Return a day with frames in the minutes first to last (exclusive) after noon."""
    minutes = [a_minute(NOON + n * MINUTE, people=1) for first, last in spans for n in range(first, last)]
    return a_day(minutes, camera=Camera(camera_id))


def line(axes: Axes, word: str) -> list[tuple[float, float]]:
    (found,) = (line for line in axes.lines if line.get_label() == word)
    return [(float(x), float(y)) for x, y in np.asarray(found.get_xydata())]


def hatched(axes: Axes) -> list[tuple[float, float]]:
    boxes = [path.get_extents() for c in axes.collections if c.get_hatch() for path in c.get_paths()]
    return [(round(box.x0, 3), round(box.x1, 3)) for box in boxes]


def x_labels(axes: Axes) -> list[str]:
    return [label.get_text() for label in axes.get_xticklabels()]


def words(figure: Figure) -> list[str]:
    legends = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    own = [text.get_text() for text in figure.texts]
    return own + legends + [text.get_text() for axes in figure.axes for text in axes.texts]
