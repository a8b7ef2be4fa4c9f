"""What the spool drops where there is no room, no time or no whole frame."""

import errno
import os
from datetime import timedelta
from pathlib import Path

import pytest

from edge_agent.spool import Spool
from tests.edge.spooled import JPEG, NOW, Losses, key


def test_the_oldest_make_room_and_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    lost = Losses()
    spool = Spool(tmp_path, max_bytes=5 * len(JPEG), on_drop=lost.count)
    for seconds in range(6):
        spool.add(key("hall", seconds), JPEG, interval_s=1, sampled_at=NOW)
        spool.add(key("shop", seconds + 0.5), JPEG, interval_s=1, sampled_at=NOW)
    assert [(f.key.camera_id, f.key.captured_at.second) for f in spool.oldest(100)] == [
        ("shop", 3),
        ("hall", 4),
        ("shop", 4),
        ("hall", 5),
        ("shop", 5),
    ]
    assert lost == {"hall": 4, "shop": 3}
    assert lost.why == "the spool was full"
    assert len(list(tmp_path.glob("*/*.jpg"))) == 5
    assert len([r for r in caplog.records if r.message == "the oldest frames are dropped"]) == 1
    # One that is being uploaded is not dropped under the uploader's hands.
    taken = spool.take(fresh=True)
    assert taken is not None
    spool.add(key("hall", 9), JPEG, interval_s=1, sampled_at=NOW)
    assert taken.load().jpeg == JPEG
    assert spool.left() == 5
    spool.close()


def test_a_full_disk_takes_the_oldest_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = Losses()
    spool = Spool(tmp_path, on_drop=lost.count)
    for seconds in range(4):
        spool.add(key("hall", seconds), JPEG, interval_s=1, sampled_at=NOW)
    flush = os.fsync

    def small_disk(handle: int) -> None:
        if len(list(tmp_path.glob("*/*.jpg*"))) > 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        flush(handle)

    monkeypatch.setattr(os, "fsync", small_disk)
    for seconds in (4, 5):
        spool.add(key("shop", seconds), JPEG, interval_s=1, sampled_at=NOW)
    assert [f.key for f in spool.oldest(10)] == [key("hall", 3), key("shop", 4), key("shop", 5)]
    assert lost == {"hall": 3}
    assert lost.why == "the disk was full"
    spool.close()


def test_torn_frames_are_set_aside_at_the_start(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for seconds in range(3):
        spool.add(key("hall", seconds), JPEG, interval_s=1, sampled_at=NOW)
    spool.close()
    paths = sorted(tmp_path.glob("hall/*.jpg"))
    paths[0].write_bytes(JPEG[:-1])
    paths[1].write_bytes(b"")
    lost = Losses()
    spool = Spool(tmp_path, on_drop=lost.count)
    assert [frame.key for frame in spool.oldest(10)] == [key("hall", 2)]
    assert lost == {"hall": 2}
    assert lost.why == "it was torn"
    assert len(list((tmp_path / ".torn").iterdir())) == 2
    spool.close()


def test_what_is_too_old_goes_by_its_stamp_or_by_the_steady_clock(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for hours in range(4):
        spool.add(key("hall", hours), JPEG, interval_s=1, sampled_at=NOW + timedelta(hours=hours))
    spool.close()
    steady = 0.0
    spool = Spool(tmp_path, monotonic=lambda: steady)
    # Of this run, by a clock that was years behind: its age is known all the same.
    spool.add(key("hall", 9), JPEG, interval_s=1, sampled_at=NOW - timedelta(days=3000))
    spool.drop_older(7200, now=NOW + timedelta(hours=4))
    assert [frame.key for frame in spool.oldest(10)] == [key("hall", 2), key("hall", 3), key("hall", 9)]
    steady = 7201.0
    spool.drop_older(7200, now=NOW + timedelta(hours=6.5))
    assert spool.left() == 0
    spool.close()
