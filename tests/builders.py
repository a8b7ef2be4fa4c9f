"""Builds the domain's values for tests, with only what a test is about said aloud."""

from datetime import UTC, datetime, timedelta

from vigie.domain.detections import Box, Detection
from vigie.domain.frames import FrameKey
from vigie.domain.reports import FrameReport, Timings
from vigie.domain.visits import Visit, begin_visit

NOON = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """Noon, and so many seconds."""
    return NOON + timedelta(seconds=seconds)


def box(x: float = 0.5, y: float = 0.5, *, width: float = 0.1, height: float = 0.3) -> Box:
    """A box around a centre."""
    corners = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    return Box(*(round(min(max(corner, 0.0), 1.0), 4) for corner in corners))


def seen(
    label: str = "person",
    *,
    x: float = 0.5,
    y: float = 0.5,
    confidence: float = 0.9,
    zones: tuple[str, ...] = (),
) -> Detection:
    """A detection around a centre."""
    return Detection(label, confidence, box(x, y), zones)


def report(
    seconds: float = 0.0, *detections: Detection, camera: str = "hall", interval_s: float | None = None
) -> FrameReport:
    """A report of the frame taken so many seconds after noon."""
    return FrameReport(
        key=FrameKey(camera, at(seconds)),
        width=640,
        height=360,
        detections=detections,
        model="yolov8n@12345678",
        timings=Timings(1.5, 0.7, 37.25, 0.4),
        reported_at=at(seconds + 0.8),
        sampled_at=at(seconds + 0.125),
        interval_s=interval_s,
    )


def visit(
    seconds: float = 0.0,
    *,
    camera: str = "hall",
    label: str = "person",
    ordinal: int = 1,
    zones: tuple[str, ...] = (),
    confidence: float = 0.9,
) -> Visit:
    """A visit that began so many seconds after noon."""
    first = seen(label, confidence=confidence, zones=zones)
    return begin_visit(first, FrameKey(camera, at(seconds)), ordinal)
