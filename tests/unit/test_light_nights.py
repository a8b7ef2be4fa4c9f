"""Whole nights: no flapping, nobody in the dark, bright when a camera dies, right when the clock changes."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from astral import Observer, sun

from tests.simulated_nights import LATE_S, Crossing, Lived, Night, busy_night, first_sure, live
from vigie.domain.cameras import Camera, Zone
from vigie.domain.hours import Hours
from vigie.domain.lamps import Covering, LampGroup
from vigie.domain.sites import Site
from vigie.domain.sun import Position

PARIS = ZoneInfo("Europe/Paris")
ROAD = Zone("road", ((0, 0), (1, 0), (1, 1), (0, 1)))
STREET = LampGroup(group_id="street", covered_by=(Covering(camera="street", zones=("road",)),))
SITE = Site(
    time_zone="Europe/Paris",
    cameras=(Camera("street", zones=(ROAD,)), Camera("corner", zones=(ROAD,))),
    position=Position(latitude=48.86, longitude=2.35),
    lamp_groups=(STREET,),
)
BOTH = replace(
    SITE, lamp_groups=(replace(STREET, covered_by=(*STREET.covered_by, Covering(camera="corner"))),)
)
EVENING = datetime(2026, 1, 31, 20, 0, tzinfo=PARIS)


def at(minutes: float) -> datetime:
    return EVENING + timedelta(minutes=minutes)


def lit_while_seen(lived: Lived, crossing: Crossing, *, seen_after_s: float = 5.0) -> bool:
    """Tell whether the lamp was active from soon after somebody came until they left."""
    begin = crossing.begin + timedelta(seconds=LATE_S + seen_after_s)
    return set(lived.levels("street", begin, crossing.end)) <= {100}


@pytest.mark.parametrize("fps", [1.0, 2.0])
def test_a_visit_is_two_switches_and_nobody_walks_in_the_dark(fps: float) -> None:
    crossings = busy_night(EVENING, 6, seed=3)
    night = Night(EVENING, at(370), ("street",), crossings)
    lived = live(night, night.frames(fps=fps), SITE)
    long_ones = [c for c in crossings if c.seconds > 8 / fps + LATE_S]
    assert len(long_ones) >= 20
    assert all(lit_while_seen(lived, c, seen_after_s=8 / fps) for c in long_ones)
    levels = [level for _, level in lived.switches["street"]]
    assert levels[:2] == [70, 20], "safe until the first report"
    assert set(levels[2::2]) == {100}
    assert set(levels[3::2]) == {20}
    assert len(levels) - 2 <= 2 * len(crossings)
    minutes = (night.end - night.begin) / timedelta(minutes=1)
    assert lived.writes <= 2 * minutes, "a lease is not written with every frame"


@pytest.mark.parametrize("fps", [1.0, 2.0])
def test_the_few_frames_that_are_told_light_as_all_of_them_would(fps: float) -> None:
    day = EVENING - timedelta(hours=4)
    crossings = busy_night(day, 7, seed=11, sparseness=0.4)
    crossings += tuple(replace(c, off_road=0.4) for c in busy_night(EVENING, 2, seed=12))
    night = Night(day, day + timedelta(hours=7), ("street",), crossings)
    frames = night.frames(fps=fps)
    few, all_of_them = live(night, frames, SITE), live(night, frames, SITE, tells=lambda _: True)
    assert few.switches == all_of_them.switches
    assert few.writes <= all_of_them.writes
    assert len(frames) == all_of_them.told
    minutes = (night.end - night.begin) / timedelta(minutes=1)
    assert few.told < 1.5 * minutes, "by the pace of leases, not of frames"


@pytest.mark.parametrize("fps", [1.0, 2.0])
def test_a_car_that_crosses_in_seconds_has_light_from_the_first_frame_that_is_sure_of_it(fps: float) -> None:
    crossings = busy_night(EVENING, 6, seed=3)
    night = Night(EVENING, at(370), ("street",), crossings)
    frames = night.frames(fps=fps)
    lived = live(night, frames, SITE)
    cars = [crossing for crossing in crossings if crossing.label == "car"]
    out_of_the_dark = 0
    for car in cars:
        sure = first_sure(car, frames)
        assert sure is not None
        out_of_the_dark += lived.levels("street", car.begin, car.begin) != [100]
        lit = lived.levels(
            "street", sure + timedelta(seconds=LATE_S), max(car.end, sure + timedelta(seconds=30))
        )
        assert set(lit) == {100}
    assert out_of_the_dark >= 8, "or the lamp was lit by others"
    assert all(4 <= car.seconds <= 9 for car in cars)


@pytest.mark.parametrize("second", range(0, 30, 5))
def test_who_steps_onto_the_road_late_is_in_the_light_soon_after(second: int) -> None:
    begin = at(5) + timedelta(seconds=second)
    crossing = Crossing("street", begin, 40, off_road=0.3)
    night = Night(EVENING, at(12), ("street",), (crossing,))
    lived = live(night, night.frames(), SITE)
    first = next(instant for instant, level in lived.switches["street"] if level == 100)
    delay = first - crossing.on_road_from
    assert timedelta(seconds=LATE_S) <= delay <= timedelta(seconds=LATE_S + 5)


def test_two_cameras_renew_one_lease_and_the_lamp_stays_for_both() -> None:
    # Walks out of one picture, is away from both for a minute, and into the other.
    crossings = (Crossing("street", at(5), 60), Crossing("corner", at(7), 90))
    night = Night(EVENING, at(20), ("street", "corner"), crossings)
    lived = live(night, night.frames(), BOTH)
    assert [level for _, level in lived.switches["street"]] == [70, 20, 100, 20]
    off = lived.switches["street"][-1][0] - crossings[1].end
    assert timedelta(seconds=110) < off <= timedelta(seconds=155), "hold, and up to half a minute"


@pytest.mark.parametrize("busy", [True, False])
def test_a_camera_that_dies_leaves_its_lamps_safe_and_never_idle(busy: bool) -> None:
    crossings = (Crossing("street", at(9.5), 120),) if busy else ()
    night = Night(EVENING, at(30), ("street", "corner"), crossings, dies={"street": at(10)})
    lived = live(night, night.frames(), BOTH)
    levels = [level for _, level in lived.switches["street"]]
    assert levels == ([70, 20, 100, 70] if busy else [70, 20, 70])
    last = at(10) - timedelta(seconds=1) if busy else at(9)  # with nobody there, the minute's one picture
    held = (lived.switches["street"][-1][0] - last).total_seconds()
    assert 119 <= held <= 151


def test_a_car_that_parks_is_somebody_only_until_it_has_parked() -> None:
    crossings = (Crossing("street", at(5), 8, "car", parks=True), Crossing("street", at(30), 20))
    night = Night(EVENING, at(45), ("street",), crossings)
    lived = live(night, night.frames(), SITE)
    assert [level for _, level in lived.switches["street"]] == [70, 20, 100, 20, 100, 20]
    parked = lived.switches["street"][3][0] - crossings[0].begin
    assert parked < timedelta(minutes=6), "two minutes to be parked, the hold, and a heartbeat's minute"


@pytest.mark.parametrize(
    ("date", "begin", "end", "lit_hours"),
    [((2026, 3, 29), "01:00", "04:00", 2), ((2026, 10, 25), "01:00", "04:00", 4)],
)
def test_when_the_clock_changes_the_hours_are_those_on_the_wall(
    date: tuple[int, int, int], begin: str, end: str, lit_hours: float
) -> None:
    group = replace(STREET, hours=(Hours(begin=begin, end=end),))
    site = replace(SITE, lamp_groups=(group,))
    midnight = datetime(*date, tzinfo=PARIS).astimezone(ZoneInfo("UTC"))
    night = Night(midnight, midnight + timedelta(hours=6), ("street",), ())
    lived = live(night, night.frames(fps=0.1), site)
    lit = [at for at, level in lived.switches["street"] if level]
    dark = [at for at, level in lived.switches["street"] if not level]
    assert dark[-1] - lit[0] == timedelta(hours=lit_hours)
    assert [level for _, level in lived.switches["street"]] == [0, 20, 0], "watched before it is lit"


def test_dusk_and_dawn_switch_once_each() -> None:
    noon = datetime(2026, 1, 31, 12, tzinfo=PARIS)
    night = Night(noon, noon + timedelta(days=1), ("street",), ())
    lived = live(night, night.frames(fps=1 / 60), SITE)
    assert [level for _, level in lived.switches["street"]] == [0, 20, 0]
    (_, (dusk, _), (dawn, _)) = lived.switches["street"]
    paris = Observer(48.86, 2.35)
    assert abs(dusk - sun.dusk(paris, noon)) < timedelta(seconds=45)
    assert abs(dawn - sun.dawn(paris, noon + timedelta(days=1))) < timedelta(seconds=45)
