"""`python -m vigie people`: consent, names and caps, against the local server in Rekognition's place."""

import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.local.cloud import aws_environ
from infra.local.recorded import RecordedRekognition
from infra.local.rekognition_server import ENDPOINT_VARIABLE, serving
from infra.local.resources import create_table
from tests.builders import seen
from tests.contract.test_known_faces import picture, plain
from vigie.__main__ import main
from vigie.aws import clients
from vigie.aws.pause_store import DynamoPauseStore
from vigie.aws.people_store import DynamoPeopleStore
from vigie.aws.site_store import SITE_DOCUMENT
from vigie.domain.frames import FrameKey
from vigie.domain.people import FaceAction, FaceCall, Suggestion
from vigie.domain.visits import Visit, begin_visit
from vigie.errors import NotFound, Unavailable
from vigie.steps.pausing import Pauses, faces_of

BUCKET, TABLE = "people-data", "people-reports"
CONSENT = ["--consent", "signed on 2026-01-31"]


@pytest.fixture(autouse=True)
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordedRekognition]:
    for name, value in aws_environ("").items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("VIGIE_BUCKET", BUCKET)
    monkeypatch.setenv("VIGIE_TABLE", TABLE)
    recorded = RecordedRekognition(lambda *_: None)
    with mock_aws(), serving(recorded) as endpoint:
        monkeypatch.setenv(ENDPOINT_VARIABLE, endpoint)
        boto3.client("s3").create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        create_table(TABLE)
        put_site('{"known_faces": {"enabled": true}, "cameras": [{"camera_id": "hall"}]}')
        yield recorded


def put_site(text: str) -> None:
    boto3.client("s3").put_object(Bucket=BUCKET, Key=SITE_DOCUMENT, Body=text.encode())


@pytest.fixture
def anna(tmp_path: Path) -> Path:
    file = tmp_path / "anna.jpg"
    file.write_bytes(picture(90))
    return file


def people() -> DynamoPeopleStore:
    return DynamoPeopleStore(clients.dynamodb(), TABLE)


def today() -> Visit:
    """A visit of a moment ago."""
    return begin_visit(seen(), FrameKey("hall", datetime.now(UTC)), 1)


def test_a_person_is_enrolled_listed_and_forgotten(
    anna: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wall = tmp_path / "wall.jpg"
    wall.write_bytes(plain())
    assert main(["people", "enrol", "Anna  Novak", str(anna), str(wall), *CONSENT]) == 1
    told = capsys.readouterr()
    assert told.out == "Anna Novak: 1 face enrolled\n"
    assert told.err == f"{wall}: it shows no face that is good enough\n"
    assert main(["people", "list"]) == 0
    assert capsys.readouterr().out == "Anna Novak: 1 face\n1 known\n"
    here = today()
    people().suggest(here, Suggestion("Anna Novak", 0.97, 0.95))
    assert main(["people", "forget", "Anna Novak"]) == 0
    assert capsys.readouterr().out == "Anna Novak: 1 face removed, and 1 suggestion\n"
    assert people().suggestion(here) is None
    main(["people", "list"])
    assert capsys.readouterr().out == "0 known\n"
    now = datetime.now(UTC)
    calls = people().calls(now - timedelta(hours=1), now + timedelta(seconds=1))
    assert [(call.action, call.faces, call.name, call.note) for call in calls] == [
        (FaceAction.ENROL, 0, "Anna Novak", "asked, consent: signed on 2026-01-31"),
        (FaceAction.ENROL, 1, "Anna Novak", "consent: signed on 2026-01-31"),
        (FaceAction.ENROL, 0, "Anna Novak", "asked, consent: signed on 2026-01-31"),
        (FaceAction.ENROL, 0, "Anna Novak", "failed: it shows no face that is good enough"),
        (FaceAction.LIST, 1, "", ""),
        (FaceAction.FORGET, 0, "Anna Novak", "asked, of 1 face"),
        (FaceAction.FORGET, 1, "Anna Novak", ""),
        (FaceAction.LIST, 0, "", ""),
    ]
    assert main(["people", "forget", "Anna"]) == 2
    assert "'Anna' is not known; there is nobody" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("site", "words"),
    [
        ("{}", "known faces are off"),
        ('{"known_faces": {"enabled": true}, "caps": {"rekognition_calls": 0}}', "0 calls of Rekognition"),
    ],
)
def test_nobody_is_enrolled_where_known_faces_are_off_or_nothing_is_left(
    service: RecordedRekognition, anna: Path, capsys: pytest.CaptureFixture[str], site: str, words: str
) -> None:
    put_site(site)
    assert main(["people", "enrol", "Anna", str(anna), *CONSENT]) == 2
    assert words in capsys.readouterr().err
    assert service.calls == []


def test_who_is_enrolled_is_searched_for_at_once(anna: Path) -> None:
    """Searches before the first enrolment found no collection, and made a pause."""
    pauses = DynamoPauseStore(clients.dynamodb(), TABLE)
    Pauses(pauses, lambda: datetime.now(UTC)).after(faces_of("vigie-people"), NotFound("no collection"))
    assert main(["people", "enrol", "Anna", str(anna), *CONSENT]) == 0
    assert pauses.pause(faces_of("vigie-people")) is None


def test_nobody_is_enrolled_without_consent(anna: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["people", "enrol", "Anna", str(anna)])
    assert "--consent" in capsys.readouterr().err
    assert main(["people", "enrol", "Anna", str(anna), "--consent", "  "]) == 2
    assert "how this person agreed" in capsys.readouterr().err


def test_a_person_is_forgotten_in_a_former_collection(anna: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["people", "enrol", "Anna", str(anna), *CONSENT]) == 0
    put_site('{"known_faces": {"enabled": true, "collection": "newer"}}')
    assert main(["people", "forget", "Anna"]) == 2
    assert main(["people", "forget", "Anna", "--collection", "a b"]) == 2
    assert "other characters" in capsys.readouterr().err
    assert main(["people", "forget", "Anna", "--collection", "vigie-people"]) == 0
    assert capsys.readouterr().out == "Anna: 1 face removed, and 0 suggestions\n"


def test_a_face_that_stays_is_no_success_and_another_run_removes_it(
    service: RecordedRekognition,
    anna: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begin = datetime.now(UTC)
    assert main(["people", "enrol", "José", str(anna), str(anna), *CONSENT]) == 0
    honest = RecordedRekognition._delete_faces

    def keeps_one(self: RecordedRekognition, request: Mapping[str, Any]) -> dict[str, Any]:
        first, second = request["FaceIds"]
        answer = honest(self, {**request, "FaceIds": [first, "never-there"]})
        stays = {"FaceId": second, "Reasons": ["ASSOCIATED_TO_AN_EXISTING_USER"]}
        return {**answer, "UnsuccessfulFaceDeletions": [*answer["UnsuccessfulFaceDeletions"], stays]}

    monkeypatch.setattr(RecordedRekognition, "_delete_faces", keeps_one)
    capsys.readouterr()
    assert main(["people", "forget", "José"]) == 2
    why = "1 of 2 faces removed from vigie-people, others stay (1: associated_to_an_existing_user)"
    assert why in capsys.readouterr().err
    monkeypatch.setattr(RecordedRekognition, "_delete_faces", honest)
    # As a Mac's keyboard may write it, and while the table takes no second record.
    record = DynamoPeopleStore.record

    def only_what_is_asked(self: DynamoPeopleStore, call: FaceCall) -> None:
        if not call.note:
            raise Unavailable("throttled")
        record(self, call)

    monkeypatch.setattr(DynamoPeopleStore, "record", only_what_is_asked)
    assert main(["people", "forget", unicodedata.normalize("NFD", "José")]) == 2
    assert service.collections == {"vigie-people": {}}
    calls = people().calls(begin, datetime.now(UTC) + timedelta(seconds=1))
    assert [(call.name, call.note) for call in calls if call.action is FaceAction.FORGET] == [
        ("José", "asked, of 2 faces"),
        ("José", f"failed: {why}"),
        ("José", "asked, of 1 face"),
    ]
