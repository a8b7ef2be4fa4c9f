"""`python -m vigie faces delete`, on a versioned bucket."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from infra.local.cloud import aws_environ
from vigie.__main__ import main

BUCKET = "faces-data"
VISIT = "hall-20260131T120000000Z-person-1"
KEYS = (
    f"faces/hall/2026-01-31/{VISIT}.jpg",
    "faces/hall/2026-01-31/hall-20260131T130000000Z-person-1.jpg",
    "faces/hall/2026-02-01/hall-20260201T120000000Z-person-1.jpg",
    "faces/shop/2026-01-31/shop-20260131T120000000Z-person-1.jpg",
    "site/pictures/hall/2026-01-31/20260131T120000000Z-person-9000.jpg",
)


@pytest.fixture(autouse=True)
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in aws_environ("").items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("VIGIE_BUCKET", BUCKET)
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        for key in KEYS:
            s3.put_object(Bucket=BUCKET, Key=key, Body=b"")
        yield


def left() -> set[int]:
    versions = boto3.client("s3").list_object_versions(Bucket=BUCKET).get("Versions", [])
    return {KEYS.index(item["Key"]) for item in versions}


@pytest.mark.parametrize(
    ("options", "gone", "said"),
    [
        (["--visit", VISIT], {0}, "1 face removed\n"),
        (["--camera", "hall"], {0, 1, 2}, "3 faces removed\n"),
        (["--camera", "hall", "--day", "2026-01-31"], {0, 1}, "2 faces removed\n"),
        (["--day", "2026-01-31"], {0, 1, 3}, "3 faces removed\n"),
        (["--camera", "attic"], set(), "0 faces removed\n"),
    ],
)
def test_faces_are_removed_with_their_versions(
    options: list[str], gone: set[int], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["faces", "delete", *options]) == 0
    assert capsys.readouterr().out == said
    assert left() == set(range(len(KEYS))) - gone
    assert main(["faces", "delete", *options]) == 0
    assert capsys.readouterr().out == "0 faces removed\n"


def test_a_dry_run_names_and_removes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faces", "delete", "--day", "2026-02-01", "--dry-run"]) == 0
    assert capsys.readouterr().out == f"{KEYS[2]}\n1 face would be removed\n"
    assert left() == set(range(len(KEYS)))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "name a visit, a camera, a day, or a camera and a day"),
        (["--visit", VISIT, "--camera", "hall"], "name the visit alone"),
        (["--visit", "x"], "'x' is no visit such as hall-20260131T120000000Z-person-1"),
        (["--camera", "Hall"], "camera_id 'Hall' must be 1 to 32 of"),
        (["--camera", "hall", "--bucket", "nowhere"], "listing faces/hall/ failed"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["faces", "delete", *options]) == 2
    said = capsys.readouterr().err
    assert said.startswith("vigie: ")
    assert words in said
    assert said.count("\n") == 1
    assert left() == set(range(len(KEYS)))


def test_a_bucket_must_be_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("VIGIE_BUCKET")
    assert main(["faces", "delete", "--camera", "hall"]) == 2
    assert capsys.readouterr().err == "vigie: which bucket? name it with --bucket, or in VIGIE_BUCKET\n"
    assert main(["faces", "delete", "--camera", "hall", "--bucket", BUCKET]) == 0


def test_a_day_must_be_one(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["faces", "delete", "--day", "yesterday"])
    assert "'yesterday' is no day such as 2026-01-31" in capsys.readouterr().err
