import errno
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge_agent.spool import Spool
from vigie.domain.frames import FrameKey
from vigie.errors import SetupError

TEN = datetime(2026, 1, 31, 10, tzinfo=UTC)
NOW = datetime(2026, 2, 1, 12, 0, 0, 123_000, tzinfo=UTC)


def key(camera_id: str, seconds: float) -> FrameKey:
    return FrameKey(camera_id, TEN + timedelta(seconds=seconds))


def test_frames_of_all_cameras_oldest_first_and_after_a_restart(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for camera_id, seconds in [("shop", 2), ("hall", 3), ("shop", 0.5), ("hall", 1)]:
        spool.add(key(camera_id, seconds), b"jpeg", interval_s=0.5, sampled_at=NOW)
    spool.close()

    spool = Spool(tmp_path)
    order = [("shop", 0.5), ("hall", 1), ("shop", 2), ("hall", 3)]
    assert [frame.key for frame in spool.oldest(10)] == [key(c, s) for c, s in order]
    assert (spool.waiting("shop"), spool.waiting("hall")) == (2, 2)
    first = spool.oldest(1)[0]
    frame = first.load()
    assert (frame.jpeg, frame.interval_s, frame.sampled_at) == (b"jpeg", 0.5, NOW)
    spool.remove(first)
    assert [f.key for f in spool.oldest(10)] == [key(c, s) for c, s in order[1:]]
    assert spool.waiting("shop") == 1
    spool.close()


def test_a_frame_is_there_once_and_the_first_one_stays(tmp_path: Path) -> None:
    for jpeg in (b"first", b"second"):
        spool = Spool(tmp_path)
        spool.add(key("hall", 0), jpeg, interval_s=0.5, sampled_at=NOW + timedelta(seconds=len(jpeg)))
        assert [frame.load().jpeg for frame in spool.oldest(10)] == [b"first"]
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


WRITER = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from edge_agent.spool import Spool
from vigie.domain.frames import FrameKey
spool, n = Spool(Path(sys.argv[1])), 0
while True:
    at = datetime(2026, 1, 31, tzinfo=UTC) + timedelta(seconds=n)
    spool.add(FrameKey("hall", at), b"j" * 300_000, interval_s=1, sampled_at=at)
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
