"""From a report to a lamp on one machine; `tests/benchmarks/bench_lights.py` says how soon."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.builders import seen
from tests.lamp_chain import FULL, IDLE, Chain, chain, chain_site
from tests.pipeline.conftest import NewCloud
from vigie.aws import clients
from vigie.aws.lights import IotLampShadows
from vigie.domain.lamps import LAMP_THINGS
from vigie.domain.sites import Site
from vigie.domain.visits import VisitLimits


@contextmanager
def lit(new_cloud: NewCloud, name: str, folder: Path, site: Site) -> Iterator[Chain]:
    """Run a cloud and drive the lamps of a site."""
    with new_cloud(name) as cloud:
        runner = cloud.start()
        try:
            with chain(cloud.resources, folder, site) as lamps:
                yield lamps
        finally:
            runner.terminate()
            runner.wait(60)
    assert not lamps.faults


def test_somebody_comes_and_a_lamp_lights_up(new_cloud: NewCloud, tmp_path: Path) -> None:
    with lit(new_cloud, "lights", tmp_path, chain_site(2)) as lamps:
        for number in range(2):
            lamps.light_up(number)


def test_a_car_that_has_parked_is_nobody_until_it_drives_off(new_cloud: NewCloud, tmp_path: Path) -> None:
    site = chain_site(1)
    (group,) = site.lamp_groups
    site = replace(
        site,
        visits=VisitLimits(still_after_s=30.0),
        lamp_groups=(replace(group, hold_s=90.0, silent_after_s=90.0),),
    )
    with lit(new_cloud, "parked", tmp_path, site) as lamps:
        # It has stood there for so long that the lease of its coming is over: 30 s, the hold, half a minute.
        stands = {float(second): [seen("car", x=0.3)] for second in range(-200, 0, 5)}
        lamps.send(0, stands, interval_s=5.0)
        lamps.reaches(0, IDLE)
        shadows = IotLampShadows(clients.iot_data(), LAMP_THINGS)
        asked, _ = shadows.desired(group.group_id)
        assert asked
        assert (asked.lease.until, asked.lease.reason) == (None, "nobody is there")
        lamps.send(0, {float(second): [seen("car", x=0.3 + 0.03 * second)] for second in range(1, 9)})
        lamps.reaches(0, FULL)
        asked, _ = shadows.desired(group.group_id)
        assert asked
        assert asked.lease.reason == "car before cam-0"
