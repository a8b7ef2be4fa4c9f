"""Frames in any order, repeated, and by handlers that die: the same tables and the same alerts."""

import random
from datetime import datetime
from typing import Any

import pytest

from tests.builders import NOON, at, seen
from tests.detect_world import World
from tests.fakes import FakeNotifier, FakeReportStore
from vigie.domain.detections import Detection
from vigie.domain.rules import AlertRule
from vigie.domain.series import MINUTE, Minute, visits_of
from vigie.domain.sites import Site
from vigie.errors import Unavailable
from vigie.steps.alert import send_alerts


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
