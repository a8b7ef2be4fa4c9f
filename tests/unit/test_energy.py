"""Energy of a lamp group's day: by hand, against a lived-through night, and where the clock changes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from tests.builders import NOON, at, report, seen
from tests.fakes import FakeReportStore
from tests.simulated_nights import Night, busy_night, live
from vigie.domain.cameras import Camera
from vigie.domain.energy import GroupEnergy, group_energy, phase_spans
from vigie.domain.hours import Hours
from vigie.domain.instants import day_bounds
from vigie.domain.lamps import Covering, LampGroup
from vigie.domain.lighting import Phase
from vigie.domain.series import Minute, extend_minute
from vigie.domain.sites import Site
from vigie.steps.lamp_energy import day_energies

PARIS = ZoneInfo("Europe/Paris")
GROUP = LampGroup(
    group_id="street",
    covered_by=(Covering(camera="hall"), Covering(camera="gate")),
    hours=(Hours(begin="12:00", end="13:00"),),
    watts=((0, 60), (100, 660)),
    timer=(Hours(begin="12:30", end="14:00"),),
)
SITE = Site(cameras=(Camera("hall"), Camera("gate")), lamp_groups=(GROUP,))


def minutes(camera: str, count: int, *, somebody: tuple[int, int] = (0, 0)) -> list[Minute]:
    """Fold so many minutes from noon with a frame each 30 s, somebody in those between two seconds."""
    folded: dict[datetime, Minute] = {}
    minute = None
    for second in range(0, count * 60, 30):
        who = [seen()] if somebody[0] <= second < somebody[1] else []
        frame = report(second, *who, camera=camera, interval_s=30)
        minute = extend_minute(minute, frame, SITE.following(camera))
        folded[minute.begins_at] = minute
    return list(folded.values())


def energy(found: dict[str, list[Minute]], group: LampGroup = GROUP, seconds: float = 7200) -> GroupEnergy:
    day = date(2026, 1, 31)
    return group_energy(
        group, found, day=day, tz=UTC, position=None, limits=SITE.visits, until=at(seconds), since=NOON
    )


def test_an_hour_by_hand() -> None:
    # All report for 40 minutes; somebody stays before one of them from 12:10:00 to 12:15:00.
    both = {"hall": minutes("hall", 40, somebody=(600, 901)), "gate": minutes("gate", 40)}
    found = energy(both)
    active_s = 300 + 120  # there, and the hold
    watched_s = 39 * 60 + 30 + 120  # to the last frame, and as long as its word holds
    assert found.seconds(Phase.ACTIVE) == active_s
    assert found.seconds(Phase.IDLE) == watched_s - active_s
    assert found.seconds(Phase.SAFE) == 3600 - watched_s
    assert found.seconds(Phase.DAY) == 3600
    watts = {Phase.ACTIVE: 660, Phase.IDLE: 180, Phase.SAFE: 480, Phase.DAY: 60}
    assert found.used_kwh == pytest.approx(sum(found.seconds(p) * w for p, w in watts.items()) / 3.6e6)
    assert found.full_kwh == pytest.approx((3600 * 660 + 3600 * 60) / 3.6e6)
    assert found.timer_kwh == pytest.approx((5400 * 660 + 1800 * 60) / 3.6e6)
    assert found.saved_kwh == found.full_kwh - found.used_kwh
    assert [span.ends_at for span in found.spans[:-1]] == [span.begins_at for span in found.spans[1:]]


def test_a_camera_that_is_silent_saves_nothing_and_no_camera_is_not_no_activity() -> None:
    one = energy({"hall": minutes("hall", 60)})
    assert {span.phase for span in one.spans} == {Phase.SAFE, Phase.DAY}
    assert energy({}).used_kwh == one.used_kwh


def test_a_day_under_way_ends_now_and_one_to_come_has_nothing() -> None:
    assert energy({}, seconds=600).full_kwh == pytest.approx(600 * 660 / 3.6e6)
    assert energy({}, seconds=-600) == GroupEnergy(GROUP, date(2026, 1, 31), (), 0.0, 0.0, 0.0)
    with pytest.raises(ValueError, match="no watts are known of lamp group 'street'"):
        energy({}, replace(GROUP, watts=()))


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_a_day_on_which_the_clock_changes_has_the_hours_it_has(day: date, hours: int) -> None:
    group = replace(GROUP, hours=(Hours(),), timer=(Hours(begin="01:00", end="04:00"),))
    found = group_energy(
        group,
        {},
        day=day,
        tz=PARIS,
        position=None,
        limits=SITE.visits,
        until=datetime(2027, 1, 1, tzinfo=UTC),
    )
    assert found.seconds(Phase.SAFE) == hours * 3600
    timer_h = 3 + hours - 24
    assert found.timer_kwh == pytest.approx((timer_h * 660 + (hours - timer_h) * 60) / 1000)


def test_what_is_reckoned_is_what_a_lamp_did() -> None:
    begin = datetime(2026, 1, 31, 20, tzinfo=PARIS)
    group = replace(GROUP, covered_by=(Covering(camera="street"),), hours=(Hours(),))
    site = replace(SITE, cameras=(Camera("street"),), lamp_groups=(group,), time_zone="Europe/Paris")
    night = Night(begin, begin + timedelta(hours=3), ("street",), busy_night(begin, 2.8, seed=5))
    lived = live(night, night.frames(), site)
    found = group_energy(
        group,
        {"street": list(lived.store.minutes("street", begin, night.end))},
        day=begin.date(),
        tz=PARIS,
        position=None,
        limits=site.visits,
        since=begin,
        until=night.end,
    )
    switches = [*lived.switches["street"], (night.end, 0)]
    did = sum(
        (later - at_).total_seconds() * group.power(level) for (at_, level), (later, _) in pairwise(switches)
    )
    assert found.used_kwh == pytest.approx(did / 3.6e6, rel=0.02)
    assert 0.2 < found.saved_kwh / found.full_kwh < 0.8


@pytest.mark.parametrize(
    "first", [date(2026, 1, 30), date(2026, 3, 28), date(2026, 3, 29), date(2026, 10, 24), date(2026, 10, 25)]
)
def test_days_together_are_what_the_night_was_right_across_midnight(first: date) -> None:
    """Somebody leaves before one midnight and another is there over the next; clocks change on some days."""
    group = replace(GROUP, hours=(Hours(begin="18:00", end="06:00"),), hold_s=600.0)
    site = replace(SITE, lamp_groups=(group,), time_zone="Europe/Paris")
    days = [first + timedelta(days=n) for n in range(3)]
    midnights = [day_bounds(day, PARIS)[0] for day in days]
    store = FakeReportStore()
    for camera in group.cameras:
        minute: Minute | None = None
        for midnight, (came_s, left_s) in zip(midnights[1:], ((-300, -40), (-90, 45)), strict=True):
            for second in range(-1200, 1200, 5):
                who = [seen()] if camera == "hall" and came_s <= second <= left_s else []
                instant = midnight + timedelta(seconds=second)
                frame = report((instant - NOON).total_seconds(), *who, camera=camera, interval_s=5)
                before = minute
                minute = extend_minute(before, frame, site.following(camera))
                same = before if before and before.begins_at == minute.begins_at else None
                store.put_minute(minute, replaces=same)
    now = day_bounds(days[-1], PARIS)[1]
    found = [energy for day in days for energy in day_energies(site, day, minutes=store, now=now)]
    whole = phase_spans(
        group,
        {camera: store.minutes(camera, midnights[0], now) for camera in group.cameras},
        begin=midnights[0],
        end=now,
        tz=PARIS,
        position=None,
        limits=site.visits,
    )
    for phase in Phase:
        assert sum(energy.seconds(phase) for energy in found) == sum(
            span.seconds for span in whole if span.phase is phase
        )
    assert found[1].spans[0].phase is Phase.ACTIVE, "nobody is seen any more, but the lease goes on"
    assert found[1].spans[0].seconds == 570, "held for 600 s from 23:59:20 on, to the half minute"
    assert found[2].spans[0].seconds == 645 + 15, "they left 45 s after midnight"
