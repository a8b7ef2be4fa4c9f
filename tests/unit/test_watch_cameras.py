"""The look that comes each minute at the cameras: which are dark and why, and whom a budget keeps from it."""

import pytest

from tests.builders import at
from tests.watched_night import Night, minutes
from vigie.domain.frames import Frame, FrameKey
from vigie.domain.notices import NoticeKind
from vigie.steps.watch import dark_cameras


@pytest.fixture
def night() -> Night:
    return Night()


def test_a_camera_goes_dark_and_comes_back(night: Night) -> None:
    for second in minutes(0, 60):
        if not 10 * 60 <= second < 30 * 60:
            night.frame(second)
        night.look(second + 5)
    dark, back = night.teller.sent
    assert (dark.kind, dark.data["since"]) == (NoticeKind.CAMERA_DARK, "2026-01-31T12:09:00.000Z")
    assert dark.data["camera"] == {"id": "hall", "name": "Entrance hall"}
    assert dark.data["reason"] == "its frames have stopped, and no agent says why"
    assert (back.kind, back.data["since"]) == (NoticeKind.CAMERA_BACK, "2026-01-31T12:09:00.000Z")
    assert back.data["back_at"] == "2026-01-31T12:30:05.000Z"


def test_a_dark_camera_that_a_budget_kept_from_people_is_told_when_it_opens(night: Night) -> None:
    night.teller.budget = 0
    told: list[str] = []
    for second in minutes(0, 120):
        night.teller.budget += second == 60 * 60  # midnight, say
        if not 10 * 60 <= second < 90 * 60:
            night.frame(second)
        told += night.look(second + 5)
    (dark,) = night.teller.sent
    assert (dark.kind, dark.data["since"]) == (NoticeKind.CAMERA_DARK, "2026-01-31T12:09:00.000Z")
    assert told == ["camera/hall"]
    assert 6 <= night.teller.withheld <= 9, "tried each ten minutes, not each minute"
    # That it is back is told as soon as that may be, too.
    night.teller.budget += 1
    for second in minutes(121, 135):
        night.frame(second)
        night.look(second + 5)
    back = night.teller.sent[-1]
    assert (back.kind, back.data["back_at"]) == (NoticeKind.CAMERA_BACK, "2026-01-31T13:30:05.000Z")


def test_what_nobody_heard_of_and_is_over_is_never_told(night: Night) -> None:
    night.teller.budget = 0
    for second in minutes(0, 60):
        if not 10 * 60 <= second < 30 * 60:
            night.frame(second)
        night.look(second + 5)
        if second == 25 * 60:
            assert set(dark_cameras(night.vigils.vigils())) == {"hall"}, "the operators' alarm knows"
    assert night.teller.withheld == 2
    night.teller.budget = 9
    for second in minutes(61, 90):
        night.frame(second)
        night.look(second + 5)
    assert night.teller.sent == []


def test_a_gated_camera_is_not_dark_and_a_flickering_one_is_told_once(night: Night) -> None:
    night.frame(0)
    for second in minutes(1, 60):
        night.beat(second)
        night.look(second + 5)
    assert night.teller.sent == []
    for second in minutes(61, 120):
        if second % 600 == 0:  # a stray picture in ten minutes
            night.frame(second)
        night.look(second + 5)
    assert night.teller.kinds == [NoticeKind.CAMERA_DARK]


def test_a_camera_that_never_came_and_one_that_only_an_agent_knows(night: Night) -> None:
    night.beat(0, camera="yard", last_captured_at=None, state="failing", error="no route to host")
    for second in minutes(0, 20):
        night.look(second)
    reasons = {notice.data["camera"]["id"]: notice.data["reason"] for notice in night.teller.sent}
    assert reasons == {
        "hall": "nothing was ever heard of it; is an agent running that watches it?",
        "yard": "its agent attic is silent since 12:00: it has no power or no network, or was stopped",
    }
    assert set(dark_cameras(night.vigils.vigils())) == {"hall", "yard"}


@pytest.mark.parametrize("frames", [1, 3], ids=["one that failed", "a standstill"])
def test_frames_that_nobody_looks_at_make_a_camera_dark_though_its_agent_is_well(
    night: Night, frames: int
) -> None:
    night.frame(0)
    for second in range(30, 30 + frames):
        key = FrameKey("hall", at(second))
        night.frames.post(Frame(key, b"jpeg"))
        night.frames.arrived[str(key)] = at(second + 1)
    for second in minutes(1, 20):
        night.beat(second)
        night.look(second + 5)
    reasons = [notice.data["reason"] for notice in night.teller.sent]
    assert len(reasons) == (frames > 1)
    assert all("the fault is in the cloud" in reason for reason in reasons)
