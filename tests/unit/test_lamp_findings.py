"""From a lamp group's shadow and the agents' heartbeats to what the doctor says of it."""

from dataclasses import replace
from datetime import datetime

import pytest

from tests.builders import NOON, at
from vigie.domain.cameras import Camera
from vigie.domain.darkness import HeartbeatSeen
from vigie.domain.findings import State
from vigie.domain.heartbeats import Heartbeat, LampLife
from vigie.domain.hours import Hours
from vigie.domain.lamp_findings import LampFacts, judge_lamps
from vigie.domain.lamps import Covering, LampGroup
from vigie.domain.lighting import Desired, Lease
from vigie.domain.sites import Site

GROUP = LampGroup(
    group_id="yard", name="The yard", covered_by=(Covering(camera="hall"),), hours=(Hours(end="13:00"),)
)
SITE = Site(cameras=(Camera("hall"),), lamp_groups=(GROUP,))
IDLE = LampFacts(
    desired=Desired(20, Lease(None, {"hall": at(90)})), desired_at=at(-300), level=20, reported_at=at(-600)
)
ACTIVE = Desired(100, Lease(at(60), {"hall": at(90)}, "person before hall"))


def beat(group_id: str = "yard", *, arrived: float = -30) -> HeartbeatSeen:
    life = LampLife(group_id=group_id, wanted=20, reason="nobody is there")
    return HeartbeatSeen(
        Heartbeat(agent_id="garden", at=at(arrived), version="1", lamps=(life,)), at(arrived)
    )


@pytest.mark.parametrize(
    ("facts", "beats", "now", "state", "what", "remedy"),
    [
        (IDLE, [beat()], NOON, "ok", "the lamps of The yard give 20 %: nobody is there", ""),
        (
            LampFacts(),
            [beat("attic")],
            NOON,
            "failure",
            "no agent has ever reported what the lamps of The yard do",
            "name the group in [[lamps]] of an agent's cameras.toml, and enroll it with --lamps yard",
        ),
        (
            replace(IDLE, level=None),
            [beat()],
            NOON,
            "failure",
            "agent garden drives the lamps of The yard, and what it reports does not reach their shadow",
            "enroll it with --lamps yard",
        ),
        (
            IDLE,
            [beat(arrived=-600)],
            NOON,
            "failure",
            "no agent drives the lamps of The yard; the last report, 20 %, is of 2026-01-31 11:50",
            "see to its agent's power and network, and that [[lamps]] of its cameras.toml names the group",
        ),
        (
            replace(IDLE, error="out of reach"),
            [beat()],
            NOON,
            "failure",
            "the lamps of The yard do not follow: out of reach",
            "see to the device: its power, its network, its address in [[lamps]]",
        ),
        (
            replace(IDLE, desired=ACTIVE, desired_at=at(-1)),
            [beat()],
            NOON,
            "warning",
            "the lamps of The yard give 20 %, and 100 % are due: person before hall; that is so only now",
            "look again in two minutes",
        ),
        (
            IDLE,
            [beat(arrived=60)],
            at(100),
            "warning",
            "the lamps of The yard give 20 %, and 70 % are due: no reports from hall; that is so only now",
            "look again in two minutes",
        ),
        (
            replace(IDLE, desired=ACTIVE),
            [beat(arrived=300)],
            at(301),
            "failure",
            "the lamps of The yard give 20 %, and 70 % are due: no reports from hall, for minutes now",
            "see what `python -m edge_agent status` says, and its clock; if it hears no shadow, "
            "enroll it with --lamps yard",
        ),
        (
            replace(IDLE, desired=None, level=70),
            [beat()],
            NOON,
            "ok",
            "the lamps of The yard give 70 %: no reports from hall",
            "",
        ),
        (
            replace(IDLE, level=0),
            [beat(arrived=7200)],
            at(7201),
            "ok",
            "the lamps of The yard give 0 %: it is not lit at this hour",
            "",
        ),
    ],
)
def test_each_fault_has_its_sentence_and_what_to_do(
    facts: LampFacts, beats: list[HeartbeatSeen], now: datetime, state: str, what: str, remedy: str
) -> None:
    finding = judge_lamps(GROUP, facts, beats, site=SITE, now=now)
    assert (finding.state, finding.what, finding.remedy) == (State(state), what, remedy)
