"""The look that comes each minute: what people hear of troubles, of looks that die and of looks at once."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from tests.builders import NOON, at, report, seen, visit
from tests.fakes import FakeFrameStore, FakeNotifier, FakeReportStore
from tests.health_fakes import FakeDeadLetters, FakeHealthStore, FakeHeartbeats
from vigie.domain.cameras import CANARY, Camera
from vigie.domain.darkness import HeartbeatSeen
from vigie.domain.frames import Frame, FrameKey
from vigie.domain.health import Proof, Stage, Vigil
from vigie.domain.heartbeats import CameraLife, Heartbeat
from vigie.domain.instants import MILLISECOND
from vigie.domain.notices import Notice, NoticeKind
from vigie.domain.series import VisitsChange
from vigie.domain.sites import Site, Watchfulness
from vigie.errors import Unavailable
from vigie.steps.minutes import keep_minutes
from vigie.steps.prove import announce_canary, record_proof, send_canary
from vigie.steps.watch import Senses, dark_cameras, watch_cameras

SITE = Site(
    cameras=(Camera("hall", "Entrance hall"),),
    watchfulness=Watchfulness(dark_after_s=300, dead_after_s=60, unproven_after_s=9000),
)


class Died(BaseException):
    """The function's process ended."""


@dataclass
class Teller(FakeNotifier):
    """A notifier that can be made to fail, or its function to die, before or after a notice goes out."""

    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None

    def notify(self, notice: Notice) -> None:
        self.before()
        super().notify(notice)
        self.after()

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


@pytest.fixture
def night() -> Night:
    return Night()


def minutes(first: float, last: float) -> range:
    return range(int(first * 60), int(last * 60) + 1, 60)


def test_a_camera_goes_dark_and_comes_back(night: Night) -> None:
    for second in minutes(0, 60):
        if not 10 * 60 <= second < 30 * 60:
            night.frame(second)
        night.look(second + 5)
    dark, back = night.teller.sent
    assert (dark.kind, dark.data["since"]) == (NoticeKind.CAMERA_DARK, "2026-01-31T12:09:00.000Z")
    assert dark.data["camera"] == {"id": "hall", "name": "Entrance hall"}
    assert dark.data["reason"] == "its frames have stopped, and no agent says why"
    assert (back.kind, back.data["since"]) == (NoticeKind.CAMERA_BACK, "2026-01-31T12:09:00.000Z")
    assert back.data["back_at"] == "2026-01-31T12:30:05.000Z"


def test_a_gated_camera_is_not_dark_and_a_flickering_one_is_told_once(night: Night) -> None:
    night.frame(0)
    for second in minutes(1, 60):
        night.beat(second)
        night.look(second + 5)
    assert night.teller.sent == []
    for second in minutes(61, 120):
        if second % 600 == 0:  # a stray picture in ten minutes
            night.frame(second)
        night.look(second + 5)
    assert night.teller.kinds == [NoticeKind.CAMERA_DARK]


def test_a_camera_that_never_came_and_one_that_only_an_agent_knows(night: Night) -> None:
    night.beat(0, camera="yard", last_captured_at=None, state="failing", error="no route to host")
    for second in minutes(0, 20):
        night.look(second)
    reasons = {notice.data["camera"]["id"]: notice.data["reason"] for notice in night.teller.sent}
    assert reasons == {
        "hall": "nothing was ever heard of it; is an agent running that watches it?",
        "yard": "its agent attic is silent since 12:00: it has no power or no network, or was stopped",
    }
    assert set(dark_cameras(night.vigils.vigils())) == {"hall", "yard"}


@pytest.mark.parametrize("frames", [1, 3], ids=["one that failed", "a standstill"])
def test_frames_that_nobody_looks_at_make_a_camera_dark_though_its_agent_is_well(
    night: Night, frames: int
) -> None:
    night.frame(0)
    for second in range(30, 30 + frames):
        key = FrameKey("hall", at(second))
        night.frames.post(Frame(key, b"jpeg"))
        night.frames.arrived[str(key)] = at(second + 1)
    for second in minutes(1, 20):
        night.beat(second)
        night.look(second + 5)
    reasons = [notice.data["reason"] for notice in night.teller.sent]
    assert len(reasons) == (frames > 1)
    assert all("the fault is in the cloud" in reason for reason in reasons)


def test_dead_letters_and_the_proof_are_told_once_and_once_when_it_is_over(night: Night) -> None:
    night.site = Site(watchfulness=Watchfulness(dead_after_s=60, unproven_after_s=3600))
    for second in minutes(0, 120):
        night.letters.held = {"frames": 3 if 600 <= second < 1200 else 0, "alerts": 0}
        if second == 5400:
            night.vigils.add_proof(Proof(FrameKey(CANARY, at(5400)), at(5402), 2.0))
        night.look(second + 5)
    assert night.teller.kinds == [
        NoticeKind.DEAD_LETTERS,
        NoticeKind.DEAD_LETTERS_GONE,
        NoticeKind.UNPROVEN,
        NoticeKind.PROVEN_AGAIN,
    ]
    assert night.teller.sent[0].data["count"] == 3


def die() -> None:
    raise Died


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("over", [False, True], ids=["and it lasts", "and it is over by then"])
def test_a_look_that_dies_loses_no_notice(night: Night, when: str, *, over: bool) -> None:
    night.frame(0)
    setattr(night.teller, when, die)
    with contextlib.suppress(Died):
        night.look(400)
    setattr(night.teller, when, lambda: None)
    sent = len(night.teller.sent)
    assert sent == (when == "after")
    for second in minutes(8, 30):
        if over:
            night.frame(second - 1)
        night.look(second)
    last = NoticeKind.CAMERA_BACK if over else NoticeKind.CAMERA_DARK
    assert night.teller.kinds[sent:] == [last], "at most once too often, never not at all"


def test_two_looks_at_once_tell_once(night: Night) -> None:
    night.frame(0)
    night.look(10)
    stale = night.vigils.vigils()
    night.look(400)
    late = Night(vigils=night.vigils, teller=night.teller, reports=night.reports)
    late.vigils = StaleStore(night.vigils, stale)  # type: ignore[assignment]
    late.look(400)
    assert night.teller.kinds == [NoticeKind.CAMERA_DARK]


@dataclass
class StaleStore:
    """A store as somebody sees it who read a moment too early."""

    real: FakeHealthStore
    stale: dict[str, Vigil]

    def vigils(self) -> dict[str, Vigil]:
        return self.stale

    def put_vigil(self, vigil: Vigil, *, replaces: Vigil | None) -> None:
        self.real.put_vigil(vigil, replaces=replaces)

    def last_proof(self) -> Proof | None:
        return self.real.last_proof()

    def add_proof(self, proof: Proof) -> None:
        self.real.add_proof(proof)


def test_what_cannot_be_told_now_is_told_later_and_holds_nothing_else_up(night: Night) -> None:
    def refuse() -> None:
        raise Unavailable("SNS is out of reach")

    night.letters.held = {"frames": 1}
    night.look(0)
    night.teller.before = refuse
    with pytest.raises(Unavailable):
        night.look(400)
    stages = {subject: vigil.stage for subject, vigil in night.vigils.vigils().items()}
    assert stages["letters/frames"] is stages["camera/hall"] is Stage.TELLING
    night.teller.before = lambda: None
    night.look(460)
    assert sorted(night.teller.kinds) == [NoticeKind.CAMERA_DARK, NoticeKind.DEAD_LETTERS]


def test_what_cannot_be_looked_at_keeps_no_other_from_being_so(night: Night) -> None:
    class Deaf(FakeDeadLetters):
        def counts(self) -> dict[str, int]:
            raise Unavailable("SQS is out of reach")

    night.letters = Deaf()
    for second in (0, 400):
        with pytest.raises(Unavailable):
            night.look(second)
    assert night.teller.kinds == [NoticeKind.CAMERA_DARK]


def test_a_canary_is_sent_announced_and_recorded(night: Night) -> None:
    key = send_canary(b"jpeg", frames=night.frames, clock=lambda: at(3600))
    assert key == FrameKey(CANARY, at(3600))
    assert night.frames.load(key).metadata() == {"interval-s": "1", "sampled-at": "2026-01-31T13:00:00.000Z"}
    for second, begun in ((3600, (visit(3600, camera=CANARY),)), (3700, ())):
        sent = FrameKey(CANARY, at(second))
        change = VisitsChange(begun, at(second), at(second) + MILLISECOND)
        announced = announce_canary(sent, change, site=SITE, proofs=night.vigils, notifier=night.teller)
        assert announced is bool(begun)
    assert night.teller.kinds == [NoticeKind.CANARY]
    assert night.vigils.last_told() == key

    def later() -> datetime:
        return at(3602.5)

    record_proof(key, proofs=night.vigils, clock=later)
    assert night.vigils.last_proof() == Proof(key, at(3602.5), 2.5)
