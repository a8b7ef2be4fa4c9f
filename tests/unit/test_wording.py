"""The words of all notices, as files that people can read, and what must hold whatever the names are."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import at, visit
from tests.golden_notices import FOLDER, PARIS, SITE, STREET, as_text, cases
from vigie.aws import site_store
from vigie.domain import letters, phrases
from vigie.domain.cameras import Camera, Zone
from vigie.domain.gsm import SMS_SEPTETS, septets, to_gsm
from vigie.domain.lamp_wording import lamps_failed_notice
from vigie.domain.notices import Notice, NoticeKind, PictureLink
from vigie.domain.rules import AlertRule
from vigie.domain.sites import Site
from vigie.domain.watch_wording import (
    camera_dark_notice,
    dead_letters_notice,
)
from vigie.domain.wording import (
    visit_notice,
)

CASES = cases()
# Attributes that a raw delivery can carry, the kind being one of them.
MOST_ATTRIBUTES = 10
SQUARE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))


@pytest.mark.parametrize("name", CASES)
def test_words(name: str) -> None:
    assert as_text(CASES[name]) == (FOLDER / f"{name}.txt").read_text(encoding="utf-8"), (
        "when this is meant: python -m tests.golden_notices"
    )


def test_every_file_is_compared_and_every_kind_has_one() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == set(CASES)
    assert {notice.kind for notice in CASES.values()} == set(NoticeKind)


def check_limits(notice: Notice) -> None:
    assert notice.subject.isascii()
    assert notice.subject.isprintable()
    assert 0 < len(notice.subject) <= phrases.SUBJECT_LENGTH
    assert to_gsm(notice.sms) == notice.sms
    assert notice.sms.isprintable()
    assert 0 < septets(notice.sms) <= SMS_SEPTETS
    assert len(notice.attributes) < MOST_ATTRIBUTES
    assert json.loads(json.dumps(notice.data)) == notice.data
    assert (notice.data["version"], notice.data["kind"]) == (1, notice.kind)


@pytest.mark.parametrize("name", CASES)
def test_limits(name: str) -> None:
    check_limits(CASES[name])


# What forges or disturbs a message comes up often enough only when it is named.
NAMES = st.lists(
    st.one_of(
        st.text(max_size=12),
        st.sampled_from(
            [
                "\r\n",
                "\u2028",
                "\u202e",
                "http://a.b",
                "www.evil.example",
                "a。b",
                "{^}€",
                "Œ",
                "e\u0301",
                "…",
            ]
        ),
    ),
    max_size=30,
).map("".join)


@settings(deadline=None)
@given(NAMES, NAMES.filter(lambda name: 0 < len(name) <= 64), st.integers(1, 1000), st.floats(0, 86_400))
def test_whatever_is_called_however_the_time_is_kept_and_no_line_is_forged(
    name: str, zone: str, number: int, stay_s: float
) -> None:
    notice = visit_notice(
        visit(zones=(zone,)),
        rule=AlertRule(rule_id="r" * 32, min_number=number, min_stay_s=stay_s),
        at=at(0),
        number=number,
        site=Site(time_zone="Europe/Paris", cameras=(Camera("hall", name, (Zone(zone, SQUARE),)),)),
        link=None,
        picture="site/pictures/hall/x.jpg",
    )
    check_limits(notice)
    assert ", Sat 31 Jan 13:00:00 CET, rule rrrr" in notice.sms
    assert notice.subject.endswith(", 13:00:00")
    opening, facts, _picture, _closing = notice.email.split("\n\n")
    assert len(opening.splitlines()) == 1
    # A zone whose name shows nothing has no line of its own; no name adds one.
    said = [line.split(":")[0] for line in facts.splitlines()]
    assert [fact for fact in said if fact != "Zone"] == ["Camera", "Confidence", "Rule", "Visit"]
    for text in (notice.subject, notice.email, notice.sms):
        assert "://" not in text
        assert ".evil" not in text


@settings(deadline=None)
@given(NAMES, NAMES)
def test_what_a_machine_says_makes_no_lines_either(name: str, reason: str) -> None:
    for notice in (
        camera_dark_notice(Camera("hall", name), since=at(0), reason=reason, tz=PARIS),
        dead_letters_notice(name, count=1, since=at(0), tz=PARIS),
        lamps_failed_notice(replace(STREET, name=name), since=at(0), reason=reason, tz=PARIS),
    ):
        check_limits(notice)
        assert "since Sat 31 Jan 13:00:00 CET" in notice.sms
        assert len(notice.email.splitlines()) <= 10
        for text in (notice.subject, notice.email, notice.sms):
            assert "://" not in text
            assert ".evil" not in text


def test_an_sms_has_its_link_whole_or_not_at_all() -> None:
    seen = visit(zones=("door",))
    for length in range(20, 120):
        url = "https://vigie.example/".ljust(length, "x")
        sms = visit_notice(
            seen,
            rule=AlertRule(rule_id="people"),
            at=seen.started_at,
            number=1,
            site=SITE,
            link=PictureLink(url),
            picture="k",
        ).sms
        assert septets(sms) <= SMS_SEPTETS
        assert sms.endswith(url) or "http" not in sms
        assert ("http" in sms) == (length <= 88), "as long as 16 septets are left for the place"


@pytest.mark.parametrize(
    ("number", "labels", "words"),
    [
        (2, ["person"], "2 people"),
        (1, ["person"], "1 person"),
        (3, ["bus"], "3 buses"),
        (3, ["car", "bus"], "3 vehicles"),
        (3, ["person", "bus"], "3 people and vehicles"),
        (3, ["dog", "bus"], "3 things"),
        (2, ["bench"], "2 benches"),
        (2, ["pony"], "2 ponies"),
        (2, ["toy"], "2 toys"),
    ],
)
def test_several(number: int, labels: list[str], words: str) -> None:
    assert phrases.several(number, labels) == words


@pytest.mark.parametrize(
    "words", ["a person", "a bus", "an umbrella", "an airplane", "a unicycle", "a one-way sign"]
)
def test_articles(words: str) -> None:
    assert phrases.article(words.split(" ", 1)[1]) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (59.6, "1 minute"),
        (61, "1 minute 1 second"),
        (3600, "1 hour"),
        (3601, "1 hour"),
        (7500, "2 hours 5 minutes"),
        (86_400 + 59, "1 day"),
        (9 * 86_400 + 3 * 3600, "9 days 3 hours"),
        (-5, "0 seconds"),
    ],
)
def test_lengths_of_time(seconds: float, words: str) -> None:
    assert phrases.lasting(seconds) == words


def test_time_goes_by_the_sun() -> None:
    # From 02:15 to 02:30 on the clock, which was set back an hour between.
    before = datetime(2026, 10, 25, 0, 15, tzinfo=UTC).astimezone(PARIS)
    after = datetime(2026, 10, 25, 1, 30, tzinfo=UTC).astimezone(PARIS)
    assert phrases.between(before, after) == "1 hour 15 minutes"


def test_messages_name_the_site_document() -> None:
    assert letters.SITE_DOCUMENT == site_store.SITE_DOCUMENT
