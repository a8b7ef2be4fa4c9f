"""Following: which detections of successive frames are one visit, and which rules it makes ask.

The rule is a left fold over a camera's frames in order of capture: `follow` takes the visits that are
open and the next frame's report, and says who owns each detection and which visits began. Association
(`association.py`) is by label, by capture time and by place, and never counts frames, so it gives the same
visits at 0.2 and at 10 frames a second. Two thresholds keep it steady, as in ByteTrack (Zhang et al., ECCV
2022): a visit begins with a confident detection only, and goes on with a weak one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from vigie.domain.asking import ask
from vigie.domain.association import Sight, assign
from vigie.domain.detections import kind_of
from vigie.domain.reports import FrameReport
from vigie.domain.rules import CameraRules
from vigie.domain.visits import Visit, VisitLimits, begin_visit

# What was away for longer than others may be must be where it was.
_SAME_PLACE = 0.5


@dataclass(frozen=True, slots=True)
class Following:
    """How a camera's frames are followed: the limits of visits, and its rules.

    `is_shared` says that other cameras show the same place, so that how long a visit goes on decides what is
    news before those.
    """

    limits: VisitLimits = field(default_factory=VisitLimits)
    camera: CameraRules = field(default_factory=CameraRules)
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class Followed:
    """What one frame did: the visits now open, those that just ended, and each detection's owner.

    `owners` runs parallel to the report's detections; None marks one too weak to begin a visit, or a second
    label for a thing that has one already.
    """

    open: tuple[Visit, ...]
    ended: tuple[Visit, ...]
    owners: tuple[Visit | None, ...]


def follow(open_visits: tuple[Visit, ...], report: FrameReport, following: Following) -> Followed:
    """Carry the open visits over one more frame, which must be later than all that they have seen."""
    limits, instant = following.limits, report.key.captured_at
    alive = [visit for visit in open_visits if instant <= visit.open_until]
    ended = tuple(visit for visit in open_visits if instant > visit.open_until)
    doubles = _doubles(report)
    owned = _match(alive, report, doubles, following)
    memory_s = limits.memory_s(report.interval_s)
    seen: dict[int, Visit] = {}
    for index, detection in enumerate(report.detections):
        owner = owned.get(index)
        if owner is not None:
            seen[index] = owner.seen_again(detection, report.key, limits, report.interval_s)
        elif detection.confidence >= limits.begin_confidence and index not in doubles:
            seen[index] = begin_visit(detection, report.key, index + 1, memory_s=memory_s)
    taken = {visit.order for visit in owned.values()}
    waiting = [visit for visit in alive if visit.order not in taken]
    asked = ask(
        [(visit, report.detections[index]) for index, visit in seen.items()],
        waiting,
        instant,
        camera=following.camera,
        memory_s=memory_s,
    )
    owners = dict(zip(seen, asked, strict=True))
    return Followed(
        open=tuple(sorted((*waiting, *asked), key=lambda visit: visit.order)),
        ended=ended,
        owners=tuple(owners.get(index) for index in range(len(report.detections))),
    )


def _doubles(report: FrameReport) -> set[int]:
    """Return the detections that are another label for what a more confident one shows."""
    found: set[int] = set()
    for index, detection in enumerate(report.detections):
        for earlier, other in enumerate(report.detections[:index]):
            if earlier not in found and detection.doubles(other):
                found.add(index)
    return found


def _match(
    visits: Sequence[Visit], report: FrameReport, doubles: set[int], following: Following
) -> dict[int, Visit]:
    """Pair detections with visits: first those just seen, then what has stood still and was out of sight."""
    limits, instant = following.limits, report.key.captured_at
    indices = [
        index
        for index, one in enumerate(report.detections)
        if one.confidence >= limits.keep_confidence and index not in doubles
    ]
    sights = [
        Sight(kind_of(one.label), one.box, begins=one.confidence >= limits.begin_confidence)
        for one in (report.detections[index] for index in indices)
    ]
    memory_s = limits.memory_s(report.interval_s)
    tracks = [visit.track_at(instant) for visit in visits]
    recent = [place for place, track in enumerate(tracks) if track.absent_s <= memory_s]
    pairs = assign(
        [tracks[place] for place in recent],
        sights,
        aspect=report.width / report.height,
        interval_s=report.interval_s,
    )
    owned = {indices[sight]: visits[recent[track]] for sight, track in pairs.items()}
    left = [index for index in indices if index not in owned]
    hidden = [visits[place] for place in range(len(visits)) if place not in set(recent)]
    return owned | _same_places(hidden, report, left)


def _same_places(hidden: Sequence[Visit], report: FrameReport, indices: Sequence[int]) -> dict[int, Visit]:
    """Pair detections with visits that were away for longer than others may be: at their places alone."""
    pairs = []
    for index in indices:
        detection = report.detections[index]
        for visit in hidden:
            overlap = visit.anchor.overlap(detection.box)
            if kind_of(visit.label) == kind_of(detection.label) and overlap >= _SAME_PLACE:
                pairs.append((-overlap, index, visit.order, visit))
    owned: dict[int, Visit] = {}
    for _, index, _, visit in sorted(pairs, key=lambda pair: pair[:3]):
        if index not in owned and visit not in owned.values():
            owned[index] = visit
    return owned
