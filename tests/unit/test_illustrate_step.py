"""Pictures and faces through the step, over fakes: of whom, when, how often, and after what failed."""

import random
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.builders import NOON, at, box, seen
from tests.detect_world import World
from tests.fakes import FakePictureStore
from vigie.domain.cameras import Camera
from vigie.domain.detections import Detection
from vigie.domain.people import KnownFaces
from vigie.domain.pictures import picture_key
from vigie.domain.series import MINUTE, visits_of
from vigie.domain.sites import Site
from vigie.errors import PictureError, Unavailable
from vigie.steps.illustrate import MOST_PICTURES

Scene = tuple[Detection, ...]


def world(*scenes: Scene, faces: bool = True, camera: str = "hall") -> World:
    made = World(scenes=scenes, site=Site(cameras=(Camera(camera, faces=faces),)))
    made.artist.faces = {box(x / 10) for x in range(11)}
    return made


def play(it: World) -> list[str]:
    keys = [it.arrive(second, str(second).encode()) for second in range(len(it.detector.scenes))]
    for key in keys:
        it.take(key)
    return keys


def names(it: World, prefix: str) -> list[str]:
    return [key.rpartition("/")[2].removesuffix(".jpg") for key in it.pictures.keys(prefix)]


FACE, PICTURE = "hall-20260131T12000{}000Z-person-1", "20260131T12000{}000Z-person-{}"


def test_a_visit_has_a_picture_of_its_beginning_and_of_each_better_frame() -> None:
    it = world(
        (seen(confidence=0.6),),
        (seen(confidence=0.5),),
        (seen(confidence=0.8),),
        (seen(confidence=0.8),),
    )
    play(it)
    first, better = PICTURE.format(0, 6000), PICTURE.format(2, 8000)
    assert names(it, "site/pictures/hall/2026-01-31/") == [first, better]
    assert it.artist.opened == 2, "no picture is decoded for nothing"
    (kept,) = visits_of(it.reports.minutes("hall", NOON, NOON + MINUTE))
    assert picture_key(kept).endswith(f"{better}.jpg")
    ((begun,), *_) = (change.begun for _, change in it.publisher.published)
    assert picture_key(begun).endswith(f"{first}.jpg"), "an alert shows what it is about"


def test_a_face_is_kept_of_people_when_they_come_and_only_then() -> None:
    it = world(
        (seen("car", x=0.2),), (seen("car", x=0.2),), (seen(), seen("car", x=0.2)), (seen(confidence=0.95),)
    )
    play(it)
    assert names(it, "faces/") == [FACE.format(2)]
    assert it.pictures.keys("faces/") == (f"faces/hall/2026-01-31/{FACE.format(2)}.jpg",)


def test_where_known_faces_are_searched_for_each_better_face_is_kept_and_told() -> None:
    it = world(
        (seen("car", x=0.2),),
        (seen(x=0.4, confidence=0.6), seen("car", x=0.2)),
        (seen(x=0.42, confidence=0.5), seen("car", x=0.2, confidence=0.95)),
        (seen(x=0.5, confidence=0.7),),
        (seen(x=0.53, confidence=0.8),),
    )
    it.site = replace(it.site, known_faces=KnownFaces(enabled=True))
    it.artist.faces = {box(0.4), box(0.5)}
    keys = play(it)
    first = FACE.format(1)
    assert names(it, "faces/") == [f"{first}.20260131T120003000Z", first], "none is in the last frame"
    told = [[visit.visit_id for visit in change.nearer] for _, change in it.publisher.published]
    assert told == [[], [], [], [first], []]
    assert [change.is_news for _, change in it.publisher.published] == [True, True, False, True, False]
    before = dict(it.pictures.pictures)
    for key in reversed(keys):
        it.take(key)
    assert it.pictures.pictures == before


def test_no_face_is_kept_unless_the_camera_asks() -> None:
    for it in (world((seen(),), faces=False), world((seen(),), camera="attic")):
        play(it)
        assert names(it, "faces/") == []
        assert names(it, "site/pictures/") != []


def test_without_a_face_nothing_is_kept() -> None:
    it = world((seen(confidence=0.8), seen(x=0.2)))
    it.artist.faces = {box(0.2)}
    play(it)
    assert names(it, "faces/") == ["hall-20260131T120000000Z-person-2"]
    assert len(names(it, "site/pictures/")) == 2


def test_a_second_delivery_writes_the_same() -> None:
    it = world((seen(confidence=0.6),), (seen(),))
    keys = play(it)
    before = dict(it.pictures.pictures)
    it.pictures.pictures.clear()
    for key in reversed(keys):
        it.take(key)
    assert it.pictures.pictures == before


@dataclass
class FailingStore(FakePictureStore):
    """Fails the first so many writes."""

    failures: int = 0
    tried: list[str] = field(default_factory=list)

    def put(self, key: str, jpeg: bytes) -> None:
        self.tried.append(key)
        if len(self.tried) <= self.failures:
            raise Unavailable("writing failed: throttled")
        super().put(key, jpeg)


@pytest.mark.parametrize("failures", [1, 2])
def test_pictures_are_there_before_anybody_is_told(failures: int) -> None:
    """A crash between report and picture, and one between picture and face."""
    it = world((seen(),))
    it.pictures = FailingStore()
    key = it.arrive(0, b"0")
    for round_ in range(1, failures + 1):
        it.pictures.tried.clear()
        it.pictures.failures = round_
        with pytest.raises(Unavailable):
            it.take(key)
        assert it.publisher.published == []
    it.pictures.failures = 0
    it.take(key)
    assert it.detector.looks == 1, "the report was there"
    assert names(it, "faces/") == [FACE.format(0)]
    assert len(names(it, "site/pictures/")) == 1
    assert len(it.publisher.published) == 1


def test_a_frame_that_is_gone_is_told_all_the_same() -> None:
    it = world((seen(),))
    key = it.arrive(0, b"0")
    with pytest.raises(Unavailable):
        it.take(key, pictures=FailingStore(failures=1))
    it.frames.frames.clear()
    it.take(key)
    assert it.pictures.pictures == {}
    assert len(it.publisher.published) == 1


def test_a_frame_that_does_not_open_is_told_all_the_same() -> None:
    class Blind:
        def open(self, jpeg: bytes) -> Any:
            raise PictureError("too large")

    it = world((seen(),))
    it.take(it.arrive(0, b"0"), artist=Blind())
    assert it.pictures.pictures == {}
    assert len(it.publisher.published) == 1


def test_a_crowd_at_once_has_so_many_pictures_and_no_more() -> None:
    crowd = tuple(seen(x=number / 25, confidence=0.6 + number / 100) for number in range(1, 25))
    it = world(crowd)
    it.artist.faces = {person.box for person in crowd}
    play(it)
    assert len(names(it, "faces/")) == len(names(it, "site/pictures/")) == MOST_PICTURES
    assert len(it.publisher.published[0][1].begun) == 24


def test_a_late_beginning_leaves_the_face_of_the_one_before_where_its_own_name_finds_it() -> None:
    it = world((seen(),), (seen(),))
    keys = [it.arrive(second, str(second).encode()) for second in (0, 1)]
    for key in reversed(keys):
        it.take(key)
    assert names(it, "faces/") == [FACE.format(0), FACE.format(1)]


@pytest.mark.parametrize("seed", range(8))
def test_in_any_order_every_visit_has_the_picture_of_its_best_frame(seed: int) -> None:
    chance = random.Random(seed)
    scenes = [
        (seen(x=0.2, confidence=round(chance.uniform(0.5, 1), 4)),) if number % 25 < 15 else ()
        for number in range(60)
    ]
    it = World(scenes=scenes)
    keys = [it.arrive(number, str(number).encode()) for number in range(60)]
    events = keys * 2
    # Up to 40 s late: meanwhile visits begin at frames that in the end are in the midst of one.
    events = [
        key
        for _, key in sorted((number % 60 + chance.uniform(0, 40), key) for number, key in enumerate(events))
    ]
    for key in events:
        it.take(key)
    visits = visits_of(it.reports.minutes("hall", NOON, at(120)))
    assert len(visits) == 3
    for visit in visits:
        assert picture_key(visit) in it.pictures.pictures
