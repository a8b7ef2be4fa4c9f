"""Searching for a known face: only where it is asked for, once a visit, the purse first, never in the way."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from tests.budget_fakes import FakePurse
from tests.builders import NOON, at, report, seen, visit
from tests.people_fakes import FakeFaces, FakePeopleStore
from tests.unit.test_illustrate_step import world
from vigie.documents import read_object
from vigie.domain.cameras import Camera
from vigie.domain.caps import Caps, Spending
from vigie.domain.notices import Notice
from vigie.domain.people import (
    FaceAction,
    FaceCall,
    KnownFaces,
    Suggestion,
    check_person_name,
    from_external_id,
    to_external_id,
)
from vigie.domain.rules import AlertRule
from vigie.domain.series import CameraDay, fold_minute
from vigie.domain.sites import Site
from vigie.domain.visits import Visit
from vigie.domain.wording import visit_notice
from vigie.errors import ConfigError, PictureError, Unavailable
from vigie.steps.recognise import recognise, suggested_today

SITE = Site(cameras=(Camera("hall", faces=True), Camera("yard")), known_faces=KnownFaces(enabled=True))
ANNA = Suggestion("Anna", 1.0, 0.95)


@dataclass
class World:
    """Everything around the step; Anna's face is known."""

    site: Site = SITE
    faces: FakeFaces = field(default_factory=FakeFaces)
    people: FakePeopleStore = field(default_factory=FakePeopleStore)
    purse: FakePurse = field(default_factory=FakePurse)
    size: tuple[int, int] = (120, 120)

    def __post_init__(self) -> None:
        self.faces.enrol("Anna", b"anna")

    def see(self, face: bytes = b"anna", *, seconds: float = 0, camera: str = "hall") -> Suggestion | None:
        seen_visit = visit(seconds, camera=camera)
        recognise(
            seen_visit,
            face,
            site=self.site,
            collection=lambda _: self.faces,
            people=self.people,
            purse=self.purse,
            measure=lambda _: self.size,
            clock=lambda: at(60),
        )
        return self.people.suggestion(seen_visit)

    @property
    def calls(self) -> tuple[FaceCall, ...]:
        return self.people.calls(NOON, at(3600))

    @property
    def taken(self) -> int:
        return sum(a.taken for a in self.purse.accounts(NOON.date()) if a.kind is Spending.REKOGNITION)


@pytest.fixture
def it() -> World:
    return World()


def test_a_known_face_is_suggested_once_and_the_call_recorded_without_a_name(it: World) -> None:
    assert [it.see() for _ in range(2)] == [ANNA, ANNA]
    assert (len(it.faces.searched), it.taken) == (1, 1)
    assert it.calls == (
        FaceCall(
            at=at(60), action=FaceAction.SEARCH, threshold=0.95, faces=1, note=f"visit {visit(0).visit_id}"
        ),
    )


def test_a_stranger_is_searched_for_once_too(it: World) -> None:
    assert [it.see(b"stranger") for _ in range(2)] == [None, None]
    assert (len(it.faces.searched), it.taken, it.calls[0].faces) == (1, 1, 0)


@pytest.mark.parametrize(
    ("why", "site", "camera", "size"),
    [
        ("off by default", Site(cameras=(Camera("hall", faces=True),)), "hall", (120, 120)),
        ("the camera asks for no faces", SITE, "yard", (120, 120)),
        ("too small for Rekognition", SITE, "hall", (79, 120)),
        ("nothing is left of the day", replace(SITE, caps=Caps(rekognition_calls=0)), "hall", (120, 120)),
    ],
)
def test_nobody_is_searched_for_where_nobody_asks(
    it: World, why: str, site: Site, camera: str, size: tuple[int, int]
) -> None:
    it.site, it.size = site, size
    assert it.see(camera=camera) is None
    assert (it.faces.searched, it.calls, it.taken) == ([], (), 0), why


@pytest.mark.parametrize("fault", [Unavailable("throttled"), PictureError("of another format")])
def test_a_search_that_fails_keeps_no_alert_waiting_and_is_on_record(it: World, fault: Exception) -> None:
    it.faces.faults = [fault]
    assert it.see() is None
    (call,) = it.calls
    assert call.note.endswith(f", which failed: {fault}")


def test_the_faces_that_are_kept_are_those_that_are_searched_for() -> None:
    made = world((seen(x=0.3),), (seen(x=0.3),))
    shown: list[tuple[str, bytes]] = []

    def recogniser(found: Visit, face: bytes, *, site: Site) -> bool:
        assert site is made.site
        shown.append((found.visit_id, face))
        return True

    for second in range(2):
        made.take(made.arrive(second, str(second).encode()), recogniser=recogniser)
    (key,) = made.pictures.keys("faces/")
    assert shown == [(visit(0).visit_id, made.pictures.pictures[key])]


def test_after_a_search_that_failed_the_other_faces_of_the_frame_do_not_wait() -> None:
    made = world((seen(x=0.2), seen(x=0.6), seen(x=0.9)))
    it = World(faces=FakeFaces(faults=[Unavailable("no answer in 3 s")]))

    def recogniser(found: Visit, face: bytes, *, site: Site) -> bool:
        return recognise(
            found,
            face,
            site=SITE,
            collection=lambda _: it.faces,
            people=it.people,
            purse=it.purse,
            measure=lambda _: it.size,
            clock=lambda: at(60),
        )

    made.take(made.arrive(0, b"0"), recogniser=recogniser)
    assert len(made.pictures.keys("faces/")) == 3
    assert (len(it.faces.searched), it.taken) == (1, 1)
    assert len(made.publisher.published) == 1


def test_a_purse_or_a_record_that_fails_holds_no_frame(it: World, caplog: pytest.LogCaptureFixture) -> None:
    class BrokenPurse(FakePurse):
        def take(self, *_: object, **__: object) -> bool:
            raise Unavailable("throttled purse")

    class BrokenPeople(FakePeopleStore):
        def record(self, _: FaceCall) -> None:
            raise Unavailable("throttled table")

    it.purse = BrokenPurse()
    assert it.see() is None
    assert it.faces.searched == []
    it.purse, it.people = FakePurse(), BrokenPeople()
    assert it.see() is None
    assert "goes without a name: throttled purse" in caplog.text
    assert "goes without a name: throttled table" in caplog.text


def test_names_are_on_the_page_of_the_day_under_way_alone(it: World) -> None:
    it.see()
    minute = fold_minute(None, [report(0, seen())], SITE.following("hall"))
    assert minute is not None
    day = CameraDay(SITE.cameras[0], NOON, at(3600), (minute,), (), ())

    def suggested(seconds: float, site: Site = SITE) -> Mapping[str, Suggestion]:
        return suggested_today(day, site=site, people=it.people, clock=lambda: at(seconds))

    assert suggested(60) == {visit(0).visit_id: ANNA}
    assert suggested(3600) == {}
    assert suggested(60, Site()) == {}


def test_a_name_in_an_alert_is_a_suggestion() -> None:
    def notice(who: Suggestion | None) -> Notice:
        return visit_notice(
            visit(0),
            rule=AlertRule(rule_id="people"),
            at=NOON,
            number=1,
            site=SITE,
            link=None,
            picture="p.jpg",
            who=who,
        )

    told = notice(Suggestion("Anna", 0.9731, 0.95))
    assert "perhaps Anna, 97% alike: a suggestion of Rekognition's, which may be wrong" in told.email
    assert "person (perhaps Anna, 97%) at hall" in told.sms
    assert told.data["suggestion"] == {"name": "Anna", "similarity": 0.9731, "threshold": 0.95}
    plain = notice(None)
    assert "perhaps" not in plain.email + plain.sms
    assert "suggestion" not in plain.data
    forged = notice(Suggestion("Eve\r\nhttps://evil.example", 0.99, 0.95))
    assert "https://" not in forged.email + forged.sms


@pytest.mark.parametrize("name", ["Anna", "Žofie O'Brien", "李雷", "a" * 60])
def test_names_go_to_the_service_and_come_back(name: str) -> None:
    there = to_external_id(check_person_name(name))
    assert set(there) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
    assert len(there) <= 255
    assert from_external_id(there) == name


@pytest.mark.parametrize("name", ["", "  ", "a" * 61, "a\0b"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="1 to 60 characters"):
        check_person_name(name)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"threshold": 0.5}, "0.8 to 1"),
        ({"collection": "a b"}, "other characters"),
        ({"on": True}, "no known"),
    ],
)
def test_known_faces_that_cannot_be_are_refused(document: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        read_object(KnownFaces, document, source="site.json")
