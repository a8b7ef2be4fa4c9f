"""Visits that cameras of one place share, by a table of who was seen where and when."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.builders import at, visit
from vigie.domain.places import shared_visits
from vigie.domain.visits import Visit


def stay(camera: str, begin: float, end: float, label: str = "person") -> Visit:
    """A visit that a camera sees from one second to another, open for three more."""
    began = visit(begin, camera=camera, label=label)
    return replace(began, last_seen_at=at(end), open_until=at(end + 3))


ROWS: list[tuple[str, Sequence[Visit], list[str]]] = [
    ("one camera", [stay("a", 0, 5), stay("a", 2, 9)], ["a", "a"]),
    ("both see the same one", [stay("a", 0, 5), stay("b", 1, 6)], ["a+b"]),
    ("in the same instant", [stay("b", 0, 5), stay("a", 0, 5)], ["a+b"]),
    ("he walks from one into the other", [stay("a", 0, 5), stay("b", 7, 9)], ["a+b"]),
    ("too late to be the same", [stay("a", 0, 5), stay("b", 9, 12)], ["a", "b"]),
    ("a car is no person", [stay("a", 0, 5), stay("b", 1, 6, "car")], ["a", "b"]),
    ("a car may be a truck", [stay("a", 0, 5, "truck"), stay("b", 1, 6, "car")], ["a+b"]),
    (
        "two come, each camera sees both",
        [stay("a", 0, 9), stay("b", 1, 9), stay("b", 2, 9), stay("a", 3, 9)],
        ["a+b", "b+a"],
    ),
    (
        "he leaves one picture and comes back into it, in the other all along",
        [stay("a", 0, 3), stay("b", 1, 20), stay("a", 12, 15)],
        ["a+b+a"],
    ),
    (
        "three cameras",
        [stay("a", 0, 9), stay("b", 1, 9), stay("c", 2, 9), stay("c", 3, 9), stay("a", 4, 9)],
        ["a+b+c", "c+a"],
    ),
]


@pytest.mark.parametrize(("why", "visits", "expected"), ROWS, ids=[row[0] for row in ROWS])
def test_shared_visits(why: str, visits: Sequence[Visit], expected: list[str]) -> None:
    found = shared_visits(reversed(visits))
    assert ["+".join(member.camera_id for member in one.visits) for one in found] == expected
    assert sorted(v.visit_id for one in found for v in one.visits) == sorted(v.visit_id for v in visits)
