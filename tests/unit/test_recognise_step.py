"""Searching for a known face: only where it is asked for, once a visit, the purse first, never in the way."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest

from tests.budget_fakes import FakePurse
from tests.builders import NOON, at, report, seen, visit
from tests.fakes import FakePictureStore
from tests.pause_fakes import FakePauseStore
from tests.people_fakes import FakeFaces, FakePeopleStore
from vigie.documents import read_object
from vigie.domain.cameras import Camera
from vigie.domain.caps import Caps, Spending
from vigie.domain.frames import FrameKey
from vigie.domain.notices import Notice
from vigie.domain.pauses import FIRST_PAUSE
from vigie.domain.people import (
    FaceAction,
    FaceCall,
    KnownFaces,
    Suggestion,
    check_person_name,
    from_external_id,
    to_external_id,
)
from vigie.domain.pictures import face_key
from vigie.domain.rules import AlertRule
from vigie.domain.series import CameraDay, fold_minute
from vigie.domain.sites import Site
from vigie.domain.visits import Visit
from vigie.domain.wording import visit_notice
from vigie.errors import AccessDenied, CloudError, ConfigError, NotFound, PictureError, Unavailable
from vigie.steps.pausing import Pauses
from vigie.steps.recognise import MOST_SEARCHING_S, WINDOW_S, Recogniser, suggested_today

SITE = Site(cameras=(Camera("hall", faces=True), Camera("yard")), known_faces=KnownFaces(enabled=True))
ANNA = Suggestion("Anna", 1.0, 0.95)


@dataclass
class World:
    """Everything around the step; Anna's face is known. A search lasts `lasts_s` of the steady clock."""

    site: Site = SITE
    faces: FakeFaces = field(default_factory=FakeFaces)
    people: FakePeopleStore = field(default_factory=FakePeopleStore)
    purse: FakePurse = field(default_factory=FakePurse)
    pictures: FakePictureStore = field(default_factory=FakePictureStore)
    pauses: FakePauseStore = field(default_factory=FakePauseStore)
    size: tuple[int, int] = (120, 120)
    now: float = 60
    steady: float = 100
    lasts_s: float = 0

    def __post_init__(self) -> None:
        self.faces.enrol("Anna", b"anna")
        self.recogniser = self.instance()

    def instance(self) -> Recogniser:
        return Recogniser(
            collection=self.collection,
            kept=self.pictures,
            people=self.people,
            purse=self.purse,
            pauses=Pauses(self.pauses, self.clock),
            measure=lambda _: self.size,
            clock=self.clock,
            steady=lambda: self.steady,
        )

    def collection(self, _: str) -> FakeFaces:
        self.steady += self.lasts_s
        return self.faces

    def clock(self) -> datetime:
        return at(self.now)

    def keep(self, of: Visit, face: bytes) -> None:
        self.pictures.put(face_key(of), face)

    def look(self, *begun: Visit) -> None:
        self.recogniser.look(begun, site=self.site)

    def see(self, face: bytes = b"anna", *, seconds: float = 0, camera: str = "hall") -> Suggestion | None:
        seen_visit = visit(seconds, camera=camera)
        self.keep(seen_visit, face)
        self.look(seen_visit)
        return self.people.suggestion(seen_visit)

    @property
    def calls(self) -> tuple[FaceCall, ...]:
        return self.people.calls(NOON, at(86_400))

    @property
    def taken(self) -> int:
        return sum(a.taken for a in self.purse.accounts(NOON.date()) if a.kind is Spending.REKOGNITION)


@pytest.fixture
def it() -> World:
    return World()


def test_a_known_face_is_suggested_once_and_the_call_recorded_without_a_name(it: World) -> None:
    assert [it.see() for _ in range(2)] == [ANNA, ANNA]
    assert (len(it.faces.searched), it.taken) == (1, 1)
    asked, answered = (
        FaceCall(at=at(60), action=FaceAction.SEARCH, threshold=0.95, faces=faces, note=note)
        for faces, note in ((0, f"asked, visit {visit(0).visit_id}"), (1, f"visit {visit(0).visit_id}"))
    )
    assert it.calls == (asked, answered)


def test_who_comes_nearer_is_searched_for_when_the_face_is_large_enough_and_then_no_more(it: World) -> None:
    here = visit(0)
    it.size = (79, 79)
    assert it.see() is None
    for second in (1, 2):
        frame = FrameKey("hall", at(second))
        it.pictures.put(face_key(here, frame), b"anna")
        it.recogniser.look([here], site=it.site, frame=frame)
        it.size = (80, 80)
        assert it.people.suggestion(here) == (None if second == 1 else ANNA)
    it.look(here)
    assert (len(it.faces.searched), it.taken) == (1, 1)


def test_a_stranger_is_searched_for_once_too(it: World) -> None:
    assert [it.see(b"stranger") for _ in range(2)] == [None, None]
    assert (len(it.faces.searched), it.taken, it.calls[1].faces) == (1, 1, 0)


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
def test_a_search_that_fails_keeps_no_alert_back_and_is_on_record(it: World, fault: Exception) -> None:
    it.faces.faults = [fault]
    assert it.see() is None
    _, call = it.calls
    assert call.note.endswith(f", which failed: {fault}")


def test_after_a_search_that_failed_nobody_waits_until_the_pause_is_over(it: World) -> None:
    """Neither the other faces of the frame nor those of later frames; a second instance hears of it too."""
    it.faces.faults = [Unavailable("no answer in 3 s")]
    crowd = [visit(0, ordinal=n) for n in range(1, 4)]
    for each in crowd:
        it.keep(each, b"anna")
    it.look(*crowd)
    assert [it.see(seconds=n, face=b"anna") for n in range(10, 20)] == [None] * 10
    it.recogniser = it.instance()
    assert it.see(seconds=20) is None
    assert (len(it.faces.searched), it.taken, len(it.calls)) == (1, 1, 2)
    it.now += FIRST_PAUSE.total_seconds()
    assert it.see(seconds=21) == ANNA


@pytest.mark.parametrize("fault", [AccessDenied("no right"), NotFound("no collection")])
def test_a_service_that_refuses_does_not_use_up_the_day(it: World, fault: CloudError) -> None:
    it.site = replace(SITE, caps=Caps(rekognition_calls=100))
    it.faces.faults = [fault] * 10_000
    day_s = 86_400 - 12 * 3600 - 60  # to midnight, where the site is
    for n in range(0, day_s, 20):
        it.now = 60 + n
        it.see(b"stranger", seconds=n)
    assert len(it.faces.searched) == it.taken == -(-day_s // 900)


def test_searches_that_take_long_leave_the_alerts_their_time(it: World) -> None:
    it.lasts_s = 1.0
    crowd = [visit(0, ordinal=n) for n in range(1, 9)]
    for each in crowd:
        it.keep(each, b"anna")
    it.look(*crowd)
    assert it.see(seconds=1) is None
    assert len(it.faces.searched) == MOST_SEARCHING_S
    it.steady += WINDOW_S
    assert it.see(seconds=2) == ANNA


def test_without_a_face_or_with_one_that_is_none_nothing_is_paid(it: World) -> None:
    it.look(visit(0), visit(1, label="car"))

    def broken(_: bytes) -> tuple[int, int]:
        raise PictureError("no JPEG")

    it.recogniser.measure = broken
    assert it.see(seconds=2) is None
    assert (it.faces.searched, it.taken) == ([], 0)


def test_a_purse_or_a_record_that_fails_holds_no_alert(it: World, caplog: pytest.LogCaptureFixture) -> None:
    class BrokenPurse(FakePurse):
        def take(self, *_: object, **__: object) -> bool:
            raise Unavailable("throttled purse")

    class BrokenPeople(FakePeopleStore):
        def record(self, _: FaceCall) -> None:
            raise Unavailable("throttled table")

    it.recogniser.purse = BrokenPurse()
    assert it.see() is None
    assert it.faces.searched == []
    it.recogniser.purse, it.recogniser.people = it.purse, BrokenPeople()
    assert it.see() is None
    assert it.faces.searched == [], "no call that is not on record"
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


def test_a_name_is_one_however_its_accents_are_typed() -> None:
    composed, combining = (unicodedata.normalize(form, "José Núñez") for form in ("NFC", "NFD"))
    assert check_person_name(combining) == check_person_name(composed) == composed
    # As an older version enrolled it.
    assert from_external_id(to_external_id(combining)) == composed


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
