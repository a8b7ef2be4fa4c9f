"""A camera has reported: what is asked of the lamps, how often, and by whom it may be disturbed."""

import contextlib
from dataclasses import replace
from typing import Any

import pytest

from tests.builders import at, report, seen
from tests.fake_lamps import FakeLampShadows
from tests.fakes import FakeReportStore
from vigie.domain.cameras import Camera, Zone
from vigie.domain.hours import Hours
from vigie.domain.lamps import Covering, LampGroup
from vigie.domain.lighting import Desired, Lease
from vigie.domain.sites import Site
from vigie.errors import Conflict
from vigie.steps.light import set_lights
from vigie.steps.minutes import keep_minutes

GROUP = LampGroup(
    group_id="yard", covered_by=(Covering(camera="hall"), Covering(camera="gate")), hours=(Hours(),)
)
DOOR = Zone("door", ((0, 0), (1, 0), (1, 1)))
SITE = Site(cameras=(Camera("hall", zones=(DOOR,)), Camera("gate")), lamp_groups=(GROUP,))


class World:
    """One camera's frames on their way to the shadow, by a clock that runs with them."""

    def __init__(self, site: Site = SITE) -> None:
        self.site, self.store, self.shadows = site, FakeReportStore(), FakeLampShadows()
        self.known: dict[str, Lease] = {}

    def take(self, second: float, *detections: Any, late_s: float = 1.0, camera: str = "hall") -> bool:
        frame = self.store.add_report(report(second, *detections, camera=camera, interval_s=1))
        kept = keep_minutes(frame, store=self.store, following=self.site.following(camera))
        if not self.site.tells_lamps(kept.minute, kept.before, kept.change):
            return False
        set_lights(
            camera,
            kept.change,
            site=self.site,
            minutes=self.store,
            shadows=self.shadows,
            known=self.known,
            clock=lambda: at(second + late_s),
        )
        return True

    @property
    def lease(self) -> Lease | None:
        desired, _ = self.shadows.desired("yard")
        return desired.lease if desired else None


def test_half_a_minute_of_frames_is_one_write() -> None:
    world = World()
    told = [second for second in range(1, 60) if world.take(second, seen())]
    assert told == [1, 10, 20, 30, 31, 40, 50], (
        "who is there at once, each step of the lease, else one in 10 s"
    )
    assert world.shadows.written == 2
    assert world.lease == Lease(at(180), {"hall": at(180)})


def test_a_weak_detection_prolongs_what_a_confident_one_began_and_begins_nothing() -> None:
    world = World()
    assert world.take(0, seen(confidence=0.4)), "the minute's first tells that the camera reports"
    assert not world.take(1, seen(confidence=0.4))
    assert world.lease == Lease(None, {"hall": at(120)})
    world.take(2, seen(confidence=0.6))
    world.take(4, seen(confidence=0.4))
    assert world.take(31, seen(confidence=0.9))
    assert world.lease == Lease(at(180), {"hall": at(180)})


@pytest.mark.parametrize("enters", [2, 10, 22])
def test_who_enters_a_zone_long_after_they_came_gets_light_with_that_very_frame(enters: int) -> None:
    near = replace(GROUP, covered_by=(Covering(camera="hall", zones=("door",)),))
    world = World(replace(SITE, lamp_groups=(near,)))
    for second in range(enters):
        world.take(second, seen())
    assert world.lease == Lease(None, {"hall": at(120)})
    assert world.take(enters, seen(zones=("door",)))
    assert world.lease == Lease(at(150), {"hall": at(150)})


def test_a_parked_car_that_drives_off_is_somebody_again() -> None:
    world = World()
    for second in range(303):
        world.take(second, seen("car", x=0.3))
    assert not world.take(303, seen("car", x=0.3)), "it is parked, and nobody"
    assert world.lease
    assert not world.lease.until or world.lease.until <= at(303)
    moving = (world.take(second, seen("car", x=0.3 + 0.03 * (second - 303))) for second in range(304, 309))
    assert any(moving)
    assert world.lease.until == at(450)


def test_zones_and_labels_decide_who_is_somebody() -> None:
    near = replace(GROUP, covered_by=(Covering(camera="hall", zones=("door",)),), labels=("person",))
    world = World(replace(SITE, lamp_groups=(near,)))
    world.take(0, seen("car", zones=("door",)), seen(x=0.1))
    assert world.lease == Lease(None, {"hall": at(120)})
    assert world.take(1, seen("car", zones=("door",)), seen(x=0.12, zones=("door",)))
    assert world.lease == Lease(at(150), {"hall": at(150)})
    assert not World(replace(SITE, lamp_groups=())).take(0, seen()), "no lamps, no messages"
    assert not world.take(2, seen(), camera="gate"), "it covers no lamps"


@pytest.mark.parametrize(
    ("why", "late_s", "writes"),
    [
        ("in time", 1, 1),
        ("late, and the hold goes on", 100, 1),
        ("long past", 400, 0),
        ("an edge's clock that is a little ahead", -59, 1),
        ("a wrong one", -61, 0),
    ],
)
def test_what_is_past_and_what_is_ahead_lights_nothing(why: str, late_s: float, writes: int) -> None:
    world = World()
    world.take(0, seen(), late_s=late_s)
    assert world.shadows.written == writes, why


@pytest.mark.parametrize("ahead_s", [150, 600, 86_000])
def test_frames_of_a_clock_that_was_ahead_keep_no_later_ones_in_the_dark(ahead_s: int) -> None:
    world = World()
    for second in (5, 6):
        world.take(second + ahead_s, seen(), late_s=1 - ahead_s)
    assert world.shadows.written == 0
    world.take(10)
    assert world.lease == Lease(None, {"hall": at(150)}), "it has reported, and nobody is there by now"
    assert world.take(31, seen())
    assert world.lease == Lease(at(180), {"hall": at(180)})
    reads = world.shadows.read
    assert all(world.take(second, seen()) for second in range(32, 60))
    assert (world.shadows.written, world.shadows.read) == (2, reads), "each comes late, and is no call"


def test_who_was_there_from_now_to_a_time_that_is_ahead_has_light_for_what_can_be() -> None:
    world = World()
    for second in (0, 2, 61, 63):
        frame = world.store.add_report(report(second, seen(), interval_s=60))
        keep_minutes(frame, store=world.store, following=SITE.following("hall"))
    world.take(1, seen())
    assert world.lease == Lease(at(210), {"hall": at(150)}), "a minute ahead at most"


def test_by_day_nothing_is_written_until_shortly_before_dusk() -> None:
    night = replace(GROUP, hours=(Hours(begin="12:10", end="13:00"),))
    world = World(replace(SITE, lamp_groups=(night,)))
    world.take(0, seen())
    assert world.shadows.written == 0
    world.take(8 * 60 + 10, seen())
    assert world.shadows.written == 1


def test_another_writer_is_read_again_and_one_that_never_ends_is_told() -> None:
    class Rival(FakeLampShadows):
        """Somebody else writes between each look and our writing, `times` times."""

        times = 3

        def ask(self, group_id: str, desired: Desired, *, replaces: Any) -> None:
            if self.times:
                self.times -= 1
                other = Desired(70, Lease(None, {"gate": at(210 - 30 * self.times)}))
                with contextlib.suppress(Conflict):
                    super().ask(group_id, other, replaces=self.desired(group_id))
            super().ask(group_id, desired, replaces=replaces)

    world = World()
    world.shadows = Rival()
    world.take(0, seen())
    assert world.lease == Lease(at(120), {"gate": at(210), "hall": at(120)}), "nobody's word is lost"
    world.shadows = Rival()
    world.shadows.times, world.known = 99, {}
    with pytest.raises(Conflict, match="25 times another writer of the lamp group yard was first"):
        world.take(200, seen())


def test_a_foreign_word_of_a_far_day_is_ignored_and_written_over() -> None:
    world = World()
    far = at(10 * 365 * 86400)
    world.shadows._shadows["yard"] = Desired(100, Lease(far, {"hall": far, "gate": at(90)})), 7
    world.take(0)
    assert world.lease == Lease(None, {"hall": at(120), "gate": at(90)})


def test_what_a_person_wrote_into_a_shadow_is_replaced() -> None:
    world = World()
    world.shadows._shadows["yard"] = None, 7  # another state than ours is there
    world.take(0, seen())
    assert world.lease == Lease(at(120), {"hall": at(120)})
