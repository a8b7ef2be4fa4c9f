"""The other engine: of a camera that asks for it, Rekognition looks at the frames in our detector's place."""

from collections.abc import Callable
from dataclasses import dataclass, field

from vigie.domain.cameras import Engine
from vigie.domain.caps import Spending, spending_day
from vigie.domain.comparison import MOST_OBJECT_BYTES, obstacle
from vigie.domain.frames import FrameKey
from vigie.domain.reports import Timings
from vigie.domain.sites import Site
from vigie.errors import CloudError, FrameKeyError, NotFound, PictureError
from vigie.steps.budget_ports import BudgetMarks, Purse
from vigie.steps.compare_ports import LabelService
from vigie.steps.pausing import ENGINE, Pauses
from vigie.steps.ports import Clock, Detector, Sighting


@dataclass(frozen=True, slots=True)
class Engines:
    """Chooses who looks at a frame; `measure` tells a JPEG's upright width and height in pixels.

    `service` is asked for when the first camera wants it: most sites have none. While one of the `pauses`
    holds it is not called.
    """

    ours: Detector
    service: Callable[[], LabelService]
    purse: Purse
    marks: BudgetMarks
    measure: Callable[[bytes], tuple[int, int]]
    clock: Clock
    pauses: Pauses | None = None

    def detector(self, object_key: str, site: Site) -> Detector:
        """Return who looks at the frame of that key; what is no frame key is nobody's to buy."""
        try:
            key = FrameKey.parse(object_key)
        except FrameKeyError:
            return self.ours
        if site.camera(key.camera_id).engine is not Engine.REKOGNITION:
            return self.ours
        return ServiceDetector(self, key, site)


@dataclass(slots=True)
class ServiceDetector:
    """Implements `Detector` for one stored frame by the service, and by our own engine where that must not.

    At the cap our own takes over, and the minute is marked as over budget; so it does for a picture that the
    service does not take, and while the service is left alone. The frame that finds it out of order comes
    again, like that of any other error.
    """

    engines: Engines
    key: FrameKey
    site: Site
    _name: str = field(default="", init=False)

    @property
    def name(self) -> str:
        """The model that looked, once one has."""
        return self._name or self.engines.ours.name

    def detect(self, jpeg: bytes) -> Sighting:
        """See `Detector.detect`.

        Raises:
            CloudError: the purse or the service refused; the event should be tried again.

        """
        width, height = self.engines.measure(jpeg)
        is_taken = len(jpeg) <= MOST_OBJECT_BYTES and not obstacle(width=width, height=height)
        pauses = self.engines.pauses
        if not is_taken or (pauses and pauses.under_way(ENGINE)) or not self._may_buy():
            return self.engines.ours.detect(jpeg)
        try:
            look = self.engines.service().look(self.key, least=self.site.visits.keep_confidence)
        except PictureError:
            return self.engines.ours.detect(jpeg)
        except NotFound:
            raise  # the frame is gone, which says nothing of the service
        except CloudError as error:
            if pauses:
                pauses.after(ENGINE, error)
            raise
        self._name = look.model
        return Sighting(
            width=width,
            height=height,
            detections=tuple(each for each in look.detections if each.label in self.site.labels),
            timings=Timings(decode_ms=0.0, prepare_ms=0.0, infer_ms=look.ms, select_ms=0.0),
        )

    def _may_buy(self) -> bool:
        engines, camera_id = self.engines, self.key.camera_id
        if engines.purse.take(
            Spending.REKOGNITION,
            camera_id=camera_id,
            day=spending_day(engines.clock(), self.site.tz),
            cap=self.site.caps.rekognition_calls,
        ):
            return True
        engines.marks.mark(Spending.REKOGNITION, camera_id=camera_id, captured_at=self.key.captured_at)
        return False
