"""What edges hold back for a cap is over budget: marked whatever heartbeats come, and told once a day."""

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.budget_fakes import FakePurse
from tests.builders import NOON, at, report
from tests.fakes import FakeFrameStore, FakeNotifier, FakeReportStore, FakeRollupStore
from tests.health_fakes import FakeDeadLetters, FakeHealthStore, FakeHeartbeats
from vigie.documents import read_json, to_json
from vigie.domain.cameras import CANARY, Camera
from vigie.domain.caps import Account, Caps, Spending, spending_day
from vigie.domain.darkness import HeartbeatSeen
from vigie.domain.frames import Frame, FrameKey
from vigie.domain.health import Proof
from vigie.domain.heartbeats import CameraLife, Heartbeat, HeldSpan
from vigie.domain.instants import day_bounds
from vigie.domain.notices import Notice, NoticeKind
from vigie.domain.rollups import day_totals
from vigie.domain.series import camera_day
from vigie.domain.sites import Site, Watchfulness
from vigie.errors import ConfigError
from vigie.steps.budget_ports import OverBudget, over_budget_minutes
from vigie.steps.minutes import keep_minutes
from vigie.steps.watch import Senses, watch_cameras

FRAMES = Spending.FRAMES
SITE = Site(
    cameras=(Camera("hall", "Entrance hall"),),
    watchfulness=Watchfulness(dark_after_s=180, unproven_after_s=0),
    time_zone="Europe/Paris",
    caps=Caps(frames_a_camera=48),
)


def span(begin_s: float, end_s: float) -> HeldSpan:
    return HeldSpan(begins_at=at(begin_s), ends_at=at(end_s))


def beat(seconds: float, *spans: HeldSpan, agent: str = "attic", camera: str = "hall") -> HeartbeatSeen:
    life = CameraLife(camera_id=camera, state="running", held_in=spans, last_captured_at=at(seconds))
    return HeartbeatSeen(Heartbeat(agent_id=agent, at=at(seconds), version="1", cameras=(life,)), at(seconds))


@dataclass
class Office:
    """The watch with what it needs, in memory."""

    site: Site = SITE
    purse: FakePurse = field(default_factory=FakePurse)
    vigils: FakeHealthStore = field(default_factory=FakeHealthStore)
    teller: FakeNotifier = field(default_factory=FakeNotifier)
    beats: FakeHeartbeats = field(default_factory=FakeHeartbeats)
    frames: FakeFrameStore = field(default_factory=FakeFrameStore)
    stale: FakeRollupStore = field(default_factory=FakeRollupStore)

    def __post_init__(self) -> None:
        self.vigils.add_proof(Proof(FrameKey(CANARY, NOON), NOON, 1.0))

    def look(self, now: datetime, *beats: HeartbeatSeen) -> list[Notice]:
        """Look once with these as the agents' newest heartbeats; return what people heard."""
        before = len(self.teller.sent)
        self.beats.beats |= {each.heartbeat.agent_id: each for each in beats}
        watch_cameras(
            site=self.site,
            senses=Senses(
                heartbeats=self.beats,
                minutes=FakeReportStore(),
                frames=self.frames,
                letters=FakeDeadLetters(),
                proofs=self.vigils,
                purse=self.purse,
                marks=self.purse,
                stale=self.stale,
            ),
            vigils=self.vigils,
            notifier=self.teller,
            clock=lambda: now,
        )
        return self.teller.sent[before:]

    def marked(self, camera: str = "hall") -> list[float]:
        """Return the marked minutes, in seconds after noon."""
        marks = self.purse.marked(camera, NOON - timedelta(days=9), NOON + timedelta(days=9))
        return [(mark.begins_at - NOON).total_seconds() for mark in marks]


def test_minutes_held_back_are_over_budget_and_told_once_a_day() -> None:
    office = Office()
    told = [office.look(at(60 * n), beat(60 * n, span(0, 60 * n))) for n in range(1, 30)]
    assert office.marked() == [60.0 * n for n in range(29)]
    (notice,) = told[0]
    assert told[1:] == [[]] * 28, "neither once more, nor as a dark camera"
    assert (notice.data["spending"], notice.data["cap"], notice.data["held_back"]) == ("frames", 48, True)
    assert notice.data["camera"] == {"id": "hall", "name": "Entrance hall"}
    assert "come faster than today's budget of 48" in notice.email
    (account,) = office.purse.accounts(NOON.date())
    assert account == Account(kind=FRAMES, camera_id="hall", taken=0, held_at=48)
    assert account.is_held_back(SITE.caps)
    assert not account.is_held_back(Caps(frames_a_camera=49))


def test_midnight_of_the_sites_clock_ends_it_and_the_next_day_is_told_again() -> None:
    office = Office()
    midnight = (day_bounds(NOON.date(), SITE.tz)[1] - NOON).total_seconds()
    assert midnight == 11 * 3600
    assert len(office.look(at(midnight - 60), beat(midnight - 60, span(midnight - 180, midnight - 60)))) == 1
    # Yesterday's last minute is known after midnight only, and is yesterday's.
    for n in range(5):
        assert (
            office.look(at(midnight + 60 * n), beat(midnight + 60 * n, span(midnight - 180, midnight))) == []
        )
    assert office.marked()[-1] == midnight - 60
    assert office.purse.accounts(spending_day(at(midnight), SITE.tz)) == ()
    later = midnight + 600
    (notice,) = office.look(at(later), beat(later, span(midnight + 300, later)))
    assert notice.data["day"] == "2026-02-01"


@pytest.mark.parametrize("seed", range(5))
def test_heartbeats_may_come_again_late_and_in_any_order(seed: int) -> None:
    chance = random.Random(seed)
    spans = [span(60 * n, 60 * (n + chance.randint(1, 4))) for n in range(0, 100, 5)]
    beats = [
        beat(span.ends_at.timestamp() - NOON.timestamp(), *spans[: n + 1]) for n, span in enumerate(spans)
    ]
    in_order, shuffled = Office(), Office()
    for each in beats:
        in_order.look(at(7200), each)
    some = [*beats[:-1], *chance.choices(beats, k=9)]
    chance.shuffle(some)
    for each in (*some, beats[-1]):
        shuffled.look(at(7200), each)
    assert shuffled.marked() == in_order.marked()
    assert len(in_order.marked()) == sum((each.ends_at - each.begins_at).seconds // 60 for each in spans)
    for office in (in_order, shuffled):
        assert [sent.kind for sent in office.teller.sent].count(NoticeKind.OVER_BUDGET) == 1


def test_a_minute_that_has_frames_is_covered_whatever_its_mark_says() -> None:
    office = Office()
    office.look(at(600), beat(600, span(0, 300)))
    reports = FakeReportStore()
    for frame in (report(130), report(70)):  # that a spool sent late
        reports.add_report(frame)
        keep_minutes(frame, store=reports, following=SITE.following("hall"))
    begin, end = day_bounds(NOON.date(), SITE.tz)
    day = camera_day(
        SITE.camera("hall"),
        begin,
        end,
        minutes=reports.minutes("hall", begin, end),
        reports=(),
        earlier=None,
        quarantined=0,
        following=SITE.following("hall"),
        over_budget=over_budget_minutes(office.purse, "hall", begin, end),
    )
    totals = day_totals(day, NOON.date(), SITE.tz)
    assert (totals.covered, totals.over_budget) == (2, 3)


def test_only_whole_minutes_of_the_last_two_days_are_believed() -> None:
    office = Office()
    far = 4 * 86_400
    office.look(at(far), beat(far + 30, span(0, far + 6000)))
    assert office.marked()[0] == far - 2 * 86_400
    assert len(office.marked()) == 120, "the next looks go on"
    for _ in range(30):
        office.look(at(far), beat(far + 30, span(0, far + 6000)))
    assert office.marked()[-1] == far - 60, "nothing of the minute under way, nor of what is to come"
    office.look(at(far), beat(far, span(0, 60), camera=CANARY, agent="cellar"))
    assert office.marked(CANARY) == []


def test_a_day_that_was_drawn_for_good_is_drawn_again() -> None:
    office = Office()
    office.look(at(86_400), beat(86_400, span(0, 7200)))
    assert [hour.begins_at for hour in office.stale.marked()] == [NOON, at(3600)]
    office.look(at(86_400), beat(86_400, span(0, 7200)))
    assert [hour.version for hour in office.stale.marked()] == ["1", "2"], "once"


def test_a_cap_of_nothing_is_marked_and_told_like_any_other() -> None:
    office = Office(site=replace(SITE, caps=Caps(frames_a_camera=0)))
    told = [office.look(at(60 * n), beat(60 * n, span(0, 60 * n))) for n in range(1, 5)]
    assert [len(each) for each in told] == [1, 0, 0, 0]
    assert told[0][0].subject == "No frames of Entrance hall are allowed"
    assert len(office.marked()) == 4


def test_frames_that_nobody_looks_at_are_told_though_others_are_held_back() -> None:
    office = Office()
    for seconds in range(0, 1800, 180):
        key = FrameKey("hall", at(seconds))
        office.frames.post(Frame(key, b"jpeg"))
        office.frames.arrived[str(key)] = key.captured_at
    kinds = []
    for n in range(1, 31):
        held = [span(s + 60, min(s + 180, 60 * n)) for s in range(0, 60 * n - 60, 180)]
        kinds += [notice.kind for notice in office.look(at(60 * n), beat(60 * n, *held))]
    assert kinds == [NoticeKind.OVER_BUDGET, NoticeKind.CAMERA_DARK]
    assert "none is looked at" in office.teller.sent[1].data["reason"]


def test_what_the_cloud_refuses_after_an_edge_has_held_back_is_not_told_again() -> None:
    office = Office()
    assert len(office.look(at(60), beat(60, span(0, 60)))) == 1
    office.purse.take(FRAMES, camera_id="hall", day=NOON.date(), cap=48, number=49)
    assert office.look(at(120), beat(120, span(0, 120))) == []


def test_a_heartbeat_with_times_of_no_zone_is_no_heartbeat() -> None:
    said = to_json(Heartbeat, beat(60, span(0, 60)).heartbeat).decode()
    assert read_json(Heartbeat, said, source="it").cameras[0].held_in == (span(0, 60),)
    for broken in (said.replace("12:00:00Z", "12:00:00"), said.replace("12:00:00Z", "12:00:07Z")):
        assert broken != said
        with pytest.raises(ConfigError, match="begins_at is the beginning of a minute, with its time zone"):
            read_json(Heartbeat, broken, source="it")
    with pytest.raises(ConfigError, match="at needs a time zone"):
        read_json(
            Heartbeat,
            said.replace('"at": "2026-01-31T12:01:00Z"', '"at": "2026-01-31T12:01:00"'),
            source="it",
        )


def test_minutes_may_be_said_in_another_zone() -> None:
    office, east = Office(), timezone(timedelta(hours=5, minutes=30))
    spans = HeldSpan(begins_at=at(0).astimezone(east), ends_at=at(120).astimezone(east))
    office.look(at(120), beat(120, spans))
    marks = office.purse.marked("hall", NOON, at(600))
    assert marks == (OverBudget(NOON, FRAMES, held=True), OverBudget(at(60), FRAMES, held=True))
    assert {mark.begins_at.tzinfo for mark in marks} == {UTC}
