"""Roll-ups: a day's totals by the hours of the clock on the wall, wherever that is."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.camera_days import KOLKATA, NOVEMBER, PARIS, a_day, a_minute, a_visit
from vigie.domain.instants import day_bounds
from vigie.domain.rollups import day_totals
from vigie.domain.series import MINUTE

LORD_HOWE = ZoneInfo("Australia/Lord_Howe")

DAYS = [
    (NOVEMBER, PARIS, [60] * 24, "an ordinary day"),
    (NOVEMBER, KOLKATA, [60] * 24, "an offset of half an hour: hours begin where the clock shows them"),
    (date(2026, 10, 25), PARIS, [60] * 25, "two o'clock comes twice"),
    (date(2026, 3, 29), PARIS, [60] * 23, "two o'clock never comes"),
    (date(2026, 4, 5), LORD_HOWE, [60, 60, 30, *[60] * 22], "clocks go back by half an hour"),
]


@pytest.mark.parametrize(("day", "tz", "minutes", "why"), DAYS)
def test_hours_are_those_of_the_wall(day: date, tz: ZoneInfo, minutes: list[int], why: str) -> None:
    totals = day_totals(a_day(on=day, tz=tz), day, tz)
    assert [hour.minutes for hour in totals.hours] == minutes, why
    begin, end = day_bounds(day, tz)
    assert (totals.begins_at, totals.ends_at, totals.minutes) == (begin, end, (end - begin) // MINUTE)
    assert (totals.covered, totals.people, totals.visits_of_people) == (0, 0, 0)


def test_a_visit_counts_in_the_hour_it_began_and_a_peak_where_it_was() -> None:
    one = datetime(2026, 11, 22, 13, tzinfo=UTC)
    over = a_visit(one - timedelta(seconds=20), 60)
    car = a_visit(one, 10, "car")
    before = a_visit(day_bounds(NOVEMBER, PARIS)[0] - MINUTE, 100)
    minutes = [
        a_minute(day_bounds(NOVEMBER, PARIS)[0], 1, 0, (before,)),
        a_minute(one - MINUTE, 3, 0, (over,)),
        a_minute(one, 1, 1, (over, car)),
    ]
    totals = day_totals(a_day(minutes), NOVEMBER, PARIS, listed=5)
    seen = {hour.begins_at.astimezone(PARIS).hour: hour for hour in totals.hours if hour.covered}
    assert {hour: (each.covered, each.people, each.vehicles) for hour, each in seen.items()} == {
        0: (1, 1, 0),
        13: (1, 3, 0),
        14: (1, 1, 1),
    }
    begun = {hour: (each.visits_of_people, each.visits_of_vehicles) for hour, each in seen.items()}
    assert begun == {0: (0, 0), 13: (1, 0), 14: (0, 1)}, "what began the day before counts there"
    assert (totals.frames, totals.people, totals.vehicles, totals.listed) == (180, 3, 1, 5)
    assert (totals.visits_of_people, totals.visits_of_vehicles) == (1, 1)
