"""The rows of exports: a day under way, clips ahead of the clock, visits over midnight."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.camera_days import NOON, NOVEMBER, PARIS, a_day, a_minute, a_visit, minutes_from
from vigie.domain.exports import minute_rows, visit_rows
from vigie.domain.instants import day_bounds
from vigie.domain.series import MINUTE

BEGIN, END = day_bounds(NOVEMBER, PARIS)


@pytest.mark.parametrize(
    ("now", "rows", "why"),
    [
        (END + MINUTE, 1440, "the day is over"),
        (NOON + 30 * MINUTE, 13 * 60 + 30, "what has not come is neither seen nor missed"),
        (BEGIN - MINUTE, 13 * 60 + 2, "a clip dated ahead of the clock: what has frames has come"),
    ],
)
def test_minutes_go_as_far_as_the_day_has_come(now: object, rows: int, why: str) -> None:
    found = list(minute_rows(a_day(minutes_from(NOON, 2)), PARIS, now=now))  # type: ignore[arg-type]
    assert len(found) == rows, why
    assert [row.begins_at for row in found if row.covered] == [NOON, NOON + MINUTE]


def test_a_pace_that_nobody_declared_expects_nothing() -> None:
    minutes = minutes_from(NOON, 2)
    rows = minute_rows(a_day(minutes), PARIS, now=END, intervals={NOON: 0.5})
    assert [row.expected_frames for row in rows if row.covered] == [120.0, None]


def test_a_visit_counts_on_the_day_it_began_with_its_length_and_coverage() -> None:
    before = a_visit(BEGIN - timedelta(seconds=30), 60)
    over = a_visit(END - timedelta(seconds=30), 45)
    longer = a_visit(END - timedelta(seconds=30), 5 * 60)
    last = END - MINUTE
    day = a_day([a_minute(BEGIN, 1, 0, (before,)), a_minute(last, 1, 0, (over,))])
    following = [a_minute(END, 1, 0, (longer,)), a_minute(END + 4 * MINUTE, 1, 0, (longer,))]
    (row,) = visit_rows(day, following)
    assert (row.started_at, row.last_seen_at) == (longer.started_at, longer.last_seen_at)
    assert (row.minutes, row.covered_minutes) == (6, 3)


def test_a_minute_over_budget_is_not_one_without_a_camera() -> None:
    day = replace(a_day([a_minute(NOON)]), over_budget=frozenset({NOON, NOON + MINUTE}))
    rows = {row.begins_at: row for row in minute_rows(day, PARIS, now=day.ends_at)}
    said = [(rows[NOON + n * MINUTE].covered, rows[NOON + n * MINUTE].over_budget) for n in range(3)]
    assert said == [(True, True), (False, True), (False, False)]
