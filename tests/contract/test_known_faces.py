"""What every `FaceCollection` and `PeopleStore` does, the fake as the real one.

The real collection's client talks to the server of recorded answers, which knows pictures, not faces.
"""

import io
from collections.abc import Iterator

import pytest
from PIL import Image

from infra.local.recorded import RecordedRekognition
from infra.local.rekognition_server import ENDPOINT_VARIABLE, serving
from tests.builders import NOON, at, visit
from tests.contract.conftest import TABLE
from tests.people_fakes import FakeFaces, FakePeopleStore
from vigie.aws import clients
from vigie.aws.face_collection import RekognitionFaces
from vigie.aws.people_store import DynamoPeopleStore
from vigie.domain.people import FaceAction, FaceCall, Suggestion
from vigie.errors import NotFound, PictureError
from vigie.steps.people_ports import FaceCollection, PeopleStore

NAME = "Žofie O'Brien-Łódź"


def picture(turn: int) -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").rotate(turn).convert("RGB").save(file, "JPEG")
    return file.getvalue()


def plain() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (96, 96), (90, 90, 90)).save(file, "JPEG")
    return file.getvalue()


@pytest.fixture
def collection(twin: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaceCollection]:
    if twin == "fake":
        yield FakeFaces(no_face=plain())
        return
    with serving(RecordedRekognition(lambda *_: None)) as endpoint:
        monkeypatch.setenv(ENDPOINT_VARIABLE, endpoint)
        yield RekognitionFaces(clients.rekognition(), "people")


@pytest.fixture
def people(twin: str) -> PeopleStore:
    return FakePeopleStore() if twin == "fake" else DynamoPeopleStore(clients.dynamodb(), TABLE)


def test_nobody_is_known_before_the_first(collection: FaceCollection) -> None:
    with pytest.raises(NotFound):
        collection.search(picture(0), threshold=0.95)
    assert tuple(collection.faces()) == ()
    assert collection.forget([]) == 0


def test_who_is_enrolled_is_suggested_listed_and_forgotten(collection: FaceCollection) -> None:
    anna = collection.enrol("Anna", picture(90))
    other = collection.enrol(NAME, picture(0))
    assert collection.search(picture(90), threshold=0.95) == Suggestion("Anna", 1.0, 0.95)
    assert collection.search(picture(0), threshold=0.9) == Suggestion(NAME, 1.0, 0.9)
    assert collection.search(picture(180), threshold=0.95) is None
    assert collection.search(plain(), threshold=0.95) is None
    assert tuple(collection.faces()) == (anna, other)
    assert collection.forget([anna.face_id]) == 1
    assert collection.forget([anna.face_id]) == 0
    assert collection.search(picture(90), threshold=0.95) is None
    assert tuple(collection.faces()) == (other,)


def test_a_picture_without_a_face_enrols_nobody(collection: FaceCollection) -> None:
    with pytest.raises(PictureError, match="no face that is good enough"):
        collection.enrol("Anna", plain())
    assert tuple(collection.faces()) == ()


def test_calls_come_back_in_order_of_time(people: PeopleStore) -> None:
    search = FaceCall(at=at(5), action=FaceAction.SEARCH, threshold=0.95, faces=1, note="visit hall-1")
    enrol = FaceCall(at=at(1), action=FaceAction.ENROL, faces=1, name=NAME, note="consent: signed")
    for call in (search, enrol):
        people.record(call)
    people.record(FaceCall(at=at(3600), action=FaceAction.LIST))
    assert tuple(people.calls(NOON, at(60))) == (enrol, search)
    assert tuple(people.calls(at(1), at(5))) == (enrol,)
    assert tuple(people.calls(NOON, NOON)) == ()


def test_a_suggestion_is_of_one_visit_and_a_name_can_be_taken_out(people: PeopleStore) -> None:
    first, second, third = visit(0), visit(60), visit(0, camera="yard")
    assert people.suggestion(first) is None
    assert not people.was_searched(first)
    anna = Suggestion("Anna", 0.9731, 0.95)
    people.suggest(first, anna)
    people.suggest(second, None)
    people.suggest(third, anna)
    assert people.suggestion(first) == anna
    assert people.suggestion(second) is None
    assert people.was_searched(second)
    assert dict(people.suggestions("hall", NOON.date())) == {first.visit_id: anna}
    assert people.forget("Anna", "hall", NOON.date()) == 1
    assert people.forget("Anna", "hall", NOON.date()) == 0
    assert people.suggestion(first) is None
    assert people.was_searched(first)
    assert people.suggestion(third) == anna
