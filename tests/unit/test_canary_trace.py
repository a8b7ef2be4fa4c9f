"""Where a canary stopped: a row for each hop, with what its queues tell."""

from typing import Any

import pytest

from tests.builders import NOON
from vigie.domain.cameras import CANARY
from vigie.domain.findings import Finding, QueueFacts, State
from vigie.domain.frames import FrameKey
from vigie.steps.diagnose import Trace, judge_trace

KEY = FrameKey(CANARY, NOON)


def queue(**said: Any) -> QueueFacts:
    health = {"waiting": 0, "in_flight": 0, "visibility_s": 180, "max_receives": 5, "dead": 0}
    return QueueFacts(name="q", dead_name="q-dead", **{**health, **said})


def trace(**said: Any) -> Trace:
    return Trace(**{"frame_key": KEY, "waited_s": 60.0, **said})


REPORTED = {"reported_s": 1.5, "labels": ("person", "car")}
TOLD = {**REPORTED, "visited": True, "told": True}

ROWS: list[tuple[str, tuple[Finding, ...], str, str]] = [
    ("proven", judge_trace(trace(**TOLD, proven_s=2.5)), "ok", "it came out after 2.5 s"),
    ("quarantined", judge_trace(trace(quarantined=True)), "failure", "no readable picture"),
    (
        "not announced",
        judge_trace(trace(), frames_queue=queue()),
        "failure",
        "S3's notification did not arrive",
    ),
    ("not taken", judge_trace(trace(), frames_queue=queue(waiting=1)), "failure", "q holds 1 messages"),
    ("taken in vain", judge_trace(trace(), frames_queue=queue(dead=1)), "failure", "dead in q-dead"),
    ("queue unknown", judge_trace(trace()), "failure", "no report of it within 60 s"),
    ("blind", judge_trace(trace(reported_s=1.0)), "failure", "the detector saw nothing"),
    (
        "not told",
        judge_trace(trace(**REPORTED, visited=True), alerts_queue=queue()),
        "failure",
        "no alert about it was published",
    ),
    (
        "telling fails",
        judge_trace(trace(**REPORTED, visited=True), alerts_queue=queue(in_flight=1)),
        "failure",
        "send_alert is not triggered",
    ),
    ("not out", judge_trace(trace(**TOLD)), "failure", "did not come out at the queue canary"),
]


@pytest.mark.parametrize(
    ("findings", "state", "words"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_a_canary_that_stops_says_where(findings: tuple[Finding, ...], state: str, words: str) -> None:
    *before, last = findings
    assert last.state is State(state)
    assert words in f"{last.what} {last.remedy}"
    assert {finding.state for finding in before} == {State.OK}
    assert (last.state is State.OK) != bool(last.remedy)
