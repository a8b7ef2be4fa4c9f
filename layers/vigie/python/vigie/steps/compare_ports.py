"""What comparing needs from the world, beside the ports of all steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from vigie.domain.comparison import FrameComparison
from vigie.domain.detections import Detection
from vigie.domain.frames import FrameKey


@dataclass(frozen=True, slots=True)
class Look:
    """What a service saw in one frame, most confident first, and how long the caller waited for it.

    `model` names the service and the version of its model; the detections carry no zones.
    """

    model: str
    detections: tuple[Detection, ...]
    ms: float


class LabelService(Protocol):
    """A paid service that finds people and vehicles in a stored frame. Each call is one that is paid for."""

    def look(self, key: FrameKey, *, least: float) -> Look:
        """Look at a frame once; `least` is the confidence, 0..1, below which nothing is told.

        Raises:
            PictureError: the service does not take this picture: its size, or its format.
            NotFound: the frame is gone.
            Unavailable: throttled, or out of order; a later call may succeed.
            AccessDenied: the role may not call the service, or not read the frame, which is read for it.
            CloudError: any other refusal.

        """


class ComparisonStore(Protocol):
    """Holds comparisons, one a frame; reads see every earlier write."""

    def comparison(self, key: FrameKey) -> FrameComparison | None:
        """Return the frame's comparison, if it was made; one under way is none yet."""

    def claim(self, key: FrameKey, *, now: datetime, lease: timedelta) -> bool:
        """Claim the comparison of a frame for a while; false when it was made, or another's claim holds."""

    def release(self, key: FrameKey) -> None:
        """Give a claim back; what is no claim any more stays."""

    def put(self, comparison: FrameComparison) -> None:
        """Store a comparison over its claim; what was stored before stays."""

    def comparisons(self, camera_id: str, begin: datetime, end: datetime) -> Sequence[FrameComparison]:
        """Return the camera's comparisons with begin <= capture time < end, in order."""


class ReviewShelf(Protocol):
    """Keeps the pictures of frames about which the engines disagree, for longer than the frames are kept."""

    def keep(self, key: FrameKey) -> None:
        """Copy the frame's picture; doing so again changes nothing.

        Raises:
            NotFound: the frame is gone.

        """

    def picture(self, key: FrameKey) -> bytes:
        """Return a kept picture.

        Raises:
            NotFound: it is not there (any more).

        """
