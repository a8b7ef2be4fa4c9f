"""A camera's frames over its day: the cap is reached at midnight, not at noon, and never passed."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from edge_agent.pacing import DailyPace
from vigie.domain.caps import Caps
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
