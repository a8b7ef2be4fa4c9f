"""Groups at their levels, with the cloud there and away, and what their lamps say of it."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from edge_agent.lamps.drivers import Driver, never
from edge_agent.lamps.keeper import KeptLeases, LampKeeper
from edge_agent.lamps.worker import Lamp
from edge_agent.status import StatusBoard
from tests.builders import NOON, at
from tests.edge.running import PATIENCE_S, wait_for
from vigie.domain.cameras import Camera
from vigie.domain.heartbeats import LampLife
from vigie.domain.hours import Hours
from vigie.domain.lamps import Covering, LampGroup
from vigie.domain.lighting import Desired, Lease
from vigie.domain.sites import Site
from vigie.errors import LampError

GROUP = LampGroup(
    group_id="yard", covered_by=(Covering(camera="hall"),), hours=(Hours(end="12:30"),), ramp_s=1.0
)
SITE = Site(cameras=(Camera("hall"),), lamp_groups=(GROUP,))
ACTIVE = Desired(100, Lease(at(60), {"hall": at(120)}, "person before hall"))


class Device:
    """A lamp that notes what it was told; `broken` says that it refuses, and without `free` it hangs."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.free.set()
        self.levels: list[int] = []
        self.broken = False
        self.refused = 0

    def switch(self, percent: int, _ramp_s: float, _overtaken: Callable[[], bool] = never) -> None:
        assert self.free.wait(PATIENCE_S)
        if self.broken:
            self.refused += 1
            raise LampError("the lamp is out of reach")
        self.levels.append(percent)

    def close(self) -> None:
        """Stay."""


@dataclass
class World:
    """A keeper with one lamp, a clock that tests move, and what both say; of `spoilt` nothing can be said.

    Whoever moves the clock waits first for what is said until then: what is over is not made good.
    """

    folder: Path
    site: Site | None = SITE
    now: datetime = NOON
    device: Device = field(default_factory=Device)
    ignored: list[tuple[Sequence[str], datetime, list[int]]] = field(default_factory=list)
    shown: tuple[LampLife, ...] = ()
    said: list[dict[str, Any]] = field(default_factory=list)
    spoilt: str | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.board = StatusBoard([], redact=str)
        self.keeper = LampKeeper(
            site=self.site,
            kept=KeptLeases(self.folder / "leases.json"),
            clock=lambda: self.now,
            ignore_motion=lambda cameras, until: self.ignored.append((cameras, until, [*self.device.levels])),
            show=self.show,
            fault=self.board.fault,
            stop=self.stop,
        )
        driver: Driver = self.device
        self.lamp = Lamp(
            "yard",
            driver,
            before=lambda ramp_s: self.keeper.before_switch("yard", ramp_s),
            show=self.keeper.look_again,
            redact=str,
            stop=self.keeper.ended,
        )
        self.keeper.keep("yard", [self.lamp])
        self.keeper.speak_by(self)
        self.threads = [threading.Thread(target=body) for body in (self.keeper.run, self.lamp.run)]

    def show(self, lamps: tuple[LampLife, ...]) -> None:
        self.shown = lamps

    def report(self, group_id: str, reported: dict[str, Any]) -> None:
        if group_id == self.spoilt:
            raise RuntimeError("no tongue")
        self.said.append(reported)

    def __enter__(self) -> "World":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive()

    def reaches(self, *levels: int) -> None:
        wait_for(lambda: self.device.levels == [*levels])

    def says(self, level: int, reason: str) -> None:
        wait_for(
            lambda: bool(self.said) and (self.said[-1]["level"], self.said[-1]["reason"]) == (level, reason)
        )


def test_a_lamp_dims_on_time_and_ends_safe_with_the_cloud_away_and_is_dark_by_day(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        world.says(70, "no reports from hall")  # nobody has said anything
        world.keeper.hear("yard", ACTIVE)
        world.reaches(70, 100)
        world.says(100, "person before hall")
        world.now = at(60)  # nothing more comes from the cloud
        world.reaches(70, 100, 20)
        world.says(20, "nobody is there")
        world.now = at(120)
        world.reaches(70, 100, 20, 70)
        world.says(70, "no reports from hall")
        world.now = at(1800)
        world.reaches(70, 100, 20, 70, 0)
        wait_for(lambda: world.shown[0].level == 0)
    assert [said["level"] for said in world.said] == [70, 100, 20, 70, 0]
    assert world.shown[0].switches == 5


def test_gates_take_what_changes_for_light_before_it_changes(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        world.reaches(70)
        world.keeper.hear("yard", ACTIVE)
        world.reaches(70, 100)
        until = NOON + timedelta(seconds=GROUP.ramp_s + GROUP.ignore_s)
        assert world.ignored == [(("hall",), until, []), (("hall",), until, [70])]


def test_a_lamp_out_of_reach_blinds_no_gate_by_being_tried_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.device.broken = True
    with world:
        wait_for(lambda: world.device.refused >= 3)
        assert len(world.ignored) == 1, "once for the level, not once a try"
        world.device.broken = False
        world.reaches(70)
        wait_for(lambda: len(world.ignored) == 2)  # now it changes
    assert world.ignored[-1][2] == [70]


def test_after_a_restart_a_group_goes_on_where_it_was(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        world.keeper.hear("yard", ACTIVE)
        world.says(100, "person before hall")
    with World(tmp_path, now=at(30)) as world:
        world.reaches(100)
        world.now = at(60)
        world.reaches(100, 20)
    (tmp_path / "leases.json").write_text("{")
    with World(tmp_path, now=at(30)) as world:
        world.reaches(70)


def test_a_lease_that_ends_in_years_is_nobodys_word(tmp_path: Path) -> None:
    far = at(10 * 365 * 86400)
    with World(tmp_path) as world:
        world.keeper.hear("yard", Desired(100, Lease(far, {"hall": far}, "somebody")))
        world.says(70, "no reports from hall")


def test_what_nobody_knows_is_safe(tmp_path: Path) -> None:
    with World(tmp_path, site=None) as world:
        world.keeper.hear("yard", ACTIVE)
        world.says(70, "no site document yet")
        world.keeper.follow(replace(SITE, lamp_groups=()))
        world.says(70, "the site document has no lamp group 'yard'")
        world.keeper.follow(SITE)
        world.says(100, "person before hall")


def test_a_lamp_that_does_not_follow_is_reported_as_what_it_is(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        world.says(70, "no reports from hall")
        world.device.broken = True
        world.keeper.hear("yard", ACTIVE)
        wait_for(lambda: world.said[-1]["error"] == "the lamp is out of reach")
        assert world.said[-1]["level"] == 70
        wait_for(lambda: world.shown[0].error == "the lamp is out of reach")
        assert (world.shown[0].level, world.shown[0].wanted) == (70, 100)
        world.device.broken = False
        world.reaches(70, 100)
        wait_for(lambda: world.said[-1]["error"] is None)


def test_a_fault_of_one_group_is_shown_and_stops_no_other(tmp_path: Path) -> None:
    attic = replace(GROUP, group_id="attic")
    world = World(tmp_path, site=replace(SITE, lamp_groups=(attic, GROUP)), spoilt="attic")
    world.keeper._groups.clear()
    for group_id, lamps in (("attic", ()), ("yard", (world.lamp,))):
        world.keeper.keep(group_id, lamps)
    with world:
        world.keeper.hear("yard", ACTIVE)
        world.says(100, "person before hall")
        fault = "lamp group attic: RuntimeError: no tongue"
        wait_for(lambda: world.board.troubles.agent_error == fault)


def test_a_disk_that_keeps_no_leases_is_shown_and_darkens_nobody(tmp_path: Path) -> None:
    with World(tmp_path / "gone") as world:
        world.keeper.hear("yard", ACTIVE)
        assert "leases cannot be kept" in str(world.board.troubles.agent_error)
        world.says(100, "person before hall")


def test_what_is_lit_when_the_agent_stops_is_left_safe_and_what_is_dark_by_day_stays_so(
    tmp_path: Path,
) -> None:
    with World(tmp_path) as world:
        world.keeper.hear("yard", Desired(20, Lease(None, {"hall": at(120)}, "nobody is there")))
        world.says(20, "nobody is there")
    assert world.device.levels[-1] == 70
    assert (world.said[-1]["level"], world.said[-1]["reason"]) == (70, "the agent has stopped")
    assert (world.shown[0].level, world.shown[0].error) == (70, None)
    with World(tmp_path, now=at(1800)) as world:
        world.reaches(0)
    assert world.device.levels == [0]


def test_a_lamp_that_hangs_holds_up_no_end(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        world.reaches(70)
        world.device.free.clear()
        world.keeper.hear("yard", ACTIVE)
        world.stop.set()
        assert world.keeper.ended.wait(PATIENCE_S / 2), "it waits for the device"
        assert world.shown[0].level == 70
        world.device.free.set()
