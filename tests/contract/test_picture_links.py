"""Links to pictures: what they show, when they end, and that no failure holds an alert back."""

import logging
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
import requests

from tests.contract.conftest import BUCKET
from vigie.aws.picture_links import S3PictureLinks
from vigie.domain.notices import PictureLink
from vigie.errors import ConfigError

KEY = "site/pictures/hall/2026-01-31/20260131T120000000Z-person-9000.jpg"
ROLE = "arn:aws:iam::123456789012:role/vigie/pictures"
REFUSED = "http://127.0.0.1:9"

pytestmark = pytest.mark.parametrize("twin", ["moto"], indirect=True)


class Clock:
    """The real time, and more."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture(autouse=True)
def credentials(twin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)


def links(
    *, page_url: str | None = None, role: str | None = None, clock: Clock | None = None
) -> S3PictureLinks:
    return S3PictureLinks(BUCKET, page_url=page_url, role=role, clock=clock or Clock())


def signer(link: PictureLink | None) -> str:
    assert link is not None
    return parse_qs(urlsplit(link.url).query)["X-Amz-Security-Token"][0]


def seconds_left(link: PictureLink | None) -> float:
    assert link is not None
    assert link.ends_at is not None
    return (link.ends_at - datetime.now(UTC)).total_seconds()


def test_a_link_of_the_page_has_no_end() -> None:
    link = links(page_url="https://vigie.example/", role=ROLE).link("site/pictures/hall/a b.jpg")
    assert link == PictureLink("https://vigie.example/pictures/hall/a%20b.jpg", None)


def test_lasting_credentials_sign_for_a_day() -> None:
    boto3.client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=b"jpeg")
    link = links().link(KEY)
    assert link is not None
    assert requests.get(link.url, timeout=10).content == b"jpeg"
    assert urlsplit(link.url).netloc == f"{BUCKET}.s3.eu-west-1.amazonaws.com", "no redirect breaks it"
    assert parse_qs(urlsplit(link.url).query)["X-Amz-Expires"] == ["86400"]
    assert 86_390 < seconds_left(link) <= 86_400


def test_credentials_of_unknown_end_sign_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of-a-function")
    made = links()
    assert made.link(KEY) is None
    assert made.link(KEY) is None
    assert [record.message for record in caplog.records if record.name.startswith("vigie")] == [
        "alerts go without links to pictures: nobody knows when these credentials end"
    ]


def test_a_role_signs_until_its_session_ends() -> None:
    boto3.client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=b"jpeg")
    clock = Clock()
    made = links(role=ROLE, clock=clock)
    first = made.link(KEY)
    assert first is not None
    assert requests.get(first.url, timeout=10).content == b"jpeg"
    assert 3590 < seconds_left(first) <= 3600
    clock.ahead = timedelta(minutes=29)
    later = made.link(KEY)
    assert later is not None
    assert signer(later) == signer(first)
    # The same session, so the same end, to the second that each asks for.
    assert abs(seconds_left(later) - seconds_left(first)) <= 1.5
    assert int(parse_qs(urlsplit(later.url).query)["X-Amz-Expires"][0]) <= 31 * 60
    clock.ahead = timedelta(minutes=31)
    assert signer(made.link(KEY)) != signer(first)


def test_an_sts_out_of_reach_holds_nothing_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    made = links(role=ROLE, clock=clock)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", REFUSED)
    assert made.link(KEY) is None
    assert "an alert goes without a link to its picture: assuming the role" in caplog.text
    monkeypatch.delenv("AWS_ENDPOINT_URL_STS")
    assert made.link(KEY) is None, "it is not asked again at once"
    clock.ahead = timedelta(seconds=61)
    first = made.link(KEY)
    assert first is not None

    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", REFUSED)
    clock.ahead = timedelta(minutes=45)
    with caplog.at_level(logging.WARNING):
        assert signer(made.link(KEY)) == signer(first), "what is left of a session is used"
    assert "links to pictures end sooner" in caplog.text
    clock.ahead = timedelta(hours=3)
    assert made.link(KEY) is None, "and no longer"


@pytest.mark.parametrize(
    ("page_url", "role", "words"),
    [
        ("vigie.example", None, "page_url is an address such as https://vigie.example, not 'vigie.example'"),
        ("https://a b", None, "page_url is an address"),
        (None, "pictures", "picture_role is an ARN such as arn:aws:iam::123456789012:role/pictures"),
    ],
)
def test_what_is_no_address_and_no_role_is_said(page_url: str | None, role: str | None, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        links(page_url=page_url, role=role)
