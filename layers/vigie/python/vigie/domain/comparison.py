"""The comparison with Amazon Rekognition: which frames are compared, and how two engines' detections match.

Our detector is the first look at every frame and Rekognition the second one at some. Neither is the truth:
what both saw is agreement, what one saw alone is the other's miss or its own invention, and only a person
who looks can tell which.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar

from vigie.domain.detections import PERSON, Detection
from vigie.domain.frames import FrameKey
from vigie.domain.hours import Hours
from vigie.domain.reports import FrameReport

# The one table of names: ours by those that DetectLabels of label model 3.0 gives. That model names each
# thing once and says other words for it as aliases (Automobile of Car): a name that changes is known by them.
LABELS_THERE: Mapping[str, str] = MappingProxyType(
    {
        "Person": PERSON,
        "Bicycle": "bicycle",
        "Car": "car",
        "Motorcycle": "motorcycle",
        "Bus": "bus",
        "Truck": "truck",
    }
)
# What DetectLabels looks at: by S3 reference, and as bytes within the request.
# https://docs.aws.amazon.com/rekognition/latest/dg/limits.html
MOST_OBJECT_BYTES, MOST_REQUEST_BYTES = 15 * 2**20, 5 * 2**20
LEAST_SIDE_PX, MOST_SIDE_PX = 80, 10_000
# Reports of frames that Rekognition looked at name their model so.
REKOGNITION = "rekognition"
# The version of the labels' model that recorded answers give in the service's place.
RECORDED = "recorded"

# Reviewed pictures are copies, which outlive the frames.
REVIEW_PREFIX = "review/"

_MOST_CALLS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Which frames Rekognition looks at too: by default none.

    Of the frames of `cameras` that show one of `labels` within `hours` of the site's time (empty means any),
    the `share` is compared, at most `per_day` in a day of the clock. `min_confidence` is how sure Rekognition
    must be, `min_overlap` the IoU from which two boxes show one thing.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    share: float = 0.0
    cameras: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    hours: tuple[Hours, ...] = ()
    per_day: int = 1000
    min_confidence: float = 0.5
    min_overlap: float = 0.5

    def __post_init__(self) -> None:
        for name in ("share", "min_confidence"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} of the comparison is 0 to 1")
        if not 0 < self.min_overlap <= 1:
            raise ValueError("min_overlap of the comparison is over 0 and up to 1")
        if not 0 <= self.per_day <= _MOST_CALLS:
            raise ValueError(f"per_day of the comparison is 0 to {_MOST_CALLS} calls")
        unknown = [label for label in self.labels if label not in LABELS_THERE.values()]
        if unknown:
            known = ", ".join(LABELS_THERE.values())
            raise ValueError(f"labels of the comparison are {known}, not {unknown[0]!r}")

    def chooses(self, report: FrameReport, tz: tzinfo) -> bool:
        """Tell whether the report's frame is to be compared; of a frame always the same.

        One that Rekognition has looked at already never is.
        """
        seen = {detection.label for detection in report.detections}
        return (
            self.share > 0
            and self.per_day > 0
            and not is_rekognition(report.model)
            and (not self.cameras or report.key.camera_id in self.cameras)
            and (not self.labels or not seen.isdisjoint(self.labels))
            and (not self.hours or any(hours.hold(report.key.captured_at, tz) for hours in self.hours))
            and lot_of(report.key) < self.share
        )


def lot_of(key: FrameKey) -> float:
    """Return the frame's lot, 0 <= lot < 1: evenly spread over frames, and for ever the same for each."""
    digest = hashlib.blake2s(str(key).encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def is_rekognition(model: str) -> bool:
    """Tell whether a report's model is Rekognition."""
    return model.partition(" ")[0] == REKOGNITION


def is_recorded(model: str) -> bool:
    """Tell whether what looked was no service but recorded answers, as on one machine."""
    return RECORDED in model


def obstacle(*, width: int, height: int) -> str:
    """Return why Rekognition would refuse a picture of that size in pixels; empty when it would not."""
    if min(width, height) < LEAST_SIDE_PX:
        return f"{width}x{height} pixels, Rekognition takes at least {LEAST_SIDE_PX} on each side"
    if max(width, height) > MOST_SIDE_PX:
        return f"{width}x{height} pixels, Rekognition takes at most {MOST_SIDE_PX} on each side"
    return ""


class ComparisonState(StrEnum):
    """What became of a comparison."""

    CLAIMED = "claimed"
    COMPARED = "compared"
    NOT_COMPARABLE = "not_comparable"


@dataclass(frozen=True, slots=True)
class Match:
    """The detections of one thing: ours and theirs, or one of them alone; `overlap` is the IoU of both."""

    ours: Detection | None
    theirs: Detection | None
    overlap: float = 0.0

    @property
    def agrees(self) -> bool:
        """Tell whether both engines saw it, and call it the same."""
        return self.ours is not None and self.theirs is not None and self.ours.label == self.theirs.label


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameComparison:
    """Both engines' detections of one frame of `width` x `height` pixels.

    `ours` are those of the report by `our_model` in `our_ms`, `theirs` those of `their_model` in `their_ms`,
    as the caller waited for them, for `micro_usd` millionths of a dollar by the price list. Of what is not
    comparable `reason` says why, and nothing was seen. `min_overlap` is what was asked when it was compared.
    """

    key: FrameKey
    width: int
    height: int
    compared_at: datetime
    state: ComparisonState = ComparisonState.COMPARED
    reason: str = ""
    ours: tuple[Detection, ...] = ()
    theirs: tuple[Detection, ...] = ()
    our_model: str = ""
    their_model: str = ""
    our_ms: float = 0.0
    their_ms: float = 0.0
    micro_usd: int = 0
    min_overlap: float = 0.5

    @property
    def matches(self) -> tuple[Match, ...]:
        """Everything that either engine saw, each thing once."""
        return match(self.ours, self.theirs, min_overlap=self.min_overlap)

    @property
    def disagrees(self) -> bool:
        """Tell whether anything was seen by one engine alone, or called differently."""
        return any(not each.agrees for each in self.matches)


def match(ours: Sequence[Detection], theirs: Sequence[Detection], *, min_overlap: float) -> tuple[Match, ...]:
    """Pair two engines' detections one to one, the largest overlap first.

    Detections of one label find each other first. What is left over pairs across labels: one thing that the
    engines call by different names. The rest was seen by one alone. An engine's second label for one thing, a
    car that is a truck too, counts as little as in visits.
    """
    left, right = list(range(len(ours))), list(range(len(theirs)))
    found: list[Match] = []

    def count(i: int | None, j: int | None, overlap: float = 0.0) -> None:
        mine, other = None if i is None else ours[i], None if j is None else theirs[j]
        left[:] = [k for k in left if k != i and not (mine and ours[k].doubles(mine))]
        right[:] = [k for k in right if k != j and not (other and theirs[k].doubles(other))]
        found.append(Match(mine, other, overlap))

    for same_label in (True, False):
        candidates = sorted(
            (
                (-ours[i].box.overlap(theirs[j].box), i, j)
                for i in left
                for j in right
                if not same_label or ours[i].label == theirs[j].label
            ),
        )
        for negative, i, j in candidates:
            if -negative >= min_overlap and i in left and j in right:
                count(i, j, -negative)
    for i in sorted(left, key=lambda i: -ours[i].confidence):
        if i in left:
            count(i, None)
    for j in sorted(right, key=lambda j: -theirs[j].confidence):
        if j in right:
            count(None, j)
    return tuple(found)


def review_key(key: FrameKey) -> str:
    """Return where the picture of a frame about which the engines disagree is kept."""
    return REVIEW_PREFIX + str(key).partition("/")[2]
