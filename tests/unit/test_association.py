"""Who goes on with whom, by rows of tracks and sights, each with its reason; and what holds for all."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import box
from vigie.domain.association import Sight, Track, _heaviest, assign, velocity_after
from vigie.domain.detections import Box

ASPECT = 16 / 9


def track(
    x: float = 0.5,
    *,
    going: float | None = None,
    absent_s: float = 1.0,
    label: str = "person",
    height: float = 0.3,
) -> Track:
    """A track last seen around x, going so many picture widths a second."""
    velocity = None if going is None else (going, 0.0)
    return Track(label, box(x, height=height), absent_s, velocity)


def sight(x: float = 0.5, *, begins: bool = True, label: str = "person", height: float = 0.3) -> Sight:
    """A sight around x."""
    return Sight(label, box(x, height=height), begins)


ROWS: list[tuple[str, list[Track], list[Sight], dict[int, int]]] = [
    ("nothing", [], [], {}),
    ("nobody before", [], [sight()], {}),
    ("nobody now", [track()], [], {}),
    ("who stands goes on", [track()], [sight()], {0: 0}),
    ("labels do not mix", [track()], [sight(label="car")], {}),
    ("who was hidden for three seconds comes back", [track(going=0.1, absent_s=3)], [sight(0.8)], {0: 0}),
    (
        "two who cross go on as they went, though each is where the other was",
        [track(0.45, going=0.1), track(0.55, going=-0.1)],
        [sight(0.45), sight(0.55)],
        {0: 1, 1: 0},
    ),
    (
        "nearest first would leave one without: both go on",
        [track(0.2), track(0.5)],
        [sight(0.45), sight(0.75)],
        {0: 0, 1: 1},
    ),
    (
        "who went out on the right did not come in on the left",
        [track(0.9, going=0.2, absent_s=2.0), track(0.5)],
        [sight(0.1), sight(0.5)],
        {1: 1},
    ),
    (
        "nor is who comes in beside him, two seconds later, him",
        [track(0.9, going=0.2, absent_s=3.0), track(0.5)],
        [sight(0.94, height=0.5), sight(0.5)],
        {1: 1},
    ),
    ("who was about to leave may turn at once", [track(0.8, going=0.1)], [sight(0.75)], {0: 0}),
    (
        "the tall one is the tall one",
        [track(0.5, height=0.5), track(0.55, height=0.25)],
        [sight(0.5, height=0.25), sight(0.55, height=0.5)],
        {0: 1, 1: 0},
    ),
    ("a crouch is no new person", [track(height=0.5)], [sight(height=0.2)], {0: 0}),
    (
        "the confident one goes on, not the weak one that is nearer: else it would begin a visit",
        [track(0.5)],
        [sight(0.6), sight(0.51, begins=False)],
        {0: 0},
    ),
    (
        "a weak one goes on where a new one comes in at the edge",
        [track(0.25, going=0.0)],
        [sight(0.05), sight(0.25, begins=False)],
        {1: 0},
    ),
    ("a weak one keeps a visit whole", [track()], [sight(0.52, begins=False)], {0: 0}),
    ("a weak one far away is nothing", [track(0.1)], [sight(0.9, begins=False)], {}),
    (
        "a box of no size is left alone",
        [Track("person", Box(0.5, 0.5, 0.5, 0.5), 1.0)],
        [Sight("person", Box(0.5, 0.5, 0.5, 0.5))],
        {},
    ),
]


@pytest.mark.parametrize(("why", "tracks", "sights", "expected"), ROWS, ids=[row[0] for row in ROWS])
def test_who_goes_on(why: str, tracks: list[Track], sights: list[Sight], expected: dict[int, int]) -> None:
    assert assign(tracks, sights, aspect=ASPECT, interval_s=1.0) == expected


def test_velocity_is_that_of_the_side_which_the_edge_does_not_cut() -> None:
    coming = Track("person", Box(0.0, 0.4, 0.05, 0.7), 1.0)
    assert velocity_after(coming, Box(0.1, 0.4, 0.2, 0.7)) == (0.15, 0.0)
    leaving = Track("person", Box(0.85, 0.4, 0.95, 0.7), 1.0)
    assert velocity_after(leaving, Box(0.95, 0.4, 1.0, 0.7)) == (0.1, 0.0)


def test_velocity_forgets_within_a_second_and_trusts_no_two_frames_that_touch() -> None:
    walking = Track("person", box(0.5), 1.0, (0.1, 0.0))
    assert velocity_after(walking, box(0.5)) == (0.0135, 0.0)
    assert velocity_after(Track("person", box(0.5), 0.001), box(0.51)) == (0.1, 0.0)


_boxes = st.builds(
    box,
    st.floats(0, 1),
    st.floats(0, 1),
    width=st.floats(0, 0.4),
    height=st.floats(0, 0.8),
)
_labels = st.sampled_from(("person", "car"))
_tracks = st.lists(
    st.builds(
        Track,
        _labels,
        _boxes,
        st.floats(0.001, 3600),
        st.none() | st.tuples(st.floats(-3, 3), st.floats(-3, 3)),
    ),
    max_size=6,
    unique=True,
)
_sights = st.lists(st.builds(Sight, _labels, _boxes, st.booleans()), max_size=6, unique=True)


@settings(deadline=None)
@given(_tracks, _sights, st.none() | st.floats(0.1, 60), st.randoms())
def test_each_at_most_once_and_in_any_order_the_same(
    tracks: list[Track], sights: list[Sight], interval_s: float | None, shuffle: random.Random
) -> None:
    pairs = assign(tracks, sights, aspect=ASPECT, interval_s=interval_s)
    assert len(set(pairs.values())) == len(pairs)
    assert all(sights[i].label == tracks[j].label for i, j in pairs.items())
    other_tracks = shuffle.sample(tracks, len(tracks))
    other_sights = shuffle.sample(sights, len(sights))
    others = assign(other_tracks, other_sights, aspect=ASPECT, interval_s=interval_s)
    assert {(other_sights[i], other_tracks[j]) for i, j in others.items()} == {
        (sights[i], tracks[j]) for i, j in pairs.items()
    }


@settings(deadline=None)
@given(
    st.integers(1, 4).flatmap(
        lambda columns: st.lists(
            st.lists(st.integers(0, 9), min_size=columns, max_size=columns), min_size=1, max_size=4
        )
    )
)
def test_no_other_matching_is_heavier(table: list[list[int]]) -> None:
    found = _heaviest([{j: gain for j, gain in enumerate(row) if gain} for row in table])
    weight = sum(table[i][j] for i, j in found.items())
    # Rows may go without: as many empty columns as rows.
    wide = [[*row, *[0] * len(table)] for row in table]
    best = max(
        sum(wide[i][j] for i, j in enumerate(columns))
        for columns in itertools.permutations(range(len(wide[0])), len(table))
    )
    assert weight == best
