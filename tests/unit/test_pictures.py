"""What is kept of visits: keys, what is drawn, which faces a selection names, and the best face."""

from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.builders import at, report, seen, visit
from vigie.domain.cameras import Camera
from vigie.domain.detections import Box
from vigie.domain.faces import Face, best_face, with_margin
from vigie.domain.frames import FrameKey
from vigie.domain.pictures import FaceSelection, annotation_of, face_key, picture_key

BEGUN = "hall-20260131T120000000Z-person-1"
FACE = f"faces/hall/2026-01-31/{BEGUN}.jpg"


def test_keys_follow_from_the_visit() -> None:
    begun = visit(confidence=0.5)
    better = replace(begun, best_frame=FrameKey("hall", at(90_000)), confidence=0.9231)
    assert face_key(begun) == face_key(better) == FACE
    assert picture_key(begun) == "site/pictures/hall/2026-01-31/20260131T120000000Z-person-5000.jpg"
    assert picture_key(better) == "site/pictures/hall/2026-02-01/20260201T130000000Z-person-9231.jpg"


def test_a_picture_is_the_frames_whenever_its_visit_began() -> None:
    earlier = replace(visit(), started_at=at(-30), ordinal=2)
    assert picture_key(earlier) == picture_key(visit())


def test_a_label_of_any_words_stays_one_part_of_the_key() -> None:
    odd = picture_key(visit(label="traffic light/é?#", confidence=1.0))
    assert odd.rpartition("/")[2] == "20260131T120000000Z-traffic-light--10000.jpg"


def annotation(it: Any, of: Any, name: str = "Entrée") -> Any:
    return annotation_of(it, of, camera=Camera("hall", name), tz=ZoneInfo("Europe/Paris"), least=0.5)


def test_a_picture_is_about_its_visit() -> None:
    weak, strong, own = (
        seen(confidence=0.4),
        seen("car", confidence=0.9),
        seen(confidence=0.7, zones=("door",)),
    )
    drawn = annotation(visit(confidence=0.7), report(0, strong, own, weak))
    assert (drawn.marked, drawn.others) == (own, (strong,))
    assert (drawn.place, drawn.time) == ("Entrée (door)", "2026-01-31 13:00:00 CET")


def test_of_two_equally_confident_the_first_is_meant_always() -> None:
    left, right = seen(x=0.2), seen(x=0.6)
    drawn = annotation(visit(), report(0, left, right))
    assert (drawn.marked, drawn.others) == (left, (right,))


def test_a_frame_that_is_not_the_best_is_no_picture() -> None:
    assert annotation(visit(), report(1, seen())) is None
    assert annotation(visit(), report(0, seen(confidence=0.8))) is None


KEYS = {
    "noon": FACE,
    "nearer": FACE.replace("person-1", "person-1.20260131T120001000Z"),
    "second": FACE.replace("person-1", "person-11"),
    "tomorrow": "faces/hall/2026-02-01/hall-20260201T120000000Z-person-1.jpg",
    "hall-2": "faces/hall-2/2026-01-31/hall-2-20260131T120000000Z-person-1.jpg",
}


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"visit_id": BEGUN}, {"noon", "nearer"}),
        ({"visit_id": "hall-2-20260131T120000000Z-person-1"}, {"hall-2"}),
        ({"camera_id": "hall"}, {"noon", "nearer", "second", "tomorrow"}),
        ({"camera_id": "hall", "day": date(2026, 1, 31)}, {"noon", "nearer", "second"}),
        ({"day": date(2026, 1, 31)}, {"noon", "nearer", "second", "hall-2"}),
        ({"day": date(2026, 1, 30)}, set()),
    ],
)
def test_a_selection_names_faces(asked: dict[str, Any], named: set[str]) -> None:
    selection = FaceSelection(**asked)
    assert {name for name, key in KEYS.items() if selection.holds(key)} == named
    assert all(KEYS[name].startswith(selection.prefix) for name in named)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "name a visit, a camera, a day"),
        ({"visit_id": ""}, "'' is no visit such as hall-"),
        ({"visit_id": BEGUN, "day": date(2026, 1, 31)}, "name the visit alone"),
        ({"visit_id": "hall"}, "'hall' is no visit such as hall-"),
        ({"visit_id": "../x-20260131T120000000Z-person-1"}, "is no visit"),
        ({"visit_id": "hall-20261331T120000000Z-person-1"}, "is no visit"),
        ({"camera_id": "hall/"}, "camera_id 'hall/' must be"),
        ({"camera_id": ""}, "camera_id '' must be"),
    ],
)
def test_a_selection_that_cannot_be_is_refused(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        FaceSelection(**asked)


def a_face(x: float, y: float, side: float = 0.1, confidence: float = 0.9) -> Face:
    return Face(Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2), confidence)


PERSON = Box(0.2, 0.2, 0.6, 0.9)


@pytest.mark.parametrize(
    ("faces", "best", "why"),
    [
        ([], None, "no face, nothing"),
        ([a_face(0.4, 0.3)], 0, "the only one"),
        ([a_face(0.7, 0.3)], None, "another's, beside the box"),
        ([a_face(0.4, 0.22, side=0.2)], 0, "its middle counts, not its hair"),
        ([a_face(0.4, 0.3, side=0.06), a_face(0.3, 0.3, side=0.1)], 1, "the larger"),
        ([a_face(0.4, 0.3, confidence=0.7), a_face(0.3, 0.3)], 1, "the surer"),
        ([a_face(0.4, 0.3, side=0.1, confidence=0.7), a_face(0.3, 0.3, side=0.06)], 0, "both together"),
        ([a_face(0.4, 0.3, side=0.069)], None, "13.8 pixels of 200"),
    ],
)
def test_the_best_face(faces: list[Face], best: int | None, why: str) -> None:
    found = best_face(faces, person=PERSON, width=200, height=200)
    assert found == (None if best is None else faces[best]), why


def test_a_margin_ends_at_the_picture() -> None:
    assert with_margin(Box(0.4, 0.4, 0.6, 0.5), 0.5) == Box(
        0.30000000000000004, 0.35000000000000003, 0.7, 0.55
    )
    assert with_margin(Box(0, 0.8, 0.5, 1), 0.4) == Box(0, 0.7200000000000001, 0.7, 1)
