"""A camera's frames over its day: the cap is reached at midnight, not at noon, and never passed."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from edge_agent.pacing import DailyPace, HeldMinutes
from tests.builders import at
from vigie.domain.caps import Caps, spending_day
from vigie.domain.heartbeats import HeldSpan
from vigie.domain.instants import day_bounds, minute_of
from vigie.domain.series import MINUTE
from vigie.domain.sites import Site

PARIS = "Europe/Paris"
MIDNIGHT = datetime(2026, 1, 30, 23, tzinfo=UTC)  # in Paris


def paced(cap: int, **more: bool) -> DailyPace:
    return DailyPace(Site(time_zone=PARIS, caps=Caps(frames_a_camera=cap, **more)))


def run(pace: DailyPace, begin: datetime, *, hours: float, fps: float = 1.0) -> list[datetime]:
    """Return when frames were let through."""
    times = (begin + timedelta(seconds=n / fps) for n in range(int(hours * 3600 * fps)))
    return [now for now in times if pace.take(now)]


@pytest.mark.parametrize(("begin", "hours"), [(MIDNIGHT, 24), (datetime(2026, 10, 24, 22, tzinfo=UTC), 25)])
def test_a_busy_day_lasts_until_midnight_and_ends_with_the_cap(begin: datetime, hours: int) -> None:
    passed = run(paced(12_000), begin, hours=hours)
    assert 11_990 <= len(passed) <= 12_000
    noon = begin + timedelta(hours=hours / 2)
    assert sum(now < noon for now in passed) == pytest.approx(6_250, abs=20)
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(passed)]
    assert max(gaps) <= 9


def test_what_a_quiet_night_leaves_is_there_by_day() -> None:
    pace = paced(12_000)
    assert len(run(pace, MIDNIGHT, hours=1 / 60)) == 60
    # From ten to noon every second: over six thousand have accrued by then.
    assert len(run(pace, MIDNIGHT + timedelta(hours=10), hours=1)) == 3_600
    assert len(run(pace, MIDNIGHT + timedelta(hours=11), hours=1)) == pytest.approx(2_590, abs=10)


def test_a_day_over_which_the_frames_last_is_left_alone() -> None:
    assert len(run(paced(100_000), MIDNIGHT, hours=24)) == 86_400


def test_an_agent_that_starts_at_noon_begins_with_the_reserve() -> None:
    passed = run(paced(12_000), MIDNIGHT + timedelta(hours=12), hours=12, fps=2)
    assert len(passed) == pytest.approx(500 + 5_750, abs=10)


def test_without_pacing_frames_go_until_the_cap_and_the_next_day_begins_anew() -> None:
    pace = paced(1_000, paced=False)
    assert len(run(pace, MIDNIGHT, hours=1)) == 1_000
    assert run(pace, MIDNIGHT + timedelta(hours=23), hours=1) == []
    assert len(run(pace, MIDNIGHT + timedelta(hours=24), hours=1)) == 1_000
    pace.follow(Site(time_zone=PARIS, caps=Caps(frames_a_camera=1_500, paced=False)))
    assert len(run(pace, MIDNIGHT + timedelta(hours=26), hours=1)) == 500
    assert not paced(0).take(MIDNIGHT)
    assert DailyPace().take(MIDNIGHT), "no site, no cap"


HELD, SENT, STILL = (
    {"held_back": True, "sent": False},
    {"held_back": False, "sent": True},
    {"held_back": False, "sent": False},
)


@pytest.mark.parametrize(
    ("pictures", "said"),
    [
        ([(0, HELD), (59, HELD)], []),
        ([(0, HELD), (60, STILL)], [(0, 60)]),
        ([(0, SENT), (30, HELD), (60, STILL)], []),
        ([(0, HELD), (30, SENT), (60, STILL)], []),
        ([(0, STILL), (30, HELD), (60, STILL), (120, STILL)], [(0, 60)]),
        ([(n * 60, HELD) for n in range(6)], [(0, 300)]),
        ([(0, HELD), (60, SENT), (120, HELD), (240, HELD), (300, SENT)], [(0, 60), (120, 180), (240, 300)]),
        ([(0, HELD), (60, HELD), (120, SENT), (0, HELD), (180, SENT)], [(0, 120)]),
    ],
    ids=[
        "not over yet",
        "over, as a still picture shows",
        "one went before",
        "one went after",
        "still pictures do not go",
        "in a row",
        "apart",
        "again, by a clock that was set back",
    ],
)
def test_a_minute_is_said_when_it_is_over_and_nothing_went(
    pictures: list[tuple[int, dict[str, bool]]], said: list[tuple[int, int]]
) -> None:
    minutes = HeldMinutes()
    for seconds, became in pictures:
        minutes.count(at(seconds), **became)
    assert minutes.spans == tuple(HeldSpan(begins_at=at(begin), ends_at=at(end)) for begin, end in said)


def test_what_is_said_of_the_past_stays_short() -> None:
    in_a_row, apart = HeldMinutes(), HeldMinutes()
    for minute in range(5 * 1440):
        in_a_row.count(at(minute * 60), **HELD)
        apart.count(at(minute * 60), **(SENT if minute % 2 else HELD))
    assert [(span.ends_at - span.begins_at) / timedelta(days=1) for span in in_a_row.spans] == [2]
    assert len(apart.spans) == 60
    assert apart.spans[-1].ends_at == at((5 * 1440 - 1) * 60)


def test_every_minute_of_a_paced_day_has_a_frame_or_is_said_to_be_held_back() -> None:
    pace, minutes = paced(600), HeldMinutes()
    covered, held = set(), set()
    for second in range(0, 86_400 + 60, 5):
        now = MIDNIGHT + timedelta(seconds=second)
        went = pace.take(now)
        covered |= {minute_of(now)} if went else set()
        minutes.count(now, held_back=not went, sent=went)
        for span in minutes.spans:
            held |= {span.begins_at + n * MINUTE for n in range((span.ends_at - span.begins_at) // MINUTE)}
    day = {MIDNIGHT + n * MINUTE for n in range(1440)}
    assert day <= covered | held
    assert not covered & held
    assert len(held & day) > 800


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("UTC", date(2026, 1, 31), 24),
        ("Europe/Paris", date(2026, 10, 25), 25),
        ("Asia/Kathmandu", date(2026, 6, 1), 24),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        # Where clocks are changed at midnight: an hour that is not there, or that comes twice.
        ("Africa/Cairo", date(2026, 4, 24), 23),
        ("America/Santiago", date(2026, 4, 4), 25),
        ("America/Havana", date(2026, 11, 1), 25),
    ],
)
def test_the_edge_s_day_is_that_of_the_purse_and_of_charts(zone: str, day: date, hours: float) -> None:
    site = Site(time_zone=zone, caps=Caps(frames_a_camera=1, paced=False))
    begin, end = day_bounds(day, site.tz)
    assert (end - begin) / timedelta(hours=1) == hours
    pace, moment = DailyPace(site), timedelta(milliseconds=1)
    taken = [pace.take(now) for now in (begin - moment, begin, end - moment, end, end + moment)]
    assert taken == [True, True, False, True, False]
    days = [spending_day(now, site.tz) - day for now in (begin - moment, begin, end - moment, end)]
    assert [each.days for each in days] == [-1, 0, 0, 1]
