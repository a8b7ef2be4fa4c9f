"""Local mode's parts: what goes up as a picture, and what waits on disk."""

import errno
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edge_agent.local import LocalEyes
from edge_agent.outbox import Outbox
from edge_agent.spool import Spool
from edge_agent.status import StatusBoard
from tests.builders import NOON, at, report, seen
from vigie.domain.cameras import Camera, Zone
from vigie.domain.detections import Detection
from vigie.domain.frames import FrameKey
from vigie.domain.hours import Hours
from vigie.domain.lamps import Covering, LampGroup
from vigie.domain.reports import Timings, reports_key
from vigie.domain.sites import Site
from vigie.domain.visits import VisitLimits
from vigie.errors import ModelError, PictureError
from vigie.messages import read_report_lines
from vigie.steps.ports import Sighting

if TYPE_CHECKING:
    pass


class Script:
    """A detector that sees what a test says, picture by picture; "torn" is none."""

    name = "yolov8/script@00000000"

    def __init__(self, *seen_then: tuple[Detection, ...]) -> None:
        self._answers = iter(seen_then)

    def detect(self, jpeg: bytes) -> Sighting:
        if jpeg == b"torn":
            raise PictureError("no picture")
        return Sighting(640, 360, next(self._answers, ()), Timings(1, 1, 1, 1))


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    made = Spool(tmp_path / "spool")
    yield made
    made.close()


def look(eyes: LocalEyes, seconds: float, jpeg: bytes = b"jpeg") -> None:
    eyes.add(FrameKey("hall", at(seconds)), jpeg, interval_s=1.0, sampled_at=at(seconds))


def sent(spool: Spool) -> list[float]:
    return [(frame.key.captured_at - NOON) / timedelta(seconds=1) for frame in spool.oldest(100)]


def test_a_picture_goes_up_where_a_visit_begins_or_is_seen_best_and_once_a_minute(
    tmp_path: Path, spool: Spool
) -> None:
    nobody: tuple[Detection, ...] = ()
    weak, better, worse = (seen(confidence=c) for c in (0.6, 0.9, 0.7))
    script = [nobody, nobody, (weak,), (better,), (worse,), (worse,), *[nobody] * 57]
    outbox = Outbox(tmp_path / "reports")
    eyes = LocalEyes(lambda _: Script(*script), spool, outbox, site=Site())
    for second in range(64):
        look(eyes, second)
        if second == 4:
            look(eyes, 1)  # the clock was set back: what such a frame begins nobody here can tell
    assert sent(spool) == [0, 1, 2, 3, 63]
    outbox.flush()
    reports = [
        one for _, path in outbox.waiting() for one in read_report_lines(path.read_text(encoding="utf-8"))
    ]
    assert len({one.key for one in reports}) == 64
    assert {one.model for one in reports} == {"yolov8/script@00000000"}


def test_no_lamp_waits_for_reports_to_gather_and_none_costs_a_picture_or_a_file_for_each_frame(
    tmp_path: Path,
) -> None:
    covering = (Covering(camera="hall", zones=("path",)),)
    group = LampGroup(group_id="yard", covered_by=covering, hours=(Hours(begin="12:00", end="12:02"),))
    camera = Camera("hall", zones=(Zone("path", ((0, 0.6), (1, 0.6), (1, 1), (0, 1))),))
    site = Site(cameras=(camera,), visits=VisitLimits(still_after_s=20), lamp_groups=(group,))

    def seen_at(second: int) -> tuple[Detection, ...]:
        for walks in (3, 125):
            if walks <= second < walks + 12:  # is on the path from the fifth second on
                along = second - walks
                return (seen(x=0.2 + 0.04 * along, y=0.3 + 0.04 * along, confidence=0.9 - 0.01 * along),)
        if 20 <= second < 77:
            rolls = max(0, second - 64)
            return (seen("car", x=0.3 + 0.04 * rolls, y=0.8, confidence=0.8),)
        return ()

    def arrivals(of_site: Site, folder: Path) -> tuple[set[int], list[float]]:
        now, seconds = [0.0], set()
        outbox, spool = Outbox(folder / "reports", steady=lambda: now[0]), Spool(folder / "spool")
        eyes = LocalEyes(lambda _: Script(*map(seen_at, range(140))), spool, outbox, site=of_site)
        for second in range(140):
            now[0] = second
            look(eyes, second)
            outbox.flush_old()
            for _, file in outbox.waiting():
                seconds.add(second)
                outbox.remove(file)
        pictures = sent(spool)
        spool.close()
        return seconds, pictures

    unlit, pictures = arrivals(replace(site, lamp_groups=()), tmp_path / "unlit")
    lit, lit_pictures = arrivals(site, tmp_path / "lit")
    enters, drives_off, enters_by_day = 7, 65, 129
    assert not unlit & {enters, drives_off, enters_by_day}, "or this would show nothing"
    assert lit & {enters, drives_off, enters_by_day} == {enters, drives_off}
    assert lit_pictures == pictures == [0.0, 3.0, 20.0, 80.0, 125.0]
    assert len(lit) <= len(unlit) + 3


def test_what_is_no_picture_is_left_to_the_clouds_judgement(tmp_path: Path, spool: Spool) -> None:
    outbox = Outbox(tmp_path / "reports")
    look(LocalEyes(lambda _: Script(), spool, outbox, site=Site()), 0, b"torn")
    outbox.flush()
    assert (sent(spool), outbox.waiting()) == ([0], [])


def test_reports_are_gathered_by_number_and_by_time(tmp_path: Path) -> None:
    now = [0.0]
    outbox = Outbox(tmp_path / "reports", steady=lambda: now[0])
    for second in range(27):
        outbox.add(report(second))
    outbox.add(report(5, camera="yard"))
    assert [key for key, _ in outbox.waiting()] == [reports_key([report(n) for n in range(25)])]
    now[0] = 9.9
    outbox.flush_old()
    assert len(outbox.waiting()) == 1
    now[0] = 10.0
    outbox.flush_old()
    assert [key.split("/")[1] for key, _ in outbox.waiting()] == ["hall", "yard", "hall"]
    (tmp_path / "reports" / "hall" / "x.part").write_text("half")
    assert len(Outbox(tmp_path / "reports").waiting()) == 3, "another start finds them"
    assert not list((tmp_path / "reports").rglob("*.part"))


def test_reports_that_the_disk_does_not_take_are_counted_and_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    board = StatusBoard([], redact=str, steady=lambda: now[0])
    outbox = Outbox(tmp_path / "reports", on_loss=board.reports_lost)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for second in range(3):
        outbox.add(report(second))
    board.report_trouble("refused")
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        outbox.flush()
    lost = "3 reports are lost since the start, for the disk takes none: No space left on device"
    assert board.troubles.report_error == f"{lost}; refused"
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    outbox.add(report(9))
    outbox.flush()
    assert len(outbox.waiting()) == 1
    now[0] = 600.0
    assert board.troubles.report_error == "refused"


def test_another_start_clears_the_folders_that_are_empty(tmp_path: Path) -> None:
    (tmp_path / "reports/hall/2026/01/31/09").mkdir(parents=True)
    outbox = Outbox(tmp_path / "reports")
    assert list((tmp_path / "reports").iterdir()) == []
    outbox.add(report(0))
    outbox.flush()
    assert len(Outbox(tmp_path / "reports").waiting()) == 1


def test_another_site_document_has_another_detector_when_it_looks_for_something_else(
    tmp_path: Path, spool: Spool
) -> None:
    made: list[Site] = []

    def detector(site: Site) -> Script:
        made.append(site)
        if site.labels == ("unicorn",):
            raise ModelError("the model knows no label 'unicorn'")
        return Script()

    first = Site(rules=())
    eyes = LocalEyes(detector, spool, Outbox(tmp_path / "reports"), site=first)
    eyes.follow(replace(first, name="Another"))
    cars = replace(first, labels=("car",))
    eyes.follow(cars)
    surer = replace(cars, visits=replace(cars.visits, keep_confidence=0.45))
    eyes.follow(surer)
    assert made == [first, cars, surer]
    with pytest.raises(ModelError):
        eyes.follow(replace(surer, labels=("unicorn",)))
    look(eyes, 0)
    assert sent(spool) == [0], "the last detector goes on"
