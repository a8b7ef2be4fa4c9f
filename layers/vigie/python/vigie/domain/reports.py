"""The frame report: what was seen in one frame."""

from dataclasses import dataclass
from datetime import datetime

from vigie.domain.detections import Detection
from vigie.domain.frames import FrameKey


@dataclass(frozen=True, slots=True)
class Timings:
    """Processing times of one frame. They explain speed, and decide nothing.

    Milliseconds of the detector's parts, and the clock times at which the edge sampled the picture
    (None when it did not say) and at which the report was made.
    """

    decode_ms: float
    prepare_ms: float
    infer_ms: float
    select_ms: float
    reported_at: datetime
    sampled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FrameReport:
    """What was seen in one frame of `width` x `height` pixels, most confident detection first.

    `model` names the model that looked. `interval_s` is the pace of sampling that the edge declared.
    """

    key: FrameKey
    width: int
    height: int
    detections: tuple[Detection, ...]
    model: str
    timings: Timings
    interval_s: float | None = None
