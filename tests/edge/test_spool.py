import errno
import os
import signal
import stat
import subprocess
import sys
import tracemalloc
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from edge_agent.spool import Spool
from edge_agent.spool_index import SpoolIndex, Waiting
from tests.edge.spooled import END, JPEG, NOW, TEN, Losses, key
from vigie.domain.frames import FrameKey
from vigie.domain.instants import to_stamp
from vigie.errors import SetupError


def test_frames_of_all_cameras_oldest_first_and_after_a_restart(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for camera_id, seconds in [("shop", 2), ("hall", 3), ("shop", 0.5), ("hall", 1)]:
        spool.add(key(camera_id, seconds), JPEG, interval_s=0.5, sampled_at=NOW)
    spool.close()

    found: list[None] = []
    spool = Spool(tmp_path, on_found=lambda: found.append(None))
    order = [("shop", 0.5), ("hall", 1), ("shop", 2), ("hall", 3)]
    assert len(found) == 4
    assert [frame.key for frame in spool.oldest(10)] == [key(c, s) for c, s in order]
    assert (spool.waiting("shop"), spool.waiting("hall")) == (2, 2)
    first = spool.oldest(1)[0]
    frame = first.load()
    assert (frame.jpeg, frame.interval_s, frame.sampled_at) == (JPEG, 0.5, NOW)
    spool.remove(first)
    assert [f.key for f in spool.oldest(10)] == [key(c, s) for c, s in order[1:]]
    assert spool.waiting("shop") == 1
    spool.close()


def test_a_frame_is_there_once_and_the_first_one_stays(tmp_path: Path) -> None:
    for jpeg in (b"first" + END, b"second" + END):
        spool = Spool(tmp_path)
        spool.add(key("hall", 0), jpeg, interval_s=0.5, sampled_at=NOW + timedelta(seconds=len(jpeg)))
        assert [frame.load().jpeg for frame in spool.oldest(10)] == [b"first" + END]
        assert (spool.waiting("hall"), spool.left()) == (1, 1)
        spool.close()


@pytest.mark.parametrize("interval_s", [1 / 30, 0.5, 1 / 3, 1, 86400, 1e6])
def test_the_interval_survives_in_the_name(tmp_path: Path, interval_s: float) -> None:
    spool = Spool(tmp_path)
    spool.add(key("hall", 0), b"jpeg", interval_s=interval_s, sampled_at=NOW)
    assert spool.oldest(1)[0].interval_s == pytest.approx(interval_s, rel=1e-5)
    spool.close()


def test_half_written_frames_go_and_foreign_files_stay(tmp_path: Path) -> None:
    (tmp_path / "hall").mkdir()
    torn = tmp_path / "hall/20260131T100000000Z~1~20260131T100000000Z.jpg.part"
    foreign = [tmp_path / "hall/holiday.jpg", tmp_path / "hall/20269931T100000000Z~1~20260131T100000000Z.jpg"]
    for path in (torn, *foreign):
        path.write_bytes(b"half")
    spool = Spool(tmp_path)
    assert spool.oldest(10) == []
    spool.close()
    assert not torn.exists()
    assert all(path.exists() for path in foreign)


def test_odd_things_in_the_spool_stay_there_and_the_frames_leave(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool = Spool(tmp_path)
    for camera_id in ("hall", "shop"):
        spool.add(key(camera_id, 0), JPEG, interval_s=1, sampled_at=NOW)
    spool.close()
    hall, at_one = tmp_path / "hall", "20260131T100001000Z~{}~20260131T100000000Z.jpg"
    (hall / "dangling").symlink_to(tmp_path / "nothing")
    (hall / "loop").symlink_to(hall / "loop")
    (hall / at_one.format("1")).symlink_to(tmp_path / "nothing")
    (hall / at_one.format("2")).mkdir()
    os.mkfifo(hall / at_one.format("3"))
    for interval in ("1e999", "-1", "0", "."):
        (hall / at_one.format(interval)).write_bytes(JPEG)
    (hall / "a.part").mkdir()
    (hall / "b.part").mkdir()
    (tmp_path / "attic").symlink_to(tmp_path / "attic")  # nobody may read it, root included
    (tmp_path / "yard").write_text("a file")
    for foreign in ("lost+found", "Bad Cam"):
        (tmp_path / foreign).mkdir()
        (tmp_path / foreign / at_one.format("1")).write_bytes(JPEG)
    before = sorted(tmp_path.rglob("*"))
    lost = Losses()
    spool = Spool(tmp_path, on_drop=lost.count)
    assert [frame.key for frame in spool.oldest(10)] == [key("hall", 0), key("shop", 0)]
    assert (spool.size(), lost) == (2 * len(JPEG), {})
    spool.close()
    assert sorted(tmp_path.rglob("*")) == before
    facts = [(r.message, vars(r)["camera_id"], vars(r).get("left_alone")) for r in caplog.records]
    assert facts == [
        ("a folder of the spool cannot be read", "attic", None),
        ("not all that lies in the spool can be looked at", "hall", 2),
    ]


def test_a_frame_that_the_disk_does_not_give_back_is_counted_and_keeps_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path)
    for seconds in range(3):
        spool.add(key("hall", seconds), JPEG, interval_s=1, sampled_at=NOW)
    spool.close()
    honest = Path.open

    def worn(path: Path, *arguments: Any) -> Any:
        if "T100001" in path.name:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return honest(path, *arguments)

    monkeypatch.setattr(Path, "open", worn)
    lost = Losses()
    spool = Spool(tmp_path, on_drop=lost.count)
    assert [frame.key for frame in spool.oldest(10)] == [key("hall", 0), key("hall", 2)]
    assert lost == {"hall": 1}
    spool.close()


WRITER = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from edge_agent.spool import Spool
from vigie.domain.frames import FrameKey
spool, n = Spool(Path(sys.argv[1])), 0
while True:
    at = datetime(2026, 1, 31, tzinfo=UTC) + timedelta(seconds=n)
    spool.add(FrameKey("hall", at), b"j" * 299_998 + b"\\xff\\xd9", interval_s=1, sampled_at=at)
    n += 1
    print(n, flush=True)
"""


def test_a_kill_tears_no_frame_and_loses_none(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        said = [writer.stdout.readline() for _ in range(20)]
        os.kill(writer.pid, signal.SIGKILL)
        said += writer.stdout.readlines()
    spool = Spool(tmp_path)
    frames = spool.oldest(100_000)
    # The one that was written when the kill came may have made it before its line did.
    assert len(frames) - len(said) in {0, 1}
    assert {len(frame.load().jpeg) for frame in frames} == {300_000}
    assert not list(tmp_path.glob("*/*.part"))
    spool.close()


def test_one_agent_at_a_time(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    with pytest.raises(SetupError, match=r"is in use by another agent; each needs its own$"):
        Spool(tmp_path)
    spool.close()
    Spool(tmp_path).close()


def test_a_full_disk_is_a_sentence_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(SetupError, match=r"^the spool .* has no room left$"):
            spool.add(key("hall", 0), b"jpeg", interval_s=1, sampled_at=NOW)
    assert spool.waiting("hall") == 0
    assert not list(tmp_path.glob("*/*"))
    spool.close()


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match="cannot be used: Not a directory"):
        Spool(tmp_path / "file" / "spool")


def test_a_cameras_frames_go_one_after_the_other_until_it_falls_behind(tmp_path: Path) -> None:
    spool = Spool(tmp_path, in_order=2)
    for seconds in (0, 1, 2):
        spool.add(key("hall", seconds), JPEG, interval_s=1, sampled_at=NOW)
    spool.add(key("shop", 5), JPEG, interval_s=1, sampled_at=NOW)
    first, other = spool.take(fresh=True), spool.take(fresh=True)
    assert first is not None
    assert other is not None
    assert (first.key, other.key) == (key("hall", 0), key("shop", 5)), "another camera's need not wait"
    assert (spool.take(fresh=True), spool.any(fresh=True)) == (None, False)
    spool.give_back(first)
    again = spool.take(fresh=True)
    assert again is not None
    assert again.key == first.key, "one that could not be brought is the next again"
    spool.add(key("hall", 3), JPEG, interval_s=1, sampled_at=NOW)
    beside = spool.take(fresh=True)
    assert beside is not None
    assert beside.key == key("hall", 1), "more wait than may"
    assert spool.take(fresh=True) is None
    spool.remove(again)
    assert spool.take(fresh=True) is None
    spool.remove(beside)
    after = spool.take(fresh=True)
    assert after is not None
    assert after.key == key("hall", 2)
    spool.close()


def test_fresh_frames_and_backlog_are_handed_out_apart(tmp_path: Path) -> None:
    now = 1000.0
    spool = Spool(tmp_path)
    spool.add(key("hall", 0), JPEG, interval_s=1, sampled_at=NOW)
    spool.close()
    spool = Spool(tmp_path, fresh_s=10, monotonic=lambda: now)
    for seconds in (2, 1):
        spool.add(key("hall", seconds), JPEG, interval_s=1, sampled_at=NOW)
    first = spool.take(fresh=True)
    assert first is not None
    assert first.key == key("hall", 1)
    spool.give_back(first)
    now += 10.1
    spool.add(key("hall", 3), JPEG, interval_s=1, sampled_at=NOW)

    def taken(*, fresh: bool) -> list[FrameKey]:
        return [frame.key for frame in iter(lambda: spool.take(fresh=fresh), None)]

    assert taken(fresh=True) == [key("hall", 3)]
    assert taken(fresh=False) == [key("hall", seconds) for seconds in (0, 1, 2)]
    assert (spool.left(), spool.any(fresh=True), spool.any(fresh=False)) == (4, False, False)
    spool.close()


@pytest.mark.parametrize(("folder_sync_s", "folders"), [(0, 10), (5, 2)])
def test_a_folder_is_flushed_before_a_frame_counts_or_as_often_as_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder_sync_s: float, folders: int
) -> None:
    flushed: list[str] = []
    flush = os.fsync

    def watched(handle: int) -> None:
        flushed.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        flush(handle)

    monkeypatch.setattr(os, "fsync", watched)
    now = 0.0
    spool = Spool(tmp_path, folder_sync_s=folder_sync_s, monotonic=lambda: now)
    spool.add(key("hall", 100), JPEG, interval_s=1, sampled_at=NOW)  # makes the folder
    flushed.clear()
    for seconds in range(10):
        now += 1.0
        spool.add(key("hall", seconds), JPEG, interval_s=1, sampled_at=NOW)
    assert (flushed.count("file"), flushed.count("folder")) == (10, folders)
    spool.close()


def test_the_index_stays_small_and_empties(tmp_path: Path) -> None:
    index = SpoolIndex(fresh_s=10)
    tracemalloc.start()
    sizes = []
    for day in range(4):
        for n in range(5_000):  # a backlog that grows to 1,000 and is worked off, again and again
            stamp = to_stamp(TEN + timedelta(seconds=day * 5_000 + n))
            index.add(Waiting(f"{stamp}~1~{stamp}.jpg", "hall", 50_000, float(n)))
            if n % 1_000 == 999:
                while (
                    frame := index.take(fresh=True, now=float(n)) or index.take(fresh=False, now=float(n))
                ) is not None:
                    index.discard("hall", frame.stamp)
        assert (len(index), index.size) == (0, 0)
        sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert sizes[-1] - sizes[0] < 20_000
