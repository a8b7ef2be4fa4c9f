"""One frame through the step, over fakes: the order of its writes, its refusals, and its second delivery."""

import pytest

from tests.builders import NOON, at, seen
from tests.detect_world import World
from vigie.domain.cameras import Camera, Zone
from vigie.domain.frames import FrameKey
from vigie.domain.sites import Site
from vigie.errors import NotFound, Unavailable
from vigie.steps.detect import Outcome


def test_a_frame_is_reported_stored_counted_and_published() -> None:
    yard = Zone("yard", ((0, 0), (1, 0), (1, 1), (0, 1)))
    world = World(scenes=[(seen(), seen("car"))], site=Site(cameras=(Camera("hall", zones=(yard,)),)))
    assert world.take(world.arrive(0, b"0", interval_s=0.5)) is Outcome.REPORTED
    report = world.reports.report(FrameKey("hall", NOON))
    assert report is not None
    assert [detection.zones for detection in report.detections] == [("yard",), ("yard",)]
    assert (report.model, report.interval_s, report.reported_at) == ("scripted@00000000", 0.5, at(99))
    minute = world.reports.minute("hall", NOON)
    assert minute is not None
    assert (minute.frames, minute.people, minute.vehicles) == (1, 1, 1)
    ((published, change),) = world.publisher.published
    assert published == report
    assert [visit.label for visit in change.begun] == ["car", "person"]
    assert (change.begin, change.end, change.is_late) == (NOON, at(0.001), False)


@pytest.mark.parametrize(("late_h", "marked"), [(0, 0), (12, 0), (12.6, 1), (1000, 1)])
def test_a_frame_of_a_day_that_was_drawn_for_good_has_it_drawn_again(late_h: float, marked: int) -> None:
    world = World(scenes=[(seen(),)])
    world.take(world.arrive(0, b"0"), clock=lambda: at(late_h * 3600))
    assert [(hour.camera_id, hour.begins_at) for hour in world.stale.marked()] == [("hall", NOON)] * marked


def test_a_second_delivery_looks_no_second_time_and_publishes_the_same() -> None:
    world = World(scenes=[(seen(),)])
    key = world.arrive(0, b"0")
    world.take(key)
    before = (world.reports.report(FrameKey("hall", NOON)), world.reports.minute("hall", NOON))
    world.take(key)
    assert world.detector.looks == 1
    assert (world.reports.report(FrameKey("hall", NOON)), world.reports.minute("hall", NOON)) == before
    assert world.publisher.published[0] == world.publisher.published[1]


def test_a_bad_picture_goes_to_quarantine_with_its_reason_once() -> None:
    world = World()
    key = world.arrive(0, b"cut")
    for _ in range(2):
        assert world.take(key) is Outcome.QUARANTINED
    assert world.frames.moved == {key: "cut short: a JPEG of 3 bytes without its end marker"}
    assert world.publisher.published == []


def test_a_key_that_is_none_goes_to_quarantine() -> None:
    world = World()
    world.frames.others.add("frames/holiday.jpg")
    assert world.take("frames/holiday.jpg") is Outcome.QUARANTINED
    assert world.frames.moved["frames/holiday.jpg"].startswith("'frames/holiday.jpg' is no frame key")


def test_a_frame_that_is_gone_is_not_passed_over_in_silence() -> None:
    with pytest.raises(NotFound):
        World().take(str(FrameKey("hall", NOON)))


class Mute:
    """A publisher that fails."""

    def publish_report(self, *_: object, **__: object) -> None:
        raise Unavailable("publishing failed: throttled")


def test_a_report_is_stored_before_anything_is_published() -> None:
    world = World(scenes=[(seen(),)])
    key = world.arrive(0, b"0")
    with pytest.raises(Unavailable):
        world.take(key, publisher=Mute())
    assert world.reports.report(FrameKey("hall", NOON)) is not None
    world.take(key)
    assert world.detector.looks == 1, "the retry finds the report"
    assert [visit.started_at for visit in world.publisher.published[0][1].begun] == [NOON]


def test_what_is_published_of_a_visit_is_what_its_first_frame_shows_however_late() -> None:
    scenes = [(seen(confidence=0.6),), (seen(x=0.55, confidence=0.9, zones=("door",)),)]
    orderly, late = World(scenes), World(scenes)
    for world in (orderly, late):
        keys = [world.arrive(second, str(second).encode()) for second in (0, 1)]
    for key in keys:
        orderly.take(key)
    with pytest.raises(Unavailable):
        late.take(keys[0], publisher=Mute())
    late.take(keys[1])
    late.take(keys[0])
    begun = orderly.publisher.published[0][1].begun
    assert [visit.confidence for visit in begun] == [0.6]
    assert late.publisher.published[1][1].begun == begun
    assert late.publisher.published[1][1].is_late
