"""The site document as the agent follows it, at moto's S3."""

import json
import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from edge_agent.site import KeptSite, SiteFollower, SiteObject
from edge_agent.status import StatusBoard
from tests.edge.following import Following, until
from vigie.aws.site_store import SITE_DOCUMENT
from vigie.domain.sites import Site
from vigie.errors import AccessDenied

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def put(s3: "S3Client", bucket: str, document: object) -> str:
    text = document if isinstance(document, str) else json.dumps(document)
    return s3.put_object(Bucket=bucket, Key=SITE_DOCUMENT, Body=text.encode())["ETag"]


def test_a_change_arrives_a_bad_one_is_refused_and_a_good_one_heals(
    s3: "S3Client", bucket: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = put(s3, bucket, {"name": "One"})
    with Following(s3, bucket, tmp_path) as following:
        assert following.first == Site(name="One")
        assert following.board.troubles.site_etag == first
        second = put(s3, bucket, {"cameras": [{"camera_id": "hall", "fps": 0.5}]})
        until(lambda: following.board.troubles.site_etag == second)
        until(lambda: [site.camera("hall").fps for site in following.sites] == [0.5])
        with caplog.at_level(logging.WARNING, logger="edge_agent"):
            put(s3, bucket, {"cameras": [{"camera_id": "hall", "fps": 0}]})
            until(lambda: following.board.troubles.site_error is not None)
            time.sleep(0.15)  # several looks more: it is said once, and read once
        assert following.board.troubles.site_etag == second
        assert following.board.troubles.site_error == (
            f"{SITE_DOCUMENT}: cameras.0: fps must be over 0 and at most 30, not 0"
        )
        assert [record.message for record in caplog.records if record.name.startswith("edge")] == [
            "the site document is refused, the last good one stays"
        ]
        third = put(s3, bucket, {"name": "Three"})
        until(lambda: following.board.troubles.site_etag == third)
        assert following.board.troubles.site_error is None
        s3.delete_object(Bucket=bucket, Key=SITE_DOCUMENT)
        until(lambda: following.board.troubles.site_error is not None)
        assert following.board.troubles.site_etag == third
        until(lambda: [site.name for site in following.sites] == ["Vigie", "Three"])


def test_a_fault_of_ours_reaches_the_board_and_the_next_change_arrives(
    s3: "S3Client", bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(s3, bucket, {"name": "One"})
    honest = SiteFollower._look

    def faulty(self: SiteFollower) -> None:
        monkeypatch.setattr(SiteFollower, "_look", honest)
        raise KeyError("cameras")

    with Following(s3, bucket, tmp_path) as following:
        monkeypatch.setattr(SiteFollower, "_look", faulty)
        until(lambda: following.board.troubles.agent_error == "the site document: KeyError: 'cameras'")
        put(s3, bucket, {"name": "Two"})
        until(lambda: [site.name for site in following.sites] == ["Two"])


def test_a_document_that_did_not_change_is_not_sent(s3: "S3Client", bucket: str) -> None:
    source = SiteObject(s3, bucket)
    put(s3, bucket, {"name": "One"})
    document = source.unlike(None)
    assert document is not None
    assert source.unlike(document.etag) is None


def test_a_restart_without_network_begins_with_the_last_good_document(
    s3: "S3Client", bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.config import Config

    etag = put(s3, bucket, {"name": "One"})
    Following(s3, bucket, tmp_path)
    put(s3, bucket, "{")
    again = Following(s3, bucket, tmp_path)
    assert again.first == Site(name="One")
    assert again.board.troubles.site_etag == etag
    assert "is no JSON" in str(again.board.troubles.site_error)

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    nowhere = boto3.client("s3", config=Config(retries={"total_max_attempts": 1}))
    assert Following(nowhere, bucket, tmp_path).first == Site(name="One")
    assert Following(nowhere, "vigie-other", tmp_path).first is None, "another bucket's document is not ours"
    (tmp_path / "followed-site.json").write_text('{"bucket"', encoding="utf-8")
    assert Following(nowhere, bucket, tmp_path).first is None


def test_without_permission_it_is_said_once(
    s3: "S3Client",
    bucket: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = []

    def denied(_: SiteObject, etag: str | None) -> None:
        looks.append(etag)
        raise AccessDenied("403")

    honest = SiteObject.unlike
    monkeypatch.setattr(SiteObject, "unlike", denied)
    with caplog.at_level(logging.WARNING), Following(s3, bucket, tmp_path) as following:
        until(lambda: len(looks) > 3)
    assert [record.message for record in caplog.records] == ["the site document may not be read"]
    assert following.board.troubles.site_error is None
    sentence = str(following.board.troubles.site_denied)
    assert sentence.startswith(f"either there is no {SITE_DOCUMENT}, and then")
    assert sentence.endswith("or s3:GetObject on it is not granted: 403")
    monkeypatch.setattr(SiteObject, "unlike", honest)
    following.follower.begin()
    assert following.board.troubles.site_denied is None, "there is none, which is no fault"


@pytest.mark.parametrize("depth", [900, 100_000])
def test_what_is_nested_too_deeply_is_refused_and_the_last_good_one_stays(
    s3: "S3Client", bucket: str, tmp_path: Path, depth: int
) -> None:
    put(s3, bucket, {"name": "One"})
    Following(s3, bucket, tmp_path)
    put(s3, bucket, '{"name": ' + "[" * depth + "]" * depth + "}")
    again = Following(s3, bucket, tmp_path)
    assert again.first == Site(name="One")
    assert str(again.board.troubles.site_error).startswith(SITE_DOCUMENT)


def test_a_document_that_may_be_read_at_last_is_followed_within_a_minute(
    s3: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            assert timeout is not None
            looks.append(timeout)
            return len(looks) > 3

    def denied(*_: object) -> None:
        raise AccessDenied("403")

    monkeypatch.setattr(SiteObject, "unlike", denied)
    kept = KeptSite(Path("/nowhere"), "vigie")
    board = StatusBoard([], redact=str)
    SiteFollower(SiteObject(s3, "vigie"), kept, board=board, stop=Stop()).run(lambda _: None)
    assert max(looks) < 60


def test_what_is_too_long_is_refused_unread(s3: "S3Client", bucket: str, tmp_path: Path) -> None:
    put(s3, bucket, " " * 1_000_001 + "{}")
    following = Following(s3, bucket, tmp_path)
    assert following.first is None
    assert following.board.troubles.site_error == f"{SITE_DOCUMENT} has more than 1000000 bytes"


@pytest.mark.parametrize(
    "odd", ['{"name": "Two"}'.encode("utf-16"), b'{"max_alert_age_s": ' + b"9" * 5000 + b"}"]
)
def test_what_only_a_lenient_reader_takes_is_refused_at_the_start_and_later(
    s3: "S3Client", bucket: str, tmp_path: Path, odd: bytes
) -> None:
    first = put(s3, bucket, {"name": "One"})
    with Following(s3, bucket, tmp_path) as following:
        s3.put_object(Bucket=bucket, Key=SITE_DOCUMENT, Body=odd)
        until(lambda: "is no JSON" in str(following.board.troubles.site_error))
        assert (following.board.troubles.site_etag, following.sites) == (first, [])
    again = Following(s3, bucket, tmp_path)
    assert (again.first, again.board.troubles.site_etag) == (Site(name="One"), first)
    assert "is no JSON" in str(again.board.troubles.site_error)


def test_the_same_document_after_it_was_gone_is_followed_without_a_word(
    s3: "S3Client", bucket: str, tmp_path: Path
) -> None:
    etag = put(s3, bucket, {"name": "One"})
    with Following(s3, bucket, tmp_path) as following:
        s3.delete_object(Bucket=bucket, Key=SITE_DOCUMENT)
        until(lambda: "is gone" in str(following.board.troubles.site_error))
        assert put(s3, bucket, {"name": "One"}) == etag
        until(lambda: following.board.troubles.site_error is None)
        assert following.board.troubles.site_etag == etag


def test_what_could_not_be_applied_is_not_followed_and_tried_again(
    s3: "S3Client", bucket: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = put(s3, bucket, {"name": "One"})
    following = Following(s3, bucket, tmp_path)
    second = put(s3, bucket, {"name": "Two"})
    tried: list[Site] = []

    def apply(site: Site) -> None:
        tried.append(site)
        if len(tried) < 4:
            assert following.board.troubles.site_etag == first
            raise KeyError("hall")
        following.stop.set()

    following.follower.run(apply)
    assert [site.name for site in tried] == ["Two"] * 4
    troubles = following.board.troubles
    assert (troubles.site_etag, troubles.site_error) == (second, None)
    said = [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    assert said == ["following the site document failed"], "it is said once"

    def never(_: Site) -> None:
        following.stop.set()
        raise KeyError("hall")

    put(s3, bucket, {"name": "Three"})
    following.stop.clear()
    following.follower.run(never)
    assert following.board.troubles.site_etag == second
    assert str(following.board.troubles.site_error).endswith("failed: KeyError: 'hall'")
    kept = KeptSite(tmp_path / "followed-site.json", bucket).load()
    assert kept is not None
    assert (kept.etag, kept.text) == (second, b'{"name": "Two"}'), "a restart begins with what went well"
