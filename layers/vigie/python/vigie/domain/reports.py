"""The frame report: what was seen in one frame."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from vigie.domain.cameras import check_camera_id
from vigie.domain.detections import Detection
from vigie.domain.frames import FrameKey
from vigie.domain.instants import to_stamp
from vigie.domain.usage import Usage

# Written by edges that look at their frames themselves, and by nobody else.
REPORTS_PREFIX = "reports/"
# What is larger is refused unread: no edge sends so many at once.
MOST_REPORTS_BYTES = 1_000_000
_REPORTS_KEY = re.compile(r"reports/([^/]+)/\d{4}/\d\d/\d\d/\d\d/\d{8}T\d{9}Z-\d{8}T\d{9}Z\.jsonl")


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
    speed alone: no rule looks at them. `usage` is what AWS charges for that was consumed for the camera since
    its report before, for the bill alone. What nobody said is None.
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
    usage: Usage | None = None


def reports_key(reports: Sequence[FrameReport]) -> str:
    """Return the key of the object that brings reports of one camera, in order: named by its first and last.

    Raises:
        ValueError: there is none, or they are of several cameras.

    """
    cameras = {report.key.camera_id for report in reports}
    if len(cameras) != 1:
        raise ValueError(f"an object holds reports of one camera, not of {len(cameras)}")
    first, last = reports[0].key, reports[-1].key
    span = f"{to_stamp(first.captured_at)}-{to_stamp(last.captured_at)}"
    return f"{REPORTS_PREFIX}{first.camera_id}/{first.captured_at:%Y/%m/%d/%H}/{span}.jsonl"


def camera_of_reports(object_key: str) -> str:
    """Return whose reports an object brings.

    Raises:
        ValueError: the key is none that `reports_key` gives.

    """
    match = _REPORTS_KEY.fullmatch(object_key)
    if match is None:
        raise ValueError(f"{object_key!r} is no key of reports")
    return check_camera_id(match[1])
