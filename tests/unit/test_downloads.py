"""The download, against a server on loopback that breaks off, refuses and changes its mind."""

import fcntl
import hashlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.release import CONTENT, Release, serving
from vigie.errors import DownloadError
from vigie.vision.downloads import download
from vigie.vision.models import fetch_model

SHA256 = hashlib.sha256(CONTENT).hexdigest()

fetch = partial(download, pause_s=0)


@pytest.fixture
def release() -> Iterator[Release]:
    with serving({"/yolov8n.onnx": CONTENT}) as server:
        yield server


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "models" / "yolov8n.onnx"


def test_whole_at_once(release: Release, target: Path) -> None:
    fetch(release.url(), target, sha256=SHA256.upper())
    assert target.read_bytes() == CONTENT
    assert [file.name for file in target.parent.iterdir()] == ["yolov8n.onnx"]


def test_a_broken_download_goes_on_where_it_ended(release: Release, target: Path) -> None:
    release.cuts = [1000, 70_000]
    fetch(release.url(), target, sha256=SHA256)
    assert target.read_bytes() == CONTENT
    assert release.asked == [None, "bytes=1000-", "bytes=71000-"]


def test_the_next_call_goes_on_too(release: Release, target: Path) -> None:
    release.cuts = [5000]
    with pytest.raises(DownloadError, match=rf"broke off after 5000 of {len(CONTENT)} bytes, at each of 1"):
        fetch(release.url(), target, attempts=1)
    assert not target.exists()
    fetch(release.url(), target)
    assert release.asked == [None, "bytes=5000-"]
    assert target.read_bytes() == CONTENT


def test_a_server_without_ranges_begins_anew(release: Release, target: Path) -> None:
    release.cuts, release.ranges = [5000], False
    fetch(release.url(), target)
    assert release.asked == [None, "bytes=5000-"]
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("etag", [None, 'W/"weak"'])
def test_without_proof_of_being_the_same_file_nothing_is_put_together(
    release: Release, target: Path, etag: str | None
) -> None:
    release.cuts, release.etag = [5000], etag
    fetch(release.url(), target)
    assert release.asked == [None, None]
    assert target.read_bytes() == CONTENT


def test_a_file_that_changed_in_between_is_fetched_whole(release: Release, target: Path) -> None:
    release.cuts = [5000]
    with pytest.raises(DownloadError):
        fetch(release.url(), target, attempts=1)
    release.bodies["/yolov8n.onnx"], release.etag = CONTENT[::-1], '"second"'
    fetch(release.url(), target)
    assert target.read_bytes() == CONTENT[::-1]


def test_a_part_longer_than_the_file_is_given_up(release: Release, target: Path) -> None:
    target.parent.mkdir()
    target.with_name("yolov8n.onnx.part").write_bytes(bytes(len(CONTENT) + 1))
    target.with_name("yolov8n.onnx.part.etag").write_text('"first"')
    fetch(release.url(), target)
    assert target.read_bytes() == CONTENT


def test_a_server_in_trouble_is_asked_again(release: Release, target: Path) -> None:
    release.errors = [503, 429, 500]
    fetch(release.url(), target)
    assert target.read_bytes() == CONTENT


def test_a_wrong_hash_leaves_nothing(release: Release, target: Path) -> None:
    with pytest.raises(DownloadError, match=f"has the SHA-256 {SHA256}, {'0' * 64} is expected"):
        fetch(release.url(), target, sha256="0" * 64)
    assert list(target.parent.iterdir()) == []


def test_what_is_not_there_is_not_asked_for_twice(release: Release, target: Path) -> None:
    with pytest.raises(DownloadError, match="HTTP 404 Not Found"):
        fetch(release.url("/gone.onnx"), target)
    assert len(release.asked) == 1
    assert not target.exists()


@pytest.mark.parametrize("url", ["nonsense", "http://[", "http://127.0.0.1:9/yolov8n.onnx"])
def test_an_address_that_leads_nowhere_is_one_sentence(target: Path, url: str) -> None:
    with pytest.raises(DownloadError) as refusal:
        fetch(url, target, attempts=2)
    assert "\n" not in str(refusal.value)


def test_two_downloads_do_not_write_into_one_another(release: Release, target: Path) -> None:
    target.parent.mkdir()
    with target.with_name("yolov8n.onnx.part").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(DownloadError, match="is being written by another download"):
            fetch(release.url(), target)


def test_a_folder_that_cannot_be_written_is_one_sentence(release: Release, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DownloadError, match="cannot be written"):
        fetch(release.url(), tmp_path / "file" / "yolov8n.onnx")


def test_an_onnx_file_that_is_no_detector_is_refused(release: Release, target: Path) -> None:
    release.bodies["/yolov8n.onnx"] = CONTENT[: len(CONTENT) // 2]
    with pytest.raises(DownloadError, match=r"what came is no detector of ours: model .* no ONNX file"):
        fetch_model(release.url(), target, pause_s=0)
    assert list(target.parent.iterdir()) == []
