"""A site with one camera, the watch that looks at it, and a clock that is set by hand."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.builders import NOON, at, report, seen
from tests.fakes import FakeFrameStore, FakeNotifier, FakeReportStore
from tests.health_fakes import FakeDeadLetters, FakeHealthStore, FakeHeartbeats
from vigie.domain.cameras import CANARY, Camera
from vigie.domain.darkness import HeartbeatSeen
from vigie.domain.frames import FrameKey
from vigie.domain.health import Proof
from vigie.domain.heartbeats import CameraLife, Heartbeat
from vigie.domain.notices import Delivery, Notice, NoticeKind
from vigie.domain.sites import Site, Watchfulness
from vigie.steps.minutes import keep_minutes
from vigie.steps.watch import Senses, watch_cameras

SITE = Site(
    cameras=(Camera("hall", "Entrance hall"),),
    watchfulness=Watchfulness(dark_after_s=300, dead_after_s=60, unproven_after_s=9000),
)


@dataclass
class Teller(FakeNotifier):
    """A notifier that can be made to fail, or its function to die, before or after a notice goes out."""

    budget: int = 1_000_000
    withheld: int = 0
    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None

    def notify(self, notice: Notice) -> Delivery:
        self.before()
        if len(self.sent) >= self.budget:
            self.withheld += 1
            return Delivery.WITHHELD
        delivery = super().notify(notice)
        self.after()
        return delivery

    @property
    def kinds(self) -> list[NoticeKind]:
        return [notice.kind for notice in self.sent]


@dataclass
class Night:
    """A site, and a clock that is set by hand."""

    site: Site = SITE
    vigils: FakeHealthStore = field(default_factory=FakeHealthStore)
    teller: Teller = field(default_factory=Teller)
    heartbeats: FakeHeartbeats = field(default_factory=FakeHeartbeats)
    reports: FakeReportStore = field(default_factory=FakeReportStore)
    frames: FakeFrameStore = field(default_factory=FakeFrameStore)
    letters: FakeDeadLetters = field(default_factory=FakeDeadLetters)

    def __post_init__(self) -> None:
        self.vigils.add_proof(Proof(FrameKey(CANARY, NOON), NOON, 1.0))

    def look(self, seconds: float) -> tuple[str, ...]:
        return watch_cameras(
            site=self.site,
            senses=Senses(
                heartbeats=self.heartbeats,
                minutes=self.reports,
                frames=self.frames,
                letters=self.letters,
                proofs=self.vigils,
            ),
            vigils=self.vigils,
            notifier=self.teller,
            clock=lambda: at(seconds),
        )

    def frame(self, seconds: float) -> None:
        """A frame that comes all the way."""
        seen_then = report(seconds, seen())
        self.reports.add_report(seen_then)
        keep_minutes(seen_then, store=self.reports, following=SITE.following("hall"))

    def beat(self, seconds: float, *, camera: str = "hall", **life: object) -> None:
        said = {"last_captured_at": at(seconds - 1), "state": "running", **life}
        heartbeat = Heartbeat(
            agent_id="attic",
            at=at(seconds),
            version="1",
            cameras=(CameraLife(camera_id=camera, **said),),  # type: ignore[arg-type]
        )
        self.heartbeats.beats["attic"] = HeartbeatSeen(heartbeat, at(seconds))


def minutes(first: float, last: float) -> range:
    return range(int(first * 60), int(last * 60) + 1, 60)
