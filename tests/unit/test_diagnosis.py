"""From facts to findings: a row for each fault that the doctor knows, and for health."""

from datetime import UTC
from typing import Any

import pytest

from tests.builders import NOON, at
from vigie.domain import diagnosis
from vigie.domain.agent_findings import judge_agent
from vigie.domain.cameras import CANARY
from vigie.domain.darkness import HeartbeatSeen
from vigie.domain.findings import (
    Finding,
    KeyFacts,
    NotificationFacts,
    QueueFacts,
    SmsFacts,
    State,
    SubscriptionFacts,
    TableFacts,
)
from vigie.domain.frames import FrameKey
from vigie.domain.health import Proof, Trouble
from vigie.domain.heartbeats import Heartbeat
from vigie.domain.sites import Site

KEY = FrameKey(CANARY, NOON)
NO_CANARY = {"kind": [{"anything-but": ["canary"]}]}
GRANT = {
    "Effect": "Allow",
    "Principal": {"Service": "sns.amazonaws.com"},
    "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
    "Resource": "*",
}


def queue(**said: Any) -> QueueFacts:
    health = {
        "waiting": 0,
        "in_flight": 0,
        "visibility_s": 180,
        "max_receives": 5,
        "dead": 0,
        "dead_name": "q-dead",
    }
    return QueueFacts(name="q", **{**health, **said})


def follower(
    state: str = "confirmed", policy: dict[str, Any] | None = None, **said: Any
) -> SubscriptionFacts:
    return SubscriptionFacts(
        protocol="email", address="ann...@example.org", state=state, filter_policy=policy, **said
    )


def announced(
    prefix: str = "frames/", event: str = "s3:ObjectCreated:*", suffix: str = ".jpg"
) -> NotificationFacts:
    return NotificationFacts(queue="arn:q", events=(event,), prefix=prefix, suffix=suffix)


def sms(**said: Any) -> SmsFacts:
    return SmsFacts(**{"sandbox": False, "verified": 0, "limit": 10.0, "spent": 1.0, **said})


def agent(**said: Any) -> HeartbeatSeen:
    arrived = said.pop("arrived", -30)
    return HeartbeatSeen(
        Heartbeat(**{"agent_id": "attic", "at": at(arrived), "version": "1", **said}), at(arrived)
    )


ROWS: list[tuple[str, Any, str, str]] = [
    ("site", diagnosis.judge_site(Site()), "ok", "site document valid"),
    (
        "site blind to canaries",
        diagnosis.judge_site(Site(labels=("bus",), rules=())),
        "warning",
        "no canary can be seen",
    ),
    (
        "notification",
        diagnosis.judge_notifications([announced()], prefix="frames/"),
        "ok",
        "announces frames/",
    ),
    (
        "no notification",
        diagnosis.judge_notifications([], prefix="frames/"),
        "failure",
        "no frame is looked at",
    ),
    (
        "other prefix",
        diagnosis.judge_notifications([announced("site/")], prefix="frames/"),
        "failure",
        "no frame",
    ),
    (
        "other suffix",
        diagnosis.judge_notifications([announced(suffix=".png")], prefix="frames/"),
        "failure",
        "no frame",
    ),
    (
        "other event",
        diagnosis.judge_notifications([announced(event="s3:ObjectRemoved:*")], prefix="frames/"),
        "failure",
        "no frame",
    ),
    ("queue", diagnosis.judge_queue(queue()), "ok", "hidden for 180 s, 5 tries"),
    (
        "dead letters",
        diagnosis.judge_queue(queue(dead=3)),
        "failure",
        "3 messages failed for good and lie in q-dead",
    ),
    (
        "no redrive",
        diagnosis.judge_queue(queue(dead=None, max_receives=None)),
        "warning",
        "no dead-letter queue",
    ),
    ("few tries", diagnosis.judge_queue(queue(max_receives=1)), "warning", "gives up after 1 tries"),
    ("old message", diagnosis.judge_queue(queue(oldest_s=900.0)), "warning", "waits since 900 s"),
    ("nobody takes", diagnosis.judge_queue(queue(waiting=2)), "warning", "none is being handled"),
    (
        "visible too soon",
        diagnosis.judge_queue(queue(visibility_s=30)),
        "warning",
        "hides a message for 30 s",
    ),
    ("no way out", diagnosis.judge_canary_subscription([follower()]), "failure", "nothing can be proven"),
    (
        "key",
        diagnosis.judge_key(
            "q",
            KeyFacts(key_id="k", enabled=True, policy={"Statement": GRANT}),
            services=["sns.amazonaws.com"],
        ),
        "ok",
        "its key lets sns.amazonaws.com send",
    ),
    (
        "no grant",
        diagnosis.judge_key(
            "q", KeyFacts(key_id="k", enabled=True, policy={"Statement": []}), services=["s3.amazonaws.com"]
        ),
        "failure",
        "s3.amazonaws.com cannot send to q",
    ),
    (
        "AWS's key",
        diagnosis.judge_key(
            "q", KeyFacts(key_id="alias/aws/sqs", enabled=True, policy=None), services=["sns.amazonaws.com"]
        ),
        "failure",
        "cannot send to q",
    ),
    (
        "disabled key",
        diagnosis.judge_key(
            "q",
            KeyFacts(key_id="k", enabled=False, policy={"Statement": GRANT}),
            services=["sns.amazonaws.com"],
        ),
        "failure",
        "disabled",
    ),
    ("sms", diagnosis.judge_sms(sms()), "ok", "1.00 of 10.00 USD"),
    (
        "sandbox",
        diagnosis.judge_sms(sms(sandbox=True, verified=2)),
        "warning",
        "reach the 2 verified numbers alone",
    ),
    ("spent", diagnosis.judge_sms(sms(spent=10.0)), "failure", "is used up"),
    ("nearly spent", diagnosis.judge_sms(sms(spent=8.0)), "warning", "8.00 of 10.00"),
    ("spending unknown", diagnosis.judge_sms(sms(spent=None)), "unknown", "is not known"),
    (
        "table",
        diagnosis.judge_table(TableFacts(status="ACTIVE", ttl_attribute="ttl", recovery=True)),
        "ok",
        "active",
    ),
    (
        "no TTL",
        diagnosis.judge_table(TableFacts(status="ACTIVE", ttl_attribute=None, recovery=True)),
        "warning",
        "for ever",
    ),
    (
        "other TTL",
        diagnosis.judge_table(TableFacts(status="ACTIVE", ttl_attribute="expires", recovery=True)),
        "warning",
        "for ever",
    ),
    (
        "no PITR",
        diagnosis.judge_table(TableFacts(status="ACTIVE", ttl_attribute="ttl", recovery=False)),
        "warning",
        "point-in-time",
    ),
    (
        "table going",
        diagnosis.judge_table(TableFacts(status="DELETING", ttl_attribute="ttl", recovery=True)),
        "failure",
        "deleting",
    ),
    (
        "proof",
        diagnosis.judge_proof(Proof(KEY, at(2), 2.0), now=at(60), after_s=9000, tz=UTC),
        "ok",
        "2026-01-31 at 12:00:02 UTC, 2.0 s after",
    ),
    (
        "old proof",
        diagnosis.judge_proof(Proof(KEY, at(2), 2.0), now=at(9002), after_s=9000, tz=UTC),
        "warning",
        "too long ago",
    ),
    ("no proof", diagnosis.judge_proof(None, now=NOON, after_s=9000, tz=UTC), "warning", "never proven"),
    ("cameras", diagnosis.judge_cameras({}, 2, tz=UTC), "ok", "2 cameras are watched, none is dark"),
    (
        "dark",
        diagnosis.judge_cameras({"hall": Trouble(NOON, "why")}, 2, tz=UTC),
        "failure",
        "hall is dark since 2026-01-31 12:00: why",
    ),
    ("agent", judge_agent(agent(), now=NOON, tz=UTC), "ok", "agent attic (1) spoke 30 s ago"),
    (
        "silent agent",
        judge_agent(agent(arrived=-900), now=NOON, tz=UTC),
        "warning",
        "silent since 2026-01-31 11:45",
    ),
    (
        "cannot upload",
        judge_agent(agent(upload_error="denied"), now=NOON, tz=UTC),
        "failure",
        "cannot upload: denied",
    ),
    (
        "site refused",
        judge_agent(agent(site_error="no zone"), now=NOON, tz=UTC),
        "warning",
        "refuses the site document",
    ),
    (
        "cannot report",
        judge_agent(agent(report_error="slow"), now=NOON, tz=UTC),
        "failure",
        "cannot bring its reports: slow",
    ),
    (
        "lost heartbeats",
        judge_agent(agent(heartbeat_error="denied"), now=NOON, tz=UTC),
        "warning",
        "no way for its heartbeats: denied",
    ),
    (
        "site denied",
        judge_agent(agent(site_denied="403"), now=NOON, tz=UTC),
        "warning",
        "cannot follow the site document: 403",
    ),
    (
        "deaf lamps",
        judge_agent(agent(lamps_error="yard may not be subscribed to"), now=NOON, tz=UTC),
        "failure",
        "does not hear what its lamps are asked for: yard may not be subscribed to",
    ),
    (
        "own fault",
        judge_agent(agent(agent_error="uploads: KeyError"), now=NOON, tz=UTC),
        "failure",
        "fault of its own: uploads: KeyError",
    ),
    (
        "clock",
        judge_agent(agent(at=at(3570)), now=NOON, tz=UTC),
        "warning",
        "clock is 3600 s ahead",
    ),
]


@pytest.mark.parametrize(
    ("judged", "state", "words"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_each_fault_has_its_finding(judged: Finding | tuple[Finding, ...], state: str, words: str) -> None:
    findings = judged if isinstance(judged, tuple) else (judged,)
    matching = [each for each in findings if words in each.what or words in each.remedy]
    assert [each.state for each in matching] == [State(state)], findings
    for each in findings:
        assert (each.state is State.OK) != bool(each.remedy), "what is wrong has a remedy"
