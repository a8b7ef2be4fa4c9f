"""Frames delivered as S3 and SQS may: late, again, in any order, to parallel handlers that die.

The real steps run over the fakes, each of whose calls is atomic as a table's is. A turnstile lets one worker
at a time make its next call, drawn by chance, so that all interleavings are possible and a seed repeats one.
"""

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from tests.builders import NOON, at
from tests.fake_alerts import FakeAlertStore
from tests.fake_lamps import FakeLampShadows
from tests.fakes import FakeArtist, FakeFrameStore, FakePictureStore, FakeReportStore, FakeRollupStore
from tests.turnstile import Turnstile
from vigie.domain.alerting import AlertState
from vigie.domain.cameras import Camera, Zone
from vigie.domain.frames import Frame, FrameKey
from vigie.domain.hours import Hours
from vigie.domain.lamps import Covering, LampGroup
from vigie.domain.lighting import Lease
from vigie.domain.notices import Delivery, Notice
from vigie.domain.reports import FrameReport
from vigie.domain.rules import AlertRule
from vigie.domain.series import VisitsChange
from vigie.domain.sites import Place, Site
from vigie.errors import Conflict, Unavailable
from vigie.steps.alert import CLAIM_LEASE_S, send_alerts
from vigie.steps.detect import detect_frame
from vigie.steps.light import set_lights
from vigie.steps.ports import Sighting

WORKERS = 4
LATEST_S = 120.0
_BATCH = 10
_DEATHS = 0.01  # after each write


def _lamps(group_id: str, *covered_by: Covering) -> LampGroup:
    group = LampGroup(group_id=group_id, covered_by=covered_by, hours=(Hours(),))
    return replace(group, hold_s=3600.0, silent_after_s=3600.0)  # nothing is past by the clock below


_DOOR = Zone("door", ((0, 0), (0.5, 0), (0.5, 1), (0, 1)))
SITE = Site(
    cameras=(Camera("door", zones=(_DOOR,)), Camera("hall", zones=(_DOOR,)), Camera("street")),
    places=(Place(name="entrance", cameras=("door", "hall")),),
    rules=(
        AlertRule(rule_id="people", labels=(), cooldown_s=20),
        AlertRule(rule_id="crowd", min_number=3, cooldown_s=0),
        AlertRule(rule_id="lingers", zones=("door",), min_stay_s=6, cooldown_s=60),
    ),
    cooldown_s=4,
    max_alert_age_s=1e9,
    lamp_groups=(
        _lamps("entrance", Covering(camera="door", zones=("door",)), Covering(camera="hall")),
        _lamps("street", Covering(camera="street")),
    ),
)
# The same cameras under other rules: one site alone would be a blind spot.
SITES = (
    SITE,
    replace(SITE, rules=(AlertRule(rule_id="people", labels=(), cooldown_s=0),), cooldown_s=0),
    replace(
        SITE,
        rules=(
            AlertRule(rule_id="people"),
            AlertRule(rule_id="two", min_number=2, cooldown_s=0, labels=()),
            AlertRule(rule_id="later", hours=(Hours(begin="12:02", end="12:04"),), cooldown_s=10),
        ),
        cooldown_s=0,
    ),
)
END = NOON + timedelta(hours=6)


@dataclass
class Outcome:
    """What is stored in the end."""

    reports: tuple[FrameReport, ...]
    minutes: tuple[Any, ...]
    asked: tuple[Any, ...]
    alerts: tuple[Any, ...]
    stale: tuple[Any, ...]
    lamps: tuple[Any, ...]
    told: Counter[str]

    @property
    def messages(self) -> int:
        """How many messages people got."""
        return self.told.total()

    @property
    def untold(self) -> Counter[str]:
        """By rule, how many of the alerts that are said to be sent went with no message at all."""
        sent = Counter(alert.rule_id for alert, state in self.alerts if state is AlertState.SENT)
        return sent - self.told


class Killed(Unavailable):
    """The function died after a write."""


class Perilous:
    """A store each call of which waits for its turn, and after whose writes the function may die."""

    def __init__(self, store: object, world: "World", writes: Sequence[str]) -> None:
        self._store, self._world, self._writes = store, world, writes

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._store, name)

        def taking_turns(*args: Any, **options: Any) -> Any:
            self._world.turnstile.turn()
            answer = call(*args, **options)
            if name in self._writes and self._world.chance.random() < self._world.deaths:
                raise Killed(f"the function died after {name}")
            return answer

        return taking_turns


@dataclass
class World:
    """Three cameras, the functions, and two queues."""

    frames: Sequence[FrameReport]
    chance: random.Random
    deaths: float = 0.0
    workers: int = 1
    site: Site = SITE
    told: Counter[str] = field(default_factory=Counter)
    ticks: int = 0
    sights: dict[FrameKey, FrameReport] = field(init=False)
    frame_store: FakeFrameStore = field(default_factory=FakeFrameStore)
    frame_queue: list[str] = field(default_factory=list)
    alert_queue: list[tuple[str, VisitsChange]] = field(default_factory=list)
    lamp_queue: list[tuple[str, VisitsChange]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.turnstile = Turnstile(self.chance, self.workers)
        self.report_store, self.alert_store = FakeReportStore(), FakeAlertStore()
        self.reports: Any = Perilous(self.report_store, self, ("add_report", "put_minute"))
        writes = ("ask", "unask", "record", "close", "adopt", "forget")
        self.alerts: Any = Perilous(self.alert_store, self, writes)
        self.picture_store, self.stale_store = FakePictureStore(), FakeRollupStore()
        self.pictures: Any = Perilous(self.picture_store, self, ("put",))
        self.stale: Any = Perilous(self.stale_store, self, ("mark",))
        self.lamp_shadows = FakeLampShadows()
        self.shadows: Any = Perilous(self.lamp_shadows, self, ("ask",))
        self.sights = {report.key: report for report in self.frames}
        for report in self.frames:
            self.frame_store.frames[str(report.key)] = Frame(
                report.key, str(report.key).encode(), interval_s=report.interval_s
            )

    # The detector, the publisher and the notifier.
    name = "recorded@00000000"

    def detect(self, jpeg: bytes) -> Sighting:
        report = self.sights[FrameKey.parse(jpeg.decode())]
        return Sighting(report.width, report.height, report.detections, report.timings)

    def publish_report(
        self, report: FrameReport, change: VisitsChange, *, tells_lamps: bool = False, **_: object
    ) -> None:
        self.turnstile.turn()
        if change.is_news:
            self.alert_queue.append((report.key.camera_id, change))
        if tells_lamps:
            self.lamp_queue.append((report.key.camera_id, change))
        if self.chance.random() < self.deaths:
            raise Killed("the function died after publishing")

    def notify(self, notice: Notice) -> Delivery:
        self.turnstile.turn()
        self.told[notice.data["rule"]] += 1
        if self.chance.random() < self.deaths:
            raise Killed("the function died after sending")
        return Delivery.SENT

    def clock(self) -> datetime:
        return NOON + timedelta(hours=1, seconds=self.ticks * 0.1)

    def work(self) -> None:
        """Take batches from the queues until they are empty; what fails comes again."""
        known: dict[str, Lease] = {}  # each worker its own
        while self.frame_queue or self.alert_queue or self.lamp_queue:
            queue: list[Any] = self.frame_queue
            if not queue or (self.alert_queue and self.chance.random() < 0.4):
                queue = self.alert_queue
            if not queue or (self.lamp_queue and self.chance.random() < 0.3):
                queue = self.lamp_queue
            batch = [queue.pop(0) for _ in range(min(_BATCH, len(queue)))]
            for message in batch:
                self.ticks += 1
                try:
                    if queue is self.lamp_queue:
                        self._light(message, known)
                    else:
                        self._take(message)
                except (Killed, Conflict):
                    place = min(len(queue), self.chance.randrange(1, 60))
                    queue.insert(place, message)
                    self.ticks += int(CLAIM_LEASE_S / 0.1 / 20)
                self.turnstile.turn()

    def _take(self, message: Any) -> None:
        if isinstance(message, str):
            detect_frame(
                message,
                site=self.site,
                detector=self,
                frames=self.frame_store,
                reports=self.reports,
                artist=FakeArtist(),
                pictures=self.pictures,
                stale=self.stale,
                publisher=self,
                clock=lambda: at(2 * 86_400),  # the day was drawn long ago
            )
        else:
            camera_id, change = message
            send_alerts(
                camera_id,
                change,
                site=self.site,
                minutes=self.reports,
                alerts=self.alerts,
                notifier=self,
                clock=self.clock,
            )

    def _light(self, message: tuple[str, VisitsChange], known: dict[str, Lease]) -> None:
        stores: dict[str, Any] = {"minutes": self.reports, "shadows": self.shadows, "known": known}
        set_lights(*message, site=self.site, clock=lambda: at(1200), **stores)

    def outcome(self) -> Outcome:
        """Return everything that is stored."""
        cameras = sorted({report.key.camera_id for report in self.frames})
        return Outcome(
            reports=tuple(r for c in cameras for r in self.report_store.reports(c, NOON, END)),
            minutes=tuple(m for c in cameras for m in self.report_store.minutes(c, NOON, END)),
            asked=self.alert_store.asked(NOON, END),
            alerts=tuple((r.alert, r.state) for r in self.alert_store.alerts(NOON, END)),
            stale=tuple((hour.camera_id, hour.begins_at) for hour in self.stale_store.marked()),
            lamps=tuple(self.lamp_shadows.desired(group.group_id)[0] for group in self.site.lamp_groups),
            told=self.told,
        )


def orderly(frames: Sequence[FrameReport], site: Site = SITE) -> Outcome:
    """Deliver each frame once, in order of capture, and tell of each before the next comes."""
    world = World(frames, random.Random(0), site=site)
    for report in sorted(frames, key=lambda report: (report.key.captured_at, report.key.camera_id)):
        world.frame_queue.append(str(report.key))
        world.work()
    return world.outcome()


def disorderly(frames: Sequence[FrameReport], seed: int, site: Site = SITE) -> Outcome:
    """Deliver each frame up to three times, each time up to two minutes late, to handlers that die.

    One run in three lets whole cameras lag, each by its own time, whose frames stay in order but for the
    repeated ones.
    """
    chance = random.Random(seed)
    world = World(frames, chance, deaths=_DEATHS, workers=WORKERS, site=site)
    cameras = sorted({report.key.camera_id for report in frames})
    lag = {camera: chance.uniform(0, LATEST_S) for camera in cameras} if chance.random() < 1 / 3 else {}
    deliveries = [
        (
            (report.key.captured_at - NOON).total_seconds()
            + (lag[report.key.camera_id] if lag and not again else chance.uniform(0, LATEST_S)),
            str(report.key),
        )
        for report in frames
        for again in range(chance.randint(1, 3))
    ]
    world.frame_queue = [key for _, key in sorted(deliveries)]
    world.turnstile.run(world.work)
    world.work()  # a worker may leave while another one's last message fails and comes again
    return world.outcome()


def differences(expected: Outcome, found: Outcome) -> Mapping[str, Iterable[Any]]:
    """Return what differs, table by table."""
    return {
        name: [one for one in (*theirs, *ours) if (one in theirs) != (one in ours)]
        for name in ("reports", "minutes", "asked", "alerts", "stale", "lamps")
        if (theirs := getattr(expected, name)) != (ours := getattr(found, name))
    }
