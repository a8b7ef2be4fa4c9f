"""What lamp groups used, day by day: what is kept, what is made good, and what nobody knows."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.fake_lamps import FakeEnergyStore
from tests.fakes import FakeReportStore
from vigie.domain.cameras import Camera
from vigie.domain.energy import EnergyTotals
from vigie.domain.hours import Hours
from vigie.domain.instants import day_bounds
from vigie.domain.lamps import Covering, LampGroup
from vigie.domain.sites import Retention, Site
from vigie.steps.lamp_energy import LampDays

PARIS = ZoneInfo("Europe/Paris")
AUTUMN = date(2026, 10, 25)  # of 25 hours
GROUP = LampGroup(
    group_id="yard",
    covered_by=(Covering(camera="hall"),),
    safe=50,
    hours=(Hours(),),
    watts=((0, 0), (100, 1000)),
)
SITE = Site(time_zone="Europe/Paris", cameras=(Camera("hall"),), lamp_groups=(GROUP,))


def day(n: int) -> date:
    return AUTUMN + timedelta(days=n)


@dataclass
class World:
    """Drawings of days; no camera reports, so a kilowatt of light is safe, at half of it, at all times."""

    site: Site = SITE
    store: FakeEnergyStore = field(default_factory=FakeEnergyStore)

    def draw(self, on: date, *, now: datetime | None = None) -> dict[date, float]:
        """Draw a day, at its end unless another time is said; return the kWh of the days that are known."""
        lamps = LampDays(self.site, FakeReportStore(), self.store, now or day_bounds(on, PARIS)[1])
        _, history = lamps.day(on, (), days=31)
        return {totals.day: round(totals.used_kwh, 3) for totals in history}


def noon_of(on: date) -> datetime:
    return datetime(on.year, on.month, on.day, 12, tzinfo=PARIS)


def test_a_day_is_kept_and_those_before_the_first_are_not_known() -> None:
    world = World()
    assert world.draw(day(0), now=noon_of(day(0))) == {day(0): 13 * 0.5}, "an hour came twice"
    assert world.draw(day(0)) == {day(0): 25 * 0.5}
    assert world.draw(day(0), now=noon_of(day(0))) == {day(0): 25 * 0.5}, "what was reckoned to its end stays"
    assert world.draw(day(1)) == {day(0): 25 * 0.5, day(1): 24 * 0.5}


def test_days_that_no_run_drew_or_not_to_their_end_are_made_good() -> None:
    world = World()
    world.draw(day(-1), now=noon_of(day(-1)))
    whole = {day(-1): 24 * 0.5, day(0): 25 * 0.5, day(1): 24 * 0.5}
    assert world.draw(day(2), now=noon_of(day(2))) == {
        day(-1): 12 * 0.5,  # before it nothing is known, perhaps not even the group
        **{on: kwh for on, kwh in whole.items() if on != day(-1)},
        day(2): 12 * 0.5,
    }
    kept = world.store.energies("yard", day(0), day(1))
    assert [totals.reckoned_s for totals in kept] == [25 * 3600, 24 * 3600]


def test_what_may_have_expired_is_a_gap_and_what_was_kept_of_it_stays() -> None:
    world = World(replace(SITE, retention=Retention(reports_days=1, minutes_days=3)))
    world.draw(day(0))
    late = day_bounds(day(6), PARIS)[1]
    assert world.draw(day(6), now=late) == {
        day(0): 25 * 0.5,
        **dict.fromkeys((day(5), day(6)), 24 * 0.5),
    }
    energies, history = LampDays(world.site, FakeReportStore(), world.store, late).day(day(0), (), days=31)
    assert energies == ()
    assert [totals.used_kwh for totals in history] == [25 * 0.5]


def test_a_group_has_its_own_days_and_one_without_watts_none() -> None:
    world = World()
    world.draw(day(0))
    attic = replace(GROUP, group_id="attic")
    world.site = replace(SITE, lamp_groups=(attic, GROUP, replace(GROUP, group_id="shed", watts=())))
    lamps = LampDays(world.site, FakeReportStore(), world.store, day_bounds(day(1), PARIS)[1])
    _, history = lamps.day(day(1), (), days=31)
    assert [(each.group_id, each.day) for each in history] == [
        ("attic", day(1)),
        ("yard", day(0)),
        ("yard", day(1)),
    ]
    assert all(isinstance(each, EnergyTotals) for each in history)


def test_a_day_of_long_ago_that_is_drawn_again_tells_nothing_of_a_group_that_is_new() -> None:
    world = World()
    world.draw(day(0))
    late = day_bounds(day(1), PARIS)[1] - timedelta(hours=1)
    assert world.draw(day(-7), now=late) == {}, "frames of last week that come today"
    assert world.draw(day(1), now=late) == {day(0): 25 * 0.5, day(1): 23 * 0.5}
    assert world.draw(day(0), now=late) == {day(0): 25 * 0.5}, "known then, so it may be reckoned anew"
