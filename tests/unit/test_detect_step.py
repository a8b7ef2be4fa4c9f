"""One frame through the step, over fakes: the order of its writes, its refusals, and any order of events."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from tests.builders import NOON, at, seen
from tests.fake_alerts import FakeAlertStore
from tests.fakes import (
    FakeArtist,
    FakeFrameStore,
    FakeNotifier,
    FakePictureStore,
    FakePublisher,
    FakeReportStore,
    FakeRollupStore,
)
from vigie.domain.cameras import Camera, Zone
from vigie.domain.detections import Detection
from vigie.domain.frames import Frame, FrameKey
from vigie.domain.reports import Timings
from vigie.domain.rules import AlertRule
from vigie.domain.series import MINUTE, Minute, visits_of
from vigie.domain.sites import Site
from vigie.errors import NotFound, PictureError, Unavailable
from vigie.steps.alert import send_alerts
from vigie.steps.detect import Outcome, detect_frame
from vigie.steps.ports import Sighting


@dataclass
class ScriptedDetector:
    """Sees what the picture's bytes name: the number of a scene."""

    scenes: Sequence[tuple[Detection, ...]] = ()
    looks: int = 0
    name: str = "scripted@00000000"

    def detect(self, jpeg: bytes) -> Sighting:
        self.looks += 1
        if jpeg == b"cut":
            raise PictureError("cut short: a JPEG of 3 bytes without its end marker")
        return Sighting(640, 360, self.scenes[int(jpeg)], Timings(1, 1, 1, 1))


@dataclass
class World:
    """All collaborators of the step, and a shorthand to call it."""

    scenes: Sequence[tuple[Detection, ...]] = ()
    site: Site = field(default_factory=Site)
    frames: FakeFrameStore = field(default_factory=FakeFrameStore)
    reports: FakeReportStore = field(default_factory=FakeReportStore)
    alerts: FakeAlertStore = field(default_factory=FakeAlertStore)
    publisher: FakePublisher = field(default_factory=FakePublisher)
    artist: FakeArtist = field(default_factory=FakeArtist)
    pictures: FakePictureStore = field(default_factory=FakePictureStore)
    stale: FakeRollupStore = field(default_factory=FakeRollupStore)

    def __post_init__(self) -> None:
        self.detector = ScriptedDetector(self.scenes)

    def arrive(self, seconds: float, jpeg: bytes, *, interval_s: float | None = None) -> str:
        frame = Frame(FrameKey("hall", at(seconds)), jpeg, interval_s=interval_s)
        self.frames.frames[str(frame.key)] = frame
        return str(frame.key)

    def take(self, object_key: str, **instead: Any) -> Outcome:
        collaborators: dict[str, Any] = {
            "site": self.site,
            "detector": self.detector,
            "frames": self.frames,
            "reports": self.reports,
            "artist": self.artist,
            "pictures": self.pictures,
            "stale": self.stale,
            "publisher": self.publisher,
            "clock": lambda: at(99),
        }
        return detect_frame(object_key, **(collaborators | instead))


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


class CrashingStore(FakeReportStore):
    """Dies now and then right after a write, as a function does that is killed."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance

    def add_report(self, report: Any) -> Any:
        stored = super().add_report(report)
        self._maybe_die()
        return stored

    def put_minute(self, minute: Minute, *, replaces: Minute | None) -> None:
        super().put_minute(minute, replaces=replaces)
        self._maybe_die()

    def _maybe_die(self) -> None:
        if self._chance.random() < 0.15:
            raise Unavailable("the function was killed")


def crossing(number: int) -> tuple[Detection, ...]:
    """A scene of a busy place: one walks to and fro, one stands, a car comes every now and then."""
    to_and_fro = abs((number % 40) - 20) / 20
    scene = [seen(x=0.1 + 0.8 * to_and_fro, y=0.3)]
    if number % 90 < 70:
        scene.append(seen(x=0.5, y=0.8, confidence=0.3 if number % 7 == 3 else 0.8))
    if number % 25 < 6:
        scene.append(seen("car", x=0.15 * (number % 25), y=0.6))
    return tuple(scene)


@pytest.mark.parametrize("seed", range(12))
def test_any_order_repetition_and_crash_leaves_the_same_tables_and_alerts(seed: int) -> None:
    scenes = [crossing(number) for number in range(150)]
    everything = Site(rules=(AlertRule(rule_id="all", labels=(), cooldown_s=0),))
    orderly, shuffled = World(scenes, everything), World(scenes, everything)
    chance = random.Random(seed)
    shuffled.reports = CrashingStore(chance)
    for world in (orderly, shuffled):
        keys = [world.arrive(number * 1.5, str(number).encode(), interval_s=1.5) for number in range(150)]
    for key in keys:
        orderly.take(key)
    # Each event up to three times, up to 120 s late; one that crashed comes again, much later.
    events = [
        (number * 1.5 + chance.uniform(0, 120), key) for number, key in enumerate(keys) for _ in range(3)
    ]
    queue = [key for _, key in sorted(events) if chance.random() < 0.8] + keys
    while queue:
        key = queue.pop(0)
        try:
            shuffled.take(key)
        except Unavailable:
            queue.insert(min(len(queue), chance.randrange(1, 60)), key)
        if chance.random() < 0.3:
            tell(shuffled, chance)
    assert tables(shuffled) == tables(orderly)
    for world in (orderly, shuffled):
        tell(world, chance)
    assert alerts(shuffled) == alerts(orderly)
    assert len(visits_of(tables(orderly)[1])) == 9, "the scenes are busy enough to go wrong"
    assert len(alerts(orderly)) == 9


def tell(world: World, chance: random.Random) -> None:
    """Send the alerts of what was published until now, in any order, some of it twice."""
    messages = [(report, change) for report, change in world.publisher.published if change.is_news]
    messages += [message for message in messages if chance.random() < 0.3]
    chance.shuffle(messages)
    world.publisher.published.clear()
    for report, change in messages:
        send_alerts(
            report.key.camera_id,
            change,
            site=world.site,
            minutes=world.reports,
            alerts=world.alerts,
            notifier=FakeNotifier(),
            clock=lambda: at(300),
        )


def alerts(world: World) -> list[tuple[Any, ...]]:
    """Every alert that is stored about the camera."""
    records = world.alerts.alerts(NOON, NOON + 10 * MINUTE)
    return [(record.alert, record.state) for record in records]


def tables(world: World) -> tuple[tuple[Any, ...], tuple[Minute, ...]]:
    """Everything that is stored about the camera."""
    end = NOON + 10 * MINUTE
    return world.reports.reports("hall", NOON, end), world.reports.minutes("hall", NOON, end)


class Meddler(FakeReportStore):
    """Lets another handler take a frame of the next minute in the middle of ours."""

    def __init__(self) -> None:
        super().__init__()
        self.between: Any = None

    def minute_before(self, camera_id: str, begins_at: datetime) -> Minute | None:
        found = super().minute_before(camera_id, begins_at)
        if self.between:
            between, self.between = self.between, None
            between()
        return found


def test_two_handlers_on_neighbouring_minutes_do_not_miss_each_other() -> None:
    scenes = [(seen(),)] * 3
    orderly, raced = World(scenes), World(scenes)
    raced.reports = store = Meddler()
    for world in (orderly, raced):
        keys = [world.arrive(second, b"0") for second in (58, 59, 61)]
    for key in keys:
        orderly.take(key)
    raced.take(keys[0])
    # The frame of the next minute reads its predecessor; then the last frame of that comes, and only
    # then is the new minute written, from what is old by now.
    store.between = lambda: raced.take(keys[1])
    raced.take(keys[2])
    assert tables(raced) == tables(orderly)
