"""The look that comes each minute at the lamps: which groups fail, and who has told us of them."""

from dataclasses import replace

import pytest

from tests.builders import NOON, at
from tests.watched_night import SITE, Night, minutes
from vigie.domain.darkness import HeartbeatSeen
from vigie.domain.heartbeats import CameraLife, Heartbeat, LampLife
from vigie.domain.hours import Hours
from vigie.domain.lamps import Covering, LampGroup
from vigie.domain.notices import NoticeKind
from vigie.domain.sites import Watchfulness

STREET = LampGroup(
    group_id="street", name="Main street", covered_by=(Covering(camera="hall"),), hours=(Hours(end="13:00"),)
)
PARK = replace(STREET, group_id="park", name="")


@pytest.fixture
def night() -> Night:
    return Night(site=replace(SITE, lamp_groups=(STREET, PARK)))


def beat(
    night: Night, seconds: float, *, agent: str = "attic", error: str | None = None, deaf: str | None = None
) -> None:
    """A heartbeat of an agent that drives the street's lamps, and takes the hall's pictures."""
    heartbeat = Heartbeat(
        agent_id=agent,
        at=at(seconds),
        version="1",
        cameras=(CameraLife(camera_id="hall", state="running", last_captured_at=at(seconds)),),
        lamps=(LampLife(group_id="street", wanted=100, reason="person before hall", error=error),),
        lamps_error=deaf,
    )
    night.heartbeats.beats[agent] = HeartbeatSeen(heartbeat, at(seconds))


def heard(night: Night) -> list[tuple[NoticeKind, str, str]]:
    """The notices about lamps: kind, since when, and why or until when."""
    lamps = (each for each in night.teller.sent if "lamp_group" in each.data)
    return [
        (each.kind, each.data["since"], each.data.get("reason", each.data.get("back_at"))) for each in lamps
    ]


def test_a_lamp_that_fails_is_told_once_and_once_when_it_follows_again(night: Night) -> None:
    for second in minutes(0, 90):
        is_dead = 10 * 60 <= second < 60 * 60
        beat(night, second, error="http at street-1: timed out" if is_dead else None)
        night.look(second + 5)
    why = "the agent attic says that they do not follow: http at street-1: timed out"
    assert heard(night) == [
        (NoticeKind.LAMPS_FAILED, "2026-01-31T12:10:05.000Z", why),
        (NoticeKind.LAMPS_BACK, "2026-01-31T12:10:05.000Z", "2026-01-31T13:00:05.000Z"),
    ]
    failed = night.teller.sent[0]
    assert failed.data["lamp_group"] == {"id": "street", "name": "Main street"}


def test_a_device_that_is_out_of_reach_for_moments_has_not_failed(night: Night) -> None:
    for second in minutes(0, 120):
        beat(night, second, error="timed out" if second % 300 else None)
        night.look(second + 5)
    assert heard(night) == []


def test_a_dead_lamp_that_comes_and_goes_for_a_look_is_told_once(night: Night) -> None:
    for second in minutes(0, 120):
        beat(night, second, error=None if second % 600 == 0 else "timed out")
        night.look(second + 5)
    assert [kind for kind, *_ in heard(night)] == [NoticeKind.LAMPS_FAILED]


def test_an_agent_that_falls_silent_leaves_its_lamps_to_nobody(night: Night) -> None:
    for second in minutes(0, 40):
        if not 10 * 60 <= second < 30 * 60:
            beat(night, second)
        night.look(second + 5)
    silent = "is silent since 12:09: it has no power or no network, or was stopped"
    assert heard(night) == [
        (NoticeKind.LAMPS_FAILED, "2026-01-31T12:09:00.000Z", f"the agent attic that drives them {silent}"),
        (NoticeKind.LAMPS_BACK, "2026-01-31T12:09:00.000Z", "2026-01-31T12:30:05.000Z"),
    ]


def test_lamps_whose_agent_hears_nothing_are_told_and_a_word_that_is_gone_ends_no_trouble(
    night: Night,
) -> None:
    for second in minutes(0, 20):
        beat(night, second, deaf="AWS IoT is out of reach")
        night.look(second + 5)
    night.heartbeats.beats.clear()
    for second in minutes(21, 60):
        night.look(second + 5)
    (failed,) = heard(night)
    assert failed[2] == "the agent attic does not hear what is asked of them: AWS IoT is out of reach"


def test_a_group_that_has_gone_to_another_agent_is_not_told_of_by_the_one_that_it_had(night: Night) -> None:
    beat(night, 0, agent="cellar", error="unplugged")
    for second in minutes(4, 60):
        beat(night, second)
        night.look(second + 5)
    assert heard(night) == []


def test_who_is_not_told_of_dark_cameras_is_not_told_of_lamps(night: Night) -> None:
    night.site = replace(night.site, watchfulness=Watchfulness(dark_after_s=0, unproven_after_s=0))
    beat(night, 0, error="unplugged")
    for second in minutes(0, 60):
        night.look(second)
    assert night.teller.sent == []
    assert night.vigils.vigils()["lamps/street"].since == NOON
