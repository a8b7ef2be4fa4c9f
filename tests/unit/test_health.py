"""How a trouble is told: once when it has lasted, once when it is over, whoever dies half-way."""

import pytest

from tests.builders import NOON, at
from vigie.domain.cameras import CANARY, Camera
from vigie.domain.frames import FrameKey
from vigie.domain.health import (
    Proof,
    Stage,
    Trouble,
    Vigil,
    begin_vigil,
    canary_site,
    follow,
    letters_trouble,
    proof_trouble,
)
from vigie.domain.hours import Hours
from vigie.domain.lamps import Covering, LampGroup
from vigie.domain.sites import Place, Site
from vigie.domain.visits import VisitLimits

WRONG = Trouble(NOON, "why")
OTHER = Trouble(at(-600), "another reason")


def vigil(stage: Stage, *, reached: float = 0, trouble: Trouble | None = WRONG) -> Vigil:
    ended = at(reached) if stage in {Stage.MENDING, Stage.TELLING_END, Stage.WITHHELD_END} else None
    return Vigil(
        subject="camera/hall", since=at(-999), stage=stage, at=at(reached), trouble=trouble, ended_at=ended
    )


WELL = vigil(Stage.WELL, trouble=None)


@pytest.mark.parametrize(
    ("before", "trouble", "seconds", "after"),
    [
        (WELL, None, 60, Stage.WELL),
        (WELL, WRONG, 10, Stage.AILING),
        (WELL, WRONG, 60, Stage.TELLING),
        (vigil(Stage.AILING), WRONG, 59, Stage.AILING),
        (vigil(Stage.AILING), WRONG, 60, Stage.TELLING),
        (vigil(Stage.AILING), None, 30, Stage.WELL),
        (vigil(Stage.TELLING), WRONG, 49, Stage.TELLING),
        (vigil(Stage.TOLD), OTHER, 9999, Stage.TOLD),
        (vigil(Stage.TOLD), None, 60, Stage.MENDING),
        (vigil(Stage.MENDING), None, 5, Stage.MENDING),
        (vigil(Stage.MENDING), None, 60, Stage.TELLING_END),
        (vigil(Stage.MENDING), WRONG, 60, Stage.TOLD),
        (vigil(Stage.TELLING_END), None, 49, Stage.TELLING_END),
        # Whoever claimed it has died.
        (vigil(Stage.TELLING), None, 60, Stage.MENDING),
        (vigil(Stage.TELLING_END), WRONG, 60, Stage.TELLING),
        # A budget withheld it.
        (vigil(Stage.WITHHELD), WRONG, 599, Stage.WITHHELD),
        (vigil(Stage.WITHHELD), WRONG, 600, Stage.TELLING),
        (vigil(Stage.WITHHELD), None, 60, Stage.WELL),
        (vigil(Stage.WITHHELD_END), None, 599, Stage.WITHHELD_END),
        (vigil(Stage.WITHHELD_END), None, 600, Stage.TELLING_END),
        (vigil(Stage.WITHHELD_END), WRONG, 60, Stage.TOLD),
    ],
    ids=[
        "all is well",
        "young trouble waits",
        "old trouble is told at the first look",
        "still too young",
        "has lasted",
        "was nothing",
        "is being told",
        "told once, whatever the reason by now",
        "over, at the first look",
        "two looks at once are one",
        "over for good",
        "back for a moment only: no word of it",
        "its end is being told",
        "unsure whether told, and over: its end is told",
        "unsure whether its end was told, and again: told",
        "withheld: not tried each minute",
        "withheld: tried again",
        "withheld, and over: nobody knew, and nobody needs to",
        "its end withheld: not tried each minute",
        "its end withheld: tried again",
        "its end withheld, and again: people know of it",
    ],
)
def test_a_look_moves_a_vigil_on(
    before: Vigil, trouble: Trouble | None, seconds: float, after: Stage
) -> None:
    following = follow(before, trouble, now=at(seconds), hold_s=60)
    assert following.stage is after
    if after is before.stage:
        assert following == before, "nothing to store"
    assert (following.trouble is None) == (after is Stage.WELL)


@pytest.mark.parametrize(("stage", "trouble"), [(Stage.TELLING, OTHER), (Stage.TELLING_END, None)])
def test_what_a_dead_sender_had_to_say_is_said_again_as_it_was(stage: Stage, trouble: Trouble | None) -> None:
    following = follow(vigil(stage), trouble, now=at(50))
    assert following.must_tell
    assert (following.at, following.trouble) == (at(50), WRONG)


def test_a_notice_that_was_sent_is_settled() -> None:
    assert vigil(Stage.TELLING).settled(at(1)).stage is Stage.TOLD
    settled = vigil(Stage.TELLING_END).settled(at(1))
    assert (settled.stage, settled.trouble, settled.ended_at) == (Stage.WELL, None, None)


def test_a_notice_that_was_withheld_is_not_settled() -> None:
    assert vigil(Stage.TELLING).withheld(at(1)) == vigil(Stage.WITHHELD, reached=1)
    withheld = vigil(Stage.TELLING_END).withheld(at(1))
    assert (withheld.stage, withheld.at, withheld.trouble) == (Stage.WITHHELD_END, at(1), WRONG)


def test_dead_letters_have_been_there_since_the_first_look_that_found_them() -> None:
    first = begin_vigil("letters/frames", NOON)
    assert letters_trouble(first, 0, now=at(5)) is None
    found = letters_trouble(first, 2, now=at(5))
    assert found == Trouble(at(5), "2")
    later = follow(first, found, now=at(5), hold_s=60)
    assert letters_trouble(later, 7, now=at(65)) == Trouble(at(5), "7")


@pytest.mark.parametrize(
    ("proven", "after_s", "trouble"),
    [
        (None, 100, Trouble(at(-100))),
        (None, 101, None),
        (-100, 100, Trouble(at(-100))),
        (-99, 100, None),
        (-1e6, 0, None),
    ],
    ids=["never, for long enough", "not looked at for long", "too long ago", "fresh", "nobody wants to know"],
)
def test_alerts_must_be_proven_now_and_then(
    proven: float | None, after_s: float, trouble: Trouble | None
) -> None:
    proof = None if proven is None else Proof(FrameKey("vigie-canary", NOON), at(proven), 1.5)
    assert proof_trouble(proof, looked_since=at(-100), now=NOON, after_s=after_s) == trouble


def test_a_canary_begins_visits_whatever_the_sites_limits() -> None:
    site = Site(
        time_zone="Europe/Paris",
        cameras=(Camera("hall"), Camera("yard")),
        places=(Place(name="door", cameras=("hall", "yard")),),
        lamp_groups=(LampGroup(group_id="yard", covered_by=(Covering(camera="yard"),), hours=(Hours(),)),),
        visits=VisitLimits(absence_s=3600, begin_confidence=1),
    )
    canary = canary_site(site)
    assert canary.rules == ()
    assert canary.lamp_groups == ()
    assert canary.visits == VisitLimits()
    assert canary.time_zone == "Europe/Paris"
    assert canary.retention.reports_days == 1


def test_the_canarys_id_is_no_cameras() -> None:
    with pytest.raises(ValueError, match="camera_id 'vigie-canary' is kept for Vigie's proof"):
        Site(cameras=(Camera(CANARY),))
