"""The frame report: what was seen in one frame."""

from dataclasses import dataclass
from datetime import datetime

from vigie.domain.detections import Detection
from vigie.domain.frames import FrameKey


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds that a detector spent on one picture. They explain speed, and decide nothing.

    `prepare` is the letterbox and the input tensor, `select` the decoding of the output, the label filter
    and NMS.
    """

    decode_ms: float
    prepare_ms: float
    infer_ms: float
    select_ms: float


@dataclass(frozen=True, slots=True)
class FrameReport:
    """What was seen in one frame of `width` x `height` pixels, most confident detection first.

    `model` names the model that looked. `interval_s` is the pace of sampling that the edge declared.
    `reported_at` and `sampled_at` are clock times, of this report and of the edge's sampling, for figures of
    speed alone: no rule looks at them. What the edge did not say is None.
    """

    key: FrameKey
    width: int
    height: int
    detections: tuple[Detection, ...]
    model: str
    timings: Timings
    reported_at: datetime
    sampled_at: datetime | None = None
    interval_s: float | None = None
