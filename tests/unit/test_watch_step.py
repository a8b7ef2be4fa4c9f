"""The look that comes each minute: dead letters and the proof, looks that die, and looks at once."""

import contextlib
from dataclasses import dataclass
from datetime import datetime

import pytest

from tests.builders import at, visit
from tests.health_fakes import FakeDeadLetters, FakeHealthStore
from tests.watched_night import SITE, Night, minutes
from vigie.domain.cameras import CANARY
from vigie.domain.frames import FrameKey
from vigie.domain.health import Proof, Stage, Vigil
from vigie.domain.instants import MILLISECOND
from vigie.domain.notices import NoticeKind
from vigie.domain.series import VisitsChange
from vigie.domain.sites import Site, Watchfulness
from vigie.errors import Unavailable
from vigie.steps.prove import announce_canary, record_proof, send_canary


class Died(BaseException):
    """The function's process ended."""


@pytest.fixture
def night() -> Night:
    return Night()


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
