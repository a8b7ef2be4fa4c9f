"""Budgets that are used up, as the watch tells them: one notice for each kind, camera and day."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from tests.budget_fakes import FakePurse
from tests.builders import NOON, at
from tests.fakes import FakeFrameStore, FakeNotifier, FakeReportStore, FakeRollupStore
from tests.health_fakes import FakeDeadLetters, FakeHealthStore, FakeHeartbeats
from vigie.documents import PRICE_LIST, read_toml
from vigie.domain.cameras import CANARY, Camera
from vigie.domain.caps import Caps, Spending, spending_day
from vigie.domain.darkness import HeartbeatSeen
from vigie.domain.frames import Frame, FrameKey
from vigie.domain.health import Proof
from vigie.domain.heartbeats import CameraLife, Heartbeat
from vigie.domain.hours import Hours
from vigie.domain.lamps import Covering, LampGroup
from vigie.domain.notices import NoticeKind
from vigie.domain.prices import Prices
from vigie.domain.sites import Site, Watchfulness
from vigie.errors import Unavailable
from vigie.steps.daily_bill import Ledger
from vigie.steps.watch import Senses, watch_cameras

SITE = Site(
    cameras=(Camera("hall", "Entrance hall"),),
    watchfulness=Watchfulness(dark_after_s=0, unproven_after_s=0),
    time_zone="Europe/Paris",
    caps=Caps(frames_a_camera=10, sms=10, rekognition_calls=10),
)
PRICES = read_toml(Prices, PRICE_LIST)
# Two minutes before midnight in Paris.
LATE = NOON.replace(hour=22, minute=58)


@dataclass
class Watchman:
    """Looks each minute, by a clock that is set by hand."""

    purse: FakePurse = field(default_factory=FakePurse)
    vigils: FakeHealthStore = field(default_factory=FakeHealthStore)
    teller: FakeNotifier = field(default_factory=FakeNotifier)
    frames: FakeFrameStore = field(default_factory=FakeFrameStore)
    beats: FakeHeartbeats = field(default_factory=FakeHeartbeats)
    site: Site = SITE

    def __post_init__(self) -> None:
        self.vigils.add_proof(Proof(FrameKey(CANARY, NOON), NOON, 1.0))

    def look(self, now: datetime, minutes: int = 1) -> list[str]:
        """Look for so many minutes; return whose budgets people heard of."""
        before = len(self.teller.sent)
        for minute in range(minutes):
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
                    ledger=Ledger(
                        minutes=FakeReportStore(),
                        rollups=FakeRollupStore(),
                        purse=self.purse,
                        prices=PRICES,
                    ),
                ),
                vigils=self.vigils,
                notifier=self.teller,
                clock=lambda minute=minute: now + timedelta(minutes=minute),  # type: ignore[misc]
            )
        told = (sent for sent in self.teller.sent[before:] if sent.kind is NoticeKind.OVER_BUDGET)
        return [f"{sent.data['spending']} {sent.data['day']}" for sent in told]

    def spend(self, kind: Spending, now: datetime, *, number: int = 1, cap: int = 10) -> None:
        self.purse.take(kind, camera_id="hall", day=spending_day(now, SITE.tz), cap=cap, number=number)


def test_a_budget_that_is_used_up_is_told_once_a_day() -> None:
    night = Watchman()
    night.spend(Spending.FRAMES, NOON, number=10)
    assert night.look(NOON, 3) == [], "used to the last, and nothing refused"
    night.spend(Spending.FRAMES, NOON)
    night.spend(Spending.SMS, NOON, number=11)
    night.spend(Spending.FRAMES, NOON)
    assert night.look(NOON, 30) == ["frames 2026-01-31", "sms 2026-01-31"]
    # Midnight opens it without a word; used up again before anybody looked, it is told for the new day.
    assert night.look(LATE, 2) == []
    midnight = LATE + timedelta(minutes=2)
    night.spend(Spending.FRAMES, midnight, number=11)
    assert night.look(midnight, 30) == ["frames 2026-02-01"]
    assert night.look(midnight + timedelta(hours=12), 30) == []
    assert set(night.vigils.vigils()) >= {"budget/frames/hall", "budget/sms"}


def test_what_leaves_some_of_a_cap_to_others_uses_up_no_budget_and_a_raised_cap_is_told_anew() -> None:
    night = Watchman()
    night.spend(Spending.REKOGNITION, NOON, number=6, cap=6)
    night.spend(Spending.REKOGNITION, NOON, cap=6)  # as the comparison does beyond its `per_day`
    assert night.look(NOON, 3) == []
    night.spend(Spending.REKOGNITION, NOON, number=5)
    assert night.look(NOON, 3) == ["rekognition 2026-01-31"]
    night.site = replace(SITE, caps=Caps(rekognition_calls=20))
    assert night.look(NOON + timedelta(hours=1), 3) == []
    night.spend(Spending.REKOGNITION, NOON, number=20, cap=20)
    assert night.look(NOON + timedelta(hours=2), 3) == ["rekognition 2026-01-31"]


def test_the_bill_of_yesterday_is_told_once_each_morning_where_the_site_asks_for_it() -> None:
    night = Watchman()
    night.spend(Spending.SMS, NOON, number=10)
    assert night.look(NOON, 3) == []
    night.site = replace(SITE, daily_bill_at="07:30")
    begin = NOON.replace(hour=22, minute=0)
    for minutes in range(0, 48 * 60, 10):
        night.look(begin + timedelta(minutes=minutes))
    bills = [sent for sent in night.teller.sent if sent.kind is NoticeKind.DAILY_BILL]
    assert [bill.data["day"] for bill in bills] == ["2026-01-30", "2026-01-31", "2026-02-01"]
    assert [sorted(bill.data["usd"]) for bill in bills] == [[], ["hall"], []]
    assert bills[1].data["usd"]["hall"] == pytest.approx(10 * PRICES.sms.usd)


def test_the_daily_bill_says_what_lamps_used() -> None:
    street = LampGroup(
        group_id="street",
        name="Main street",
        covered_by=(Covering(camera="hall"),),
        hours=(Hours(begin="20:00", end="06:00"),),
        watts=((0, 0), (100, 600)),
    )
    night = Watchman(site=replace(SITE, lamp_groups=(street,), daily_bill_at="07:30"))
    night.look(NOON)
    (bill,) = [sent for sent in night.teller.sent if sent.kind is NoticeKind.DAILY_BILL]
    # No report came: ten dark hours of the day at the safe level of 70 %.
    assert bill.data["lamps"] == ["Main street used 4.2 kWh, 1.8 kWh less than full light."]
    assert "Main street used 4.2 kWh" in bill.email


def test_frames_over_budget_are_no_standstill() -> None:
    night = Watchman(site=replace(SITE, watchfulness=Watchfulness(dark_after_s=300, unproven_after_s=0)))
    keys = [FrameKey("hall", at(seconds)) for seconds in range(30, 90, 10)]
    for key in keys:
        night.frames.post(Frame(key, b"jpeg"))
        night.frames.arrived[str(key)] = key.captured_at + timedelta(seconds=1)
        night.purse.mark(Spending.FRAMES, camera_id="hall", captured_at=key.captured_at)
    for minutes in range(1, 30):
        now = at(60 * minutes)
        life = CameraLife(camera_id="hall", state="running", last_captured_at=now)
        heartbeat = Heartbeat(agent_id="attic", at=now, version="1", cameras=(life,))
        night.beats.beats["attic"] = HeartbeatSeen(heartbeat, now)
        night.look(now)
    assert night.teller.sent == []


def test_a_purse_out_of_reach_keeps_nobody_else_from_being_looked_at() -> None:
    class Broken(FakePurse):
        def accounts(self, day: object) -> tuple[()]:
            raise Unavailable("throttled")

    night = Watchman(purse=Broken())
    with pytest.raises(Unavailable):
        night.look(NOON)
