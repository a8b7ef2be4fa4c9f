"""`python -m vigie snooze`: what it writes into the site document, and what it leaves alone."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from moto import mock_aws

from infra.local.cloud import aws_environ
from vigie.__main__ import main
from vigie.aws.site_store import SITE_DOCUMENT, S3SiteDocument
from vigie.documents import read_json
from vigie.domain.sites import Site

BUCKET = "snooze-data"
DOCUMENT = """{"time_zone": "Europe/Paris", "name": "Épicerie",
  "rules": [{"labels": ["person"], "rule_id": "people", "cooldown_s": 5},
            {"rule_id": "cars", "labels": ["car"]}],
  "cameras": [{"camera_id": "hall", "name": "Entrée"}]}"""


@pytest.fixture(autouse=True)
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in aws_environ("").items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("VIGIE_BUCKET", BUCKET)
    with mock_aws():
        boto3.client("s3").create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        put(DOCUMENT)
        yield


def put(text: str) -> None:
    boto3.client("s3").put_object(Bucket=BUCKET, Key=SITE_DOCUMENT, Body=text.encode())


def stored() -> str:
    text: bytes = boto3.client("s3").get_object(Bucket=BUCKET, Key=SITE_DOCUMENT)["Body"].read()
    return text.decode()


def site() -> Site:
    return read_json(Site, stored(), source=SITE_DOCUMENT)


def test_a_rule_is_snoozed_and_the_rest_stays_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["snooze", "--rule", "people", "--until", "2026-12-24T18:00"]) == 0
    said = capsys.readouterr().out
    assert said == (
        "the rule people: no alerts until Thursday 24 December 2026 at 18:00:00 CET; --off ends it sooner\n"
    )
    after, before = json.loads(stored()), json.loads(DOCUMENT)
    assert after["rules"][0].pop("snoozed_until") == "2026-12-24T18:00:00+01:00"
    assert json.dumps(after) == json.dumps(before), "in the same order"
    assert "Épicerie" in stored()
    assert site().rules[0].snoozed_until == datetime(2026, 12, 24, 17, tzinfo=UTC)

    assert main(["snooze", "--rule", "people", "--off"]) == 0
    assert capsys.readouterr().out == "the rule people can be heard again\n"
    assert json.dumps(json.loads(stored())) == json.dumps(before)


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Let it be noon of a day in November, by UTC."""
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)

    monkeypatch.setattr("vigie.commands.snooze._now", lambda: noon)
    return noon


@pytest.mark.parametrize(
    ("given", "length"),
    [
        ("2h", timedelta(hours=2)),
        ("45m", timedelta(minutes=45)),
        ("1d12h30m", timedelta(hours=36, minutes=30)),
        ("90m", timedelta(minutes=90)),
    ],
)
def test_for_a_while(given: str, length: timedelta, now: datetime) -> None:
    assert main(["snooze", "--all", "--for", given]) == 0
    assert site().snoozed_until == now + length
    assert all(rule.snoozed_until is None for rule in site().rules)


def test_what_stays_snoozed_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    main(["snooze", "--rule", "cars", "--for", "3h"])
    main(["snooze", "--all", "--for", "2h"])
    capsys.readouterr()
    main(["snooze", "--all", "--off"])
    assert capsys.readouterr().out.splitlines() == [
        "all rules can be heard again",
        "the rule cars stays snoozed until Sunday 22 November 2026 at 16:00:00 CET",
    ]
    main(["snooze", "--all", "--for", "2h"])
    capsys.readouterr()
    main(["snooze", "--rule", "cars", "--off"])
    assert capsys.readouterr().out.splitlines() == [
        "the rule cars can be heard again",
        "all rules stay snoozed until Sunday 22 November 2026 at 15:00:00 CET",
    ]


@pytest.mark.parametrize("there", [None, "{}", '{"name": "Here"}'])
def test_a_site_without_rules_keeps_the_ones_of_any_site(there: str | None) -> None:
    if there is None:
        boto3.client("s3").delete_object(Bucket=BUCKET, Key=SITE_DOCUMENT)
    else:
        put(there)
    assert main(["snooze", "--rule", "people", "--for", "2h"]) == 0
    (rule,) = site().rules
    assert rule.snoozed_until is not None
    assert main(["snooze", "--rule", "people", "--off"]) == 0
    assert site() == read_json(Site, there or "{}", source="")


def test_a_change_of_somebody_else_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    read, others = S3SiteDocument.read, iter([DOCUMENT.replace('"cooldown_s": 5', '"cooldown_s": 7'), None])

    def read_before_another_writes(self: S3SiteDocument) -> tuple[str, str | None]:
        found = read(self)
        other = next(others)
        if other:
            put(other)
        return found

    monkeypatch.setattr(S3SiteDocument, "read", read_before_another_writes)
    assert main(["snooze", "--rule", "people", "--for", "2h"]) == 0
    assert site().rules[0].cooldown_s == 7
    assert site().rules[0].snoozed_until is not None


def test_a_document_that_is_never_at_rest_is_given_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    read = S3SiteDocument.read

    def read_before_another_writes(self: S3SiteDocument) -> tuple[str, str | None]:
        found = read(self)
        put(found[0] + " ")
        return found

    monkeypatch.setattr(S3SiteDocument, "read", read_before_another_writes)
    assert main(["snooze", "--all", "--for", "2h"]) == 2
    assert "others kept changing the site document, 5 times" in capsys.readouterr().err
    assert site().snoozed_until is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ["--rule", "dogs", "--for", "2h"],
            "there is no rule 'dogs' in the site document; there is people, cars",
        ),
        (["--all", "--until", "2026-11-22T12:59"], "2026-11-22 12:59:00 CET is past; --off ends a snooze"),
        (["--all", "--until", "2028-01-01"], "a snooze ends within 366 days"),
        (["--all", "--until", "0001-01-01"], "lies outside all calendars"),
        (["--all", "--for", "2h", "--bucket", "nowhere"], "writing site/config/site.json failed"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["snooze", *options]) == 2
    said = capsys.readouterr().err
    assert said.startswith("vigie: ")
    assert words in said
    assert said.count("\n") == 1
    assert stored() == DOCUMENT


def test_a_bad_document_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    put('{"time_zone": "Mars"}')
    assert main(["snooze", "--all", "--for", "2h"]) == 2
    assert "site/config/site.json: time_zone 'Mars' is no name" in capsys.readouterr().err
    assert stored() == '{"time_zone": "Mars"}'


@pytest.mark.parametrize("length", ["", "2", "h", "0m", "-2h", "2h30", "400d", "2 hours"])
def test_a_length_of_time_must_be_one(length: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["snooze", "--all", f"--for={length}"])
    assert f"{length!r} is no length of time such as 45m, 2h or 1d12h" in capsys.readouterr().err


def test_what_changes_nothing_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["snooze", "--rule", "people", "--off"]) == 0
    assert capsys.readouterr().out == "the rule people can be heard again\n"
    assert stored() == DOCUMENT


@pytest.mark.parametrize(
    ("given", "means", "why"),
    [
        ("2027-10-31T02:30", "2027-10-31T02:30:00+02:00", "of a time that comes twice the first is meant"),
        ("2027-03-28T02:30", "2027-03-28T03:30:00+02:00", "a time that is left out is an hour later"),
        ("2027-03-28T00:30Z", "2027-03-28T01:30:00+01:00", "a time may name its zone"),
    ],
)
def test_until_is_by_the_clock_of_the_site(given: str, means: str, why: str) -> None:
    assert main(["snooze", "--all", "--until", given]) == 0
    assert json.loads(stored())["snoozed_until"] == means, why
