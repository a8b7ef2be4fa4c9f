"""Exports: the rows of the three tables that leave the system, whatever the format of their files.

Detections and visits say what was seen, minutes when anybody looked: a count without its coverage is none.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from vigie.domain.instants import minute_of
from vigie.domain.reports import FrameReport
from vigie.domain.series import MINUTE, CameraDay, Minute, count_by_kind, visits_of


@dataclass(frozen=True, slots=True)
class DetectionRow:
    """A detection; its corners are in pixels of a picture of `width` x `height`.

    `visit` is the id of the visit that owns it, None for one too weak to begin a visit. `frames_in_minute`
    says how many frames its minute was seen in, `interval_s` at which pace the camera sampled, if declared.
    """

    captured_at: datetime
    label: str
    confidence: float
    x1: float
    y1: float
    x2: float
    y2: float
    width: int
    height: int
    zones: tuple[str, ...]
    visit: str | None
    frames_in_minute: int | None
    interval_s: float | None


@dataclass(frozen=True, slots=True)
class VisitRow:
    """A visit that began on the day, with its whole length, and the frame of its highest confidence.

    `covered_minutes` says how many minutes from its first to its last had frames, out of `minutes`.
    `place_visit` is the visit with which the presence began that cameras of one place share; count its
    different values where a place is counted. Before a camera of no place it is None.
    """

    visit: str
    label: str
    started_at: datetime
    last_seen_at: datetime
    confidence: float
    zones: tuple[str, ...]
    best_frame: str
    minutes: int
    covered_minutes: int
    place_visit: str | None = None


@dataclass(frozen=True, slots=True)
class MinuteRow:
    """A minute of the local day; without frames it is not `covered`, and has no counts.

    `local_time` is ISO 8601 with its offset from UTC. `people` and `vehicles` are the most at once,
    `visits_of_*` count the visits that began in it. `expected_frames` is what the declared pace makes of a
    minute; a camera with a motion gate sends fewer, and a minute in which nothing moved may have none. In a
    minute that is `over_budget` there were frames that the day's cap did not cover: if it is not `covered`,
    the camera was there all the same.
    """

    begins_at: datetime
    local_time: str
    covered: bool
    frames: int | None = None
    people: int | None = None
    vehicles: int | None = None
    visits_of_people: int | None = None
    visits_of_vehicles: int | None = None
    expected_frames: float | None = None
    over_budget: bool = False


def detection_rows(day: CameraDay) -> Iterator[DetectionRow]:
    """Yield the day's detections, in order of capture time."""
    frames = {minute.begins_at: minute.frames for minute in day.minutes}
    for sight in sorted(day.detections, key=lambda sight: sight.report.key):
        report, detection = sight.report, sight.detection
        captured_at = report.key.captured_at
        yield DetectionRow(
            captured_at,
            detection.label,
            detection.confidence,
            *detection.box.in_pixels(report.width, report.height),
            report.width,
            report.height,
            detection.zones,
            sight.visit.visit_id if sight.visit else None,
            frames.get(minute_of(captured_at)),
            report.interval_s,
        )


def visit_rows(
    day: CameraDay, following: Sequence[Minute] = (), *, shared: Mapping[str, str] | None = None
) -> Iterator[VisitRow]:
    """Yield the visits that began on the day, in order; `following` minutes tell how the last ones ended.

    `shared` gives the first visit of the place's presence for each visit of a camera that is in one.
    """
    minutes = (*day.minutes, *following)
    covered = {minute.begins_at for minute in minutes}
    for visit in visits_of(minutes):
        if not day.begins_at <= visit.started_at < day.ends_at:
            continue
        first, last = minute_of(visit.started_at), minute_of(visit.last_seen_at)
        length = (last - first) // MINUTE + 1
        yield VisitRow(
            visit.visit_id,
            visit.label,
            visit.started_at,
            visit.last_seen_at,
            visit.confidence,
            visit.zones,
            str(visit.best_frame),
            length,
            sum(first + n * MINUTE in covered for n in range(length)),
            shared.get(visit.visit_id) if shared else None,
        )


def minute_rows(
    day: CameraDay, tz: tzinfo, *, now: datetime, intervals: Mapping[datetime, float] | None = None
) -> Iterator[MinuteRow]:
    """Yield every minute of the day, covered or not, in order; of a day under way those until `now`.

    `intervals` is the pace of sampling declared in a minute, in seconds.
    """
    covered = {minute.begins_at: minute for minute in day.minutes}
    intervals = intervals or {}
    # A clip may be dated ahead of the clock: what has frames has come.
    until = max([min(now, day.ends_at), *(begins_at + MINUTE for begins_at in covered)])
    begins_at = day.begins_at
    while begins_at < until:
        local_time = begins_at.astimezone(tz).isoformat(timespec="seconds")
        is_over = begins_at in day.over_budget
        if minute := covered.get(begins_at):
            end = begins_at + MINUTE
            begun = (visit for visit in minute.visits if begins_at <= visit.started_at < end)
            people, vehicles = count_by_kind(begun)
            interval_s = intervals.get(begins_at)
            expected = MINUTE.total_seconds() / interval_s if interval_s else None
            yield MinuteRow(
                begins_at,
                local_time,
                True,  # noqa: FBT003 - a column of the row
                minute.frames,
                minute.people,
                minute.vehicles,
                people,
                vehicles,
                expected,
                is_over,
            )
        else:
            yield MinuteRow(begins_at, local_time, covered=False, over_budget=is_over)
        begins_at += MINUTE


def intervals_of(reports: Sequence[FrameReport]) -> dict[datetime, float]:
    """Return the pace of sampling that each minute's frames declare, in seconds; the last word counts."""
    return {
        minute_of(report.key.captured_at): report.interval_s
        for report in sorted(reports, key=lambda report: report.key)
        if report.interval_s
    }
