"""Findings about those who hear the alerts: a row for each fault that the doctor knows, and for health."""

from typing import Any

import pytest

from vigie.domain import diagnosis
from vigie.domain.budget_findings import judge_channels, judge_kept_sms
from vigie.domain.caps import Caps
from vigie.domain.findings import Finding, State, SubscriptionFacts
from vigie.domain.sites import Site

NO_CANARY = {"kind": [{"anything-but": ["canary"]}]}


def follower(
    state: str = "confirmed", policy: dict[str, Any] | None = None, **said: Any
) -> SubscriptionFacts:
    return SubscriptionFacts(
        protocol="email", address="ann...@example.org", state=state, filter_policy=policy, **said
    )


ROWS: list[tuple[str, tuple[Finding, ...], str, str]] = [
    (
        "follower",
        diagnosis.judge_subscriptions([follower(policy=NO_CANARY)], Site()),
        "ok",
        "email ann...@example.org hears alerts",
    ),
    ("nobody", diagnosis.judge_subscriptions([], Site()), "failure", "nobody hears alerts"),
    (
        "only the canary's queue",
        diagnosis.judge_subscriptions([follower(policy={"kind": ["canary"]})], Site()),
        "failure",
        "nobody hears alerts",
    ),
    (
        "pending",
        diagnosis.judge_subscriptions([follower("pending"), follower(policy=NO_CANARY)], Site()),
        "failure",
        "has not confirmed",
    ),
    (
        "deleted",
        diagnosis.judge_subscriptions([follower("deleted"), follower(policy=NO_CANARY)], Site()),
        "failure",
        "has unsubscribed",
    ),
    (
        "asks for nobody",
        diagnosis.judge_subscriptions(
            [follower(policy={**NO_CANARY, "rule_id": [{"exists": False}, "people", "nosuchrule"]})], Site()
        ),
        "warning",
        "asks for rule_id 'nosuchrule', which the site document does not know",
    ),
    (
        "hears canaries",
        diagnosis.judge_subscriptions([follower()], Site()),
        "warning",
        "hears the canary every hour",
    ),
    (
        "filters the body",
        diagnosis.judge_subscriptions([follower(policy={"x": ["y"]}, by_body=True)], Site()),
        "ok",
        "hears alerts",
    ),
]


@pytest.mark.parametrize(
    ("judged", "state", "words"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_each_fault_has_its_finding(judged: tuple[Finding, ...], state: str, words: str) -> None:
    matching = [each for each in judged if words in each.what or words in each.remedy]
    assert [each.state for each in matching] == [State(state)], judged
    for each in judged:
        assert (each.state is State.OK) != bool(each.remedy), "what is wrong has a remedy"


def test_who_asks_for_no_channel_is_warned_of_before_a_budget_is_used_up() -> None:
    channel = {"channels": ["email"], **NO_CANARY}
    queue = SubscriptionFacts(protocol="sqs", address="machine", state="confirmed", filter_policy=None)
    fine = [follower(policy=channel), follower("pending"), queue]
    assert list(judge_channels(fine)) == []
    for each in (follower(policy=NO_CANARY), follower(), follower(policy={"x": ["y"]}, by_body=True)):
        (finding,) = judge_channels([each, *fine])
        assert finding.state is State.WARNING
        assert "hears notices whatever their channels" in finding.what


def test_more_telephones_than_sms_are_kept_for_are_warned_of() -> None:
    def telephones(number: int, **said: Any) -> list[SubscriptionFacts]:
        policy = {"channels": ["sms"], **NO_CANARY, **said}
        each = SubscriptionFacts(protocol="sms", address="+336...", state="confirmed", filter_policy=policy)
        return [each] * number

    assert list(judge_kept_sms([*telephones(5), *telephones(9, kind=["visit"]), follower()], Caps())) == []
    (finding,) = judge_kept_sms(telephones(6), Caps())
    assert finding.state is State.WARNING
    assert finding.what.startswith("6 telephones follow the alerts, and 5 of 20 SMS a day are kept")
    assert finding.remedy == 'raise "sms" under "caps" in the site document to 24 or more'
    assert list(judge_kept_sms(telephones(6), Caps(sms=24))) == []
