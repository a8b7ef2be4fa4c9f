"""One camera's frames through the step that looks at them, over fakes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.builders import at
from tests.fake_alerts import FakeAlertStore
from tests.fakes import (
    FakeArtist,
    FakeFrameStore,
    FakePictureStore,
    FakePublisher,
    FakeReportStore,
    FakeRollupStore,
)
from vigie.domain.detections import Detection
from vigie.domain.frames import Frame, FrameKey
from vigie.domain.reports import Timings
from vigie.domain.sites import Site
from vigie.errors import PictureError
from vigie.steps.detect import Outcome, detect_frame
from vigie.steps.ports import Sighting


@dataclass
class ScriptedDetector:
    """Sees what the picture's bytes name: the number of a scene."""

    scenes: Sequence[tuple[Detection, ...]] = ()
    looks: int = 0
    name: str = "scripted@00000000"

    def detect(self, jpeg: bytes) -> Sighting:
        self.looks += 1
        if jpeg == b"cut":
            raise PictureError("cut short: a JPEG of 3 bytes without its end marker")
        return Sighting(640, 360, self.scenes[int(jpeg)], Timings(1, 1, 1, 1))


@dataclass
class World:
    """All collaborators of the step, and a shorthand to call it."""

    scenes: Sequence[tuple[Detection, ...]] = ()
    site: Site = field(default_factory=Site)
    frames: FakeFrameStore = field(default_factory=FakeFrameStore)
    reports: FakeReportStore = field(default_factory=FakeReportStore)
    alerts: FakeAlertStore = field(default_factory=FakeAlertStore)
    publisher: FakePublisher = field(default_factory=FakePublisher)
    artist: FakeArtist = field(default_factory=FakeArtist)
    pictures: FakePictureStore = field(default_factory=FakePictureStore)
    stale: FakeRollupStore = field(default_factory=FakeRollupStore)

    def __post_init__(self) -> None:
        self.detector = ScriptedDetector(self.scenes)

    def arrive(self, seconds: float, jpeg: bytes, *, interval_s: float | None = None) -> str:
        frame = Frame(FrameKey("hall", at(seconds)), jpeg, interval_s=interval_s)
        self.frames.frames[str(frame.key)] = frame
        return str(frame.key)

    def take(self, object_key: str, **instead: Any) -> Outcome:
        collaborators: dict[str, Any] = {
            "site": self.site,
            "detector": self.detector,
            "frames": self.frames,
            "reports": self.reports,
            "artist": self.artist,
            "pictures": self.pictures,
            "stale": self.stale,
            "publisher": self.publisher,
            "clock": lambda: at(99),
        }
        return detect_frame(object_key, **(collaborators | instead))
