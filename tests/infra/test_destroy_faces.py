"""The known faces of a stage that is removed: a trial's go, others' stay, and what stays is said."""

import json

import boto3
import pytest

from infra import destroy
from infra.deployment.stage import Stage
from infra.local.recorded import RecordedRekognition, ServiceError
from infra.local.rekognition_server import ENDPOINT_VARIABLE, serving
from tests.contract.test_known_faces import picture
from tests.infra.conftest import ACCOUNT
from tests.infra.small_stages import BUCKET, deploy, stack_names
from vigie.aws import clients
from vigie.aws.face_collection import RekognitionFaces
from vigie.aws.site_store import SITE_DOCUMENT
from vigie.errors import ConfigError

pytestmark = pytest.mark.usefixtures("fresh_account")


def enrol(collection: str, *, owner: str | None, count: int = 1) -> None:
    faces = RekognitionFaces(clients.rekognition(), collection, owner=owner)
    for number in range(count):
        faces.enrol("Anna", picture(90 * number))


def known_collections() -> list[str]:
    return boto3.client("rekognition").list_collections()["CollectionIds"]


def name_in_site(collection: str) -> None:
    document = json.dumps({"known_faces": {"enabled": True, "collection": collection}})
    boto3.client("s3").put_object(Bucket=BUCKET, Key=SITE_DOCUMENT, Body=document.encode())


def test_the_known_faces_of_a_trial_go_and_those_of_others_do_not(capsys: pytest.CaptureFixture[str]) -> None:
    deploy(policy="Delete")
    name_in_site("by-hand")
    enrol("trial-people", owner="vigie-trial-reports", count=2)
    enrol("former-people", owner="vigie-trial-reports")
    enrol("prod-people", owner="vigie-prod-reports")
    enrol("by-hand", owner=None)
    enrol("somebody-elses", owner=None)
    assert destroy.destroy(Stage("trial"), ACCOUNT, yes=True, poll_s=0) == 0
    said = capsys.readouterr().out
    assert known_collections() == ["by-hand", "prod-people", "somebody-elses"]
    assert "Removed: the collection trial-people, with 2 faces." in said
    assert "Removed: the collection former-people, with 1 face." in said
    assert "Kept: the collection by-hand, with 1 face of people" in said
    assert "Nothing says which stage made it" in said
    assert "prod-people" not in said
    assert "somebody-elses" not in said


def test_production_keeps_its_known_faces_and_says_how_to_remove_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    deploy(policy="Retain")
    enrol("vigie-people", owner="vigie-trial-reports", count=3)
    for _ in range(2):  # the second time no stack is there any more
        assert destroy.destroy(Stage("trial"), ACCOUNT, yes=True, poll_s=0) == 0
        said = capsys.readouterr().out
        assert "Kept: the collection vigie-people, with 3 faces of people, $0.00003 a month." in said
        assert "biometric data" in said
        command = "aws rekognition delete-collection --region eu-west-1 --collection-id vigie-people"
        assert f"  {command}\n" in said
    assert known_collections() == ["vigie-people"]


def test_the_faces_of_one_stage_are_not_put_to_those_of_another(capsys: pytest.CaptureFixture[str]) -> None:
    enrol("vigie-people", owner="vigie-prod-reports")
    with pytest.raises(ConfigError, match="vigie-people is that of the table vigie-prod-reports"):
        enrol("vigie-people", owner="vigie-trial-reports")
    enrol("vigie-people", owner="vigie-prod-reports")
    deploy(policy="Delete")
    name_in_site("vigie-people")
    assert destroy.destroy(Stage("trial"), ACCOUNT, yes=True, poll_s=0) == 0
    said = capsys.readouterr().out
    assert "It is that of the table vigie-prod-reports; others may use it." in said
    assert known_collections() == ["vigie-people"]


def test_a_no_leaves_the_known_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    deploy(policy="Delete")
    enrol("vigie-people", owner="vigie-trial-reports")
    monkeypatch.setattr(destroy, "agreed", lambda *_, **__: False)
    assert destroy.destroy(Stage("trial"), ACCOUNT, yes=False, poll_s=0) == 1
    assert known_collections() == ["vigie-people"]


def test_where_rekognition_may_not_be_asked_the_stage_goes_and_that_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(policy="Delete")
    service = RecordedRekognition(lambda *_: None)
    service.faults = [ServiceError("AccessDeniedException", "no right")]
    with serving(service) as endpoint:
        monkeypatch.setenv(ENDPOINT_VARIABLE, endpoint)
        assert destroy.destroy(Stage("trial"), ACCOUNT, yes=True, poll_s=0) == 0
    said = capsys.readouterr().out
    assert "Whether there are known faces, which are biometric data, could not be seen" in said
    assert stack_names() == []
