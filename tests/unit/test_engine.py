"""Rekognition in our detector's place: the same reports, the purse first, our own engine at the cap."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.budget_fakes import FakePurse
from tests.builders import NOON, at, seen
from tests.compare_fakes import FakeLabelService
from tests.fakes import (
    FakeArtist,
    FakeFrameStore,
    FakePictureStore,
    FakePublisher,
    FakeReportStore,
    FakeRollupStore,
)
from tests.pause_fakes import FakePauseStore
from vigie.documents import read_object
from vigie.domain.cameras import Camera, Engine
from vigie.domain.caps import Caps, Spending
from vigie.domain.frames import Frame, FrameKey
from vigie.domain.reports import FrameReport, Timings
from vigie.domain.sites import Site
from vigie.errors import AccessDenied, CloudError, ConfigError, NotFound, PictureError, Unavailable
from vigie.steps.budget_ports import OverBudget
from vigie.steps.detect import Outcome, detect_frame
from vigie.steps.engine import Engines
from vigie.steps.pausing import Pauses
from vigie.steps.ports import Sighting

CAMERA = Camera("hall", engine=Engine.REKOGNITION)
OURS, THEIRS = seen(confidence=0.6), seen(confidence=0.98)


@dataclass
class OurDetector:
    """`Detector` that sees one thing."""

    name: str = "yolov8n"
    looked: int = 0

    def detect(self, _jpeg: bytes) -> Sighting:
        self.looked += 1
        return Sighting(640, 360, (OURS,), Timings(1, 2, 3, 4))


@dataclass
class World:
    """Everything that takes a frame through the pipeline."""

    site: Site = field(default_factory=lambda: Site(cameras=(CAMERA,)))
    ours: OurDetector = field(default_factory=OurDetector)
    service: FakeLabelService = field(default_factory=lambda: FakeLabelService((THEIRS, seen("car"))))
    purse: FakePurse = field(default_factory=FakePurse)
    frames: FakeFrameStore = field(default_factory=FakeFrameStore)
    reports: FakeReportStore = field(default_factory=FakeReportStore)
    publisher: FakePublisher = field(default_factory=FakePublisher)
    size: tuple[int, int] = (640, 360)
    pauses: Pauses | None = None

    def take(self, seconds: float = 0, camera: str = "hall", jpeg: bytes = b"jpeg") -> FrameReport | None:
        key = FrameKey(camera, at(seconds))
        self.frames.frames[str(key)] = Frame(key, jpeg)
        engines = Engines(
            ours=self.ours,
            service=lambda: self.service,
            purse=self.purse,
            marks=self.purse,
            measure=lambda _: self.size,
            clock=lambda: at(60),
            pauses=self.pauses,
        )
        outcome = detect_frame(
            str(key),
            site=self.site,
            detector=engines.detector(str(key), self.site),
            frames=self.frames,
            reports=self.reports,
            artist=FakeArtist(),
            pictures=FakePictureStore(),
            stale=FakeRollupStore(),
            publisher=self.publisher,
            clock=lambda: at(60),
        )
        assert outcome is Outcome.REPORTED
        return self.reports.report(key)


@pytest.fixture
def world() -> World:
    return World()


def said(report: FrameReport | None) -> tuple[str, tuple[Any, ...]]:
    assert report is not None
    return report.model, report.detections


def test_the_same_report_comes_out_and_a_repeated_event_pays_nothing(world: World) -> None:
    report = world.take()
    assert report == FrameReport(
        key=FrameKey("hall", NOON),
        width=640,
        height=360,
        detections=(THEIRS, seen("car")),
        model="rekognition 3.0",
        timings=Timings(0, 0, 412.5, 0),
        reported_at=at(60),
    )
    assert world.take() == report
    assert (len(world.service.looked), world.ours.looked) == (1, 0)


def test_other_cameras_keep_our_detector_and_so_does_what_is_no_frame(world: World) -> None:
    assert said(world.take(camera="yard")) == ("yolov8n", (OURS,))
    engines = Engines(
        world.ours, lambda: world.service, world.purse, world.purse, lambda _: (1, 1), lambda: NOON
    )
    assert engines.detector("frames/hall/holiday.jpg", world.site) is world.ours
    assert world.service.looked == []


def test_at_the_cap_our_detector_takes_over_and_the_minute_says_so(world: World) -> None:
    world.site = Site(cameras=(CAMERA,), caps=Caps(rekognition_calls=2))
    models = [said(world.take(seconds))[0] for seconds in (0, 1, 2, 63)]
    assert models == ["rekognition 3.0", "rekognition 3.0", "yolov8n", "yolov8n"]
    assert len(world.service.looked) == 2
    assert world.purse.marked("hall", NOON, at(3600)) == (
        OverBudget(NOON, Spending.REKOGNITION),
        OverBudget(at(60), Spending.REKOGNITION),
    )


def test_what_the_service_does_not_take_our_detector_looks_at(world: World) -> None:
    world.service.faults = [PictureError("of another format")]
    assert said(world.take())[0] == "yolov8n"
    world.size = (64, 48)
    assert said(world.take(1))[0] == "yolov8n"
    assert said(world.take(2, jpeg=b" " * (15 * 2**20 + 1)))[0] == "yolov8n"
    # The last two cost nothing, and nobody is over a budget.
    assert len(world.service.looked) == 1
    assert world.purse.marked("hall", NOON, at(3600)) == ()


def test_a_service_out_of_order_is_tried_again(world: World) -> None:
    world.service.faults = [Unavailable("throttled")]
    with pytest.raises(Unavailable):
        world.take()
    assert said(world.take())[0] == "rekognition 3.0"


@pytest.mark.parametrize(
    ("fault", "pause_s"), [(Unavailable("no answer"), 30), (AccessDenied("no right"), 900)]
)
def test_while_a_service_is_left_alone_our_detector_looks(
    world: World, fault: CloudError, pause_s: int
) -> None:
    """The frame that finds it out of order comes again; no other one waits, or is paid for."""
    seconds = 60.0
    world.pauses = Pauses(FakePauseStore(), lambda: at(seconds))
    world.service.faults = [fault]
    with pytest.raises(type(fault)):
        world.take()
    assert [said(world.take(n))[0] for n in range(5)] == ["yolov8n"] * 5
    (account,) = world.purse.accounts(NOON.date())
    assert (len(world.service.looked), account.taken) == (1, 1)
    assert world.purse.marked("hall", NOON, at(3600)) == ()
    seconds += pause_s
    assert said(world.take(10))[0] == "rekognition 3.0"


def test_a_frame_that_is_gone_says_nothing_of_the_service(world: World) -> None:
    world.pauses = Pauses(FakePauseStore(), lambda: at(60))
    world.service.faults = [NotFound("the frame is gone")]
    with pytest.raises(NotFound):
        world.take()
    assert said(world.take(1))[0] == "rekognition 3.0"


def test_labels_that_the_site_does_not_name_are_left_out(world: World) -> None:
    world.site = Site(cameras=(CAMERA,), labels=("person",))
    assert said(world.take())[1] == (THEIRS,)


def test_an_engine_that_is_none_is_refused_in_a_sentence() -> None:
    with pytest.raises(ConfigError, match=r"engine.*'yolo' or 'rekognition', not 'yolov9'"):
        read_object(Camera, {"camera_id": "hall", "engine": "yolov9"}, source="site.json")


def test_frames_are_published_to_be_compared_as_the_site_asks(world: World) -> None:
    world.site = read_object(Site, {"comparison": {"share": 1, "labels": ["person"]}}, source="site.json")
    world.take()
    world.take(1, camera="yard")
    assert [str(key) for key in world.publisher.to_compare] == [
        str(FrameKey("hall", NOON)),
        str(FrameKey("yard", at(1))),
    ]
