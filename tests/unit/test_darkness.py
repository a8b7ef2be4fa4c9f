"""Which camera is dark, since when and why: a row for each way in which one can go silent."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.builders import NOON, at
from vigie.domain.darkness import CameraFacts, HeartbeatSeen, camera_trouble, newest_words
from vigie.domain.heartbeats import CameraLife, CameraState, Heartbeat

PARIS = ZoneInfo("Europe/Paris")
LOOKED = at(-86_400)


def facts(
    *,
    reported: float | None = None,
    arrived: float | None = None,
    sampled: float | None = None,
    clock: float = 0.0,
    state: CameraState = "running",
    waiting: float | None = None,
    **more: Any,
) -> CameraFacts:
    """Seconds from noon by the true clock; the agent's own is `clock` ahead of it."""
    heartbeat_fields = {name: more.pop(name) for name in ("upload_error",) if name in more}
    seen = life = None
    if arrived is not None:
        life = CameraLife(
            camera_id="hall",
            state=state,
            last_captured_at=None if sampled is None else at(sampled + clock),
            **more,
        )
        heartbeat = Heartbeat(
            agent_id="attic", at=at(arrived + clock), version="1", cameras=(life,), **heartbeat_fields
        )
        seen = HeartbeatSeen(heartbeat, at(arrived))
    return CameraFacts(
        seen=seen,
        life=life,
        captured_at=None if reported is None else at(reported + clock),
        waiting_since=None if waiting is None else at(waiting),
    )


def judged(known: CameraFacts, *, dark_after_s: float = 300) -> tuple[datetime, str] | None:
    trouble = camera_trouble(known, looked_since=LOOKED, now=NOON, dark_after_s=dark_after_s, tz=PARIS)
    return (trouble.since, trouble.detail) if trouble else None


@pytest.mark.parametrize(
    "known",
    [
        facts(reported=-299),
        facts(reported=-7200, arrived=-40, sampled=-41),
        facts(arrived=-40, sampled=-41),
        facts(reported=-7200, arrived=-7200, sampled=-7200, state="ended"),
        facts(reported=-10, arrived=-9000, sampled=-9000),
        facts(reported=-7200, arrived=-40, sampled=-41, clock=7200),
        facts(reported=-10, arrived=-40, sampled=-41, clock=-7200),
        facts(reported=-7200, arrived=-40, sampled=-41, waiting=-20),
        facts(reported=-20, arrived=-40, sampled=-41, waiting=-400),
    ],
    ids=[
        "frames come",
        "the gate holds frames back",
        "gated since it began",
        "a file that has ended",
        "an agent without heartbeats, as older ones",
        "gated, and its clock is ahead",
        "its clock is behind",
        "frames that have only just arrived",
        "one frame was left out, later ones are reported",
    ],
)
def test_a_camera_that_is_well(known: CameraFacts) -> None:
    assert judged(known) is None


@pytest.mark.parametrize(
    ("known", "since", "reason"),
    [
        (facts(), LOOKED, "nothing was ever heard of it; is an agent running that watches it?"),
        (facts(reported=-300), at(-300), "its frames have stopped, and no agent says why"),
        (
            facts(reported=-3600, arrived=-1800, sampled=-1801),
            at(-1801),
            "its agent attic is silent since 12:30: it has no power or no network, or was stopped",
        ),
        (
            facts(reported=-3600, arrived=-30, sampled=-3600, state="failing", error="no route to host"),
            at(-3600),
            "its agent attic says that it is failing: no route to host",
        ),
        (
            facts(arrived=-30, sampled=-400, state="running"),
            at(-400),
            "its agent attic says that it is running, and gets no picture",
        ),
        (
            facts(reported=-3600, arrived=-30, sampled=-31, waiting=-3500),
            at(-3500),
            "its frames arrive and none is looked at, so the fault is in the cloud: "
            "python -m vigie doctor says where",
        ),
        (
            facts(reported=-900, arrived=-30, sampled=-31, spooled=400, upload_error="access denied"),
            at(-900),
            "its agent takes pictures and cannot upload them: access denied",
        ),
        # An agent whose clock was two hours ahead has died: its frames' times must not hide that.
        (
            facts(reported=-600, arrived=-600, sampled=-601, clock=7200),
            at(-600),
            "its agent attic is silent since 12:50: it has no power or no network, or was stopped",
        ),
    ],
    ids=[
        "never heard of",
        "no agent",
        "agent silent",
        "camera fails",
        "no picture",
        "stuck",
        "upload",
        "clock",
    ],
)
def test_a_camera_that_is_dark(known: CameraFacts, since: datetime, reason: str) -> None:
    assert judged(known) == (since, reason)


def test_nobody_is_told_where_nobody_asks() -> None:
    assert judged(facts(), dark_after_s=0) is None


def test_no_camera_is_dark_between_two_heartbeats() -> None:
    gated = facts(reported=-7200, arrived=-100, sampled=-101)
    assert judged(gated, dark_after_s=30) is None


def test_the_newest_word_on_a_camera_counts() -> None:
    beats = [
        HeartbeatSeen(
            Heartbeat(agent_id=agent, at=NOON, version="1", cameras=(CameraLife(camera_id="hall"),)), at(s)
        )
        for agent, s in (("new", -10), ("old", -500))
    ]
    seen, _ = newest_words(beats)["hall"]
    assert seen.heartbeat.agent_id == "new"
