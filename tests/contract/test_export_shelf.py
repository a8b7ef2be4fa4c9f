"""What every `ExportShelf` does: a folder, and a bucket's prefix."""

from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from tests.contract.conftest import BUCKET
from vigie.aws import clients
from vigie.aws.export_store import S3ExportShelf
from vigie.errors import NotFound, SetupError
from vigie.exports.folder import ExportFolder
from vigie.steps.ports import ExportShelf

PATH = "minutes/camera=hall/day=2026-01-31/part-0.csv"
Read = Callable[[str], bytes]


@pytest.fixture
def place(twin: str, tmp_path: Path) -> tuple[ExportShelf, Read]:
    """A shelf, and how to read what lies at an address that it gave."""
    if twin == "fake":
        return ExportFolder(tmp_path / "new" / "export"), lambda address: Path(address).read_bytes()

    def read(address: str) -> bytes:
        bucket, _, key = address.removeprefix("s3://").partition("/")
        body: bytes = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

    return S3ExportShelf(clients.s3(), BUCKET, "analysts/"), read


def test_a_file_lies_where_the_shelf_says_the_last_word_on_it(place: tuple[ExportShelf, Read]) -> None:
    shelf, read = place
    for content in (b"first", b"second", b"second"):
        address = shelf.put(PATH, content)
        assert address.endswith(f"/{PATH}")
        assert read(address) == content


def test_a_folder_shows_no_half_of_a_file(tmp_path: Path) -> None:
    ExportFolder(tmp_path).put(PATH, b"whole")
    assert [path.name for path in (tmp_path / PATH).parent.iterdir()] == ["part-0.csv"]
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match=r"part-0\.csv cannot be written: "):
        ExportFolder(tmp_path / "file").put(PATH, b"")


def test_a_bucket_that_is_not_there_is_said(twin: str) -> None:
    if twin == "moto":
        with pytest.raises(NotFound, match="writing minutes"):
            S3ExportShelf(clients.s3(), "nowhere").put(PATH, b"")
