"""What every `PictureStore` does, the fake as the bucket, with versions or without."""

import boto3
import pytest
from moto import mock_aws

from tests.contract.conftest import BUCKET
from tests.fakes import FakePictureStore
from vigie.aws import clients
from vigie.aws.picture_store import S3PictureStore
from vigie.errors import NotFound

AnyStore = FakePictureStore | S3PictureStore
FACES = ("faces/hall/2026-01-31/a.jpg", "faces/hall/2026-01-31/b.jpg", "faces/hall-2/2026-01-31/a.jpg")


@pytest.fixture(params=["plain", "versioned"])
def store(twin: str, request: pytest.FixtureRequest) -> AnyStore:
    if twin == "fake":
        return FakePictureStore()
    if request.param == "versioned":
        boto3.client("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return S3PictureStore(clients.s3(), BUCKET)


def test_pictures_are_listed_by_what_they_begin_with(store: AnyStore) -> None:
    for key in reversed(FACES):
        for jpeg in (b"one", b"two"):
            store.put(key, jpeg)
    assert store.keys("faces/hall/") == FACES[:2]
    assert store.keys("faces/hall") == (FACES[2], *FACES[:2])
    assert store.keys("faces/attic/") == ()


def test_a_picture_is_the_last_that_was_put(store: AnyStore) -> None:
    for jpeg in (b"one", b"two"):
        store.put(FACES[0], jpeg)
    assert store.load(FACES[0]) == b"two"
    with pytest.raises(NotFound):
        store.load(FACES[1])


def test_a_deleted_picture_is_gone_with_all_its_versions(store: AnyStore) -> None:
    for key in FACES:
        for jpeg in (b"one", b"two"):
            store.put(key, jpeg)
    for _ in range(2):
        store.delete(FACES[1:])
        assert store.keys("faces/") == FACES[:1]
    store.delete(())
    if isinstance(store, S3PictureStore):
        left = boto3.client("s3").list_object_versions(Bucket=BUCKET, Prefix="faces/")
        assert {item["Key"] for item in left["Versions"]} == {FACES[0]}
        assert "DeleteMarkers" not in left


def test_what_a_plain_delete_has_hidden_is_found(store: AnyStore) -> None:
    store.put(FACES[0], b"one")
    if isinstance(store, FakePictureStore):
        return
    boto3.client("s3").delete_object(Bucket=BUCKET, Key=FACES[0])
    hidden = bool(boto3.client("s3").list_object_versions(Bucket=BUCKET).get("Versions"))
    assert store.keys("faces/") == (FACES[:1] if hidden else ())
    store.delete(FACES[:1])
    assert store.keys("faces/") == ()


def test_more_than_one_call_may_name_are_deleted(store: AnyStore) -> None:
    keys = [f"faces/hall/2026-01-31/{number}.jpg" for number in range(1_003)]
    for key in keys:
        store.put(key, b"")
    store.delete(keys)
    assert store.keys("faces/") == ()


def test_a_picture_is_what_a_browser_takes(twin: str) -> None:
    if twin == "fake":
        return
    S3PictureStore(clients.s3(), BUCKET).put(FACES[0], b"\xff\xd8")
    answer = boto3.client("s3").get_object(Bucket=BUCKET, Key=FACES[0])
    assert (answer["Body"].read(), answer["ContentType"]) == (b"\xff\xd8", "image/jpeg")
    assert answer["CacheControl"] == "private, max-age=86400"


def test_a_bucket_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws(), pytest.raises(NotFound, match="listing faces/ failed"):
        S3PictureStore(clients.s3(), "nowhere").keys("faces/")
