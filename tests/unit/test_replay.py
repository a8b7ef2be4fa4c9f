"""Any order, repetition, parallel handlers and deaths leave the tables and alerts of the orderly run.

`tests/benchmarks/bench_replay.py` does the same with 2,000 frames, the clips' reports and 200 seeds.
"""

import pytest

from tests.replay import SITES, differences, disorderly, orderly
from tests.tracks import three_cameras


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 6, 8])
def test_disorder_leaves_no_trace(seed: int) -> None:
    site = SITES[seed % len(SITES)]
    frames = three_cameras(seed, 180)
    expected = orderly(frames, site)
    found = disorderly(frames, seed, site)
    assert differences(expected, found) == {}
    assert not found.untold
    assert all(desired.lease.until for desired in expected.lamps)
    assert len(expected.reports) == 180
    assert len(expected.alerts) >= 5, "the scenes are busy enough to go wrong"
    assert len(expected.asked) > len(expected.alerts), "and some of what is asked for is held back"
