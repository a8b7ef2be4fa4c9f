"""From a report to a lamp on one machine; `tests/benchmarks/bench_lights.py` says how soon."""

from pathlib import Path

from tests.lamp_chain import chain
from tests.pipeline.conftest import NewCloud


def test_somebody_comes_and_a_lamp_lights_up(new_cloud: NewCloud, tmp_path: Path) -> None:
    with new_cloud("lights") as cloud:
        runner = cloud.start()
        try:
            with chain(cloud.resources, tmp_path, groups=2) as lamps:
                seconds = [lamps.light_up(number) for number in range(2)]
        finally:
            runner.terminate()
            runner.wait(20)
    assert max(seconds) < 10
