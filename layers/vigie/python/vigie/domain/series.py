"""Time series: a camera's minutes, and the points of its curve.

A `Minute` sums up what a camera saw in one minute of capture time, and holds the visits that are open at
its end. So the minutes of a camera form a chain: each follows from the one before and its own reports, and
says upon which state of its predecessor it was folded. A late frame needs its own minute, and those whose
predecessor changed, to be folded anew; a link that a crash has left broken is seen as such.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from vigie.domain.cameras import Camera
from vigie.domain.detections import PERSON, VEHICLES, Detection
from vigie.domain.following import Following, follow
from vigie.domain.instants import MILLISECOND, minute_of
from vigie.domain.reports import FrameReport
from vigie.domain.usage import NO_USAGE, Usage
from vigie.domain.visits import LONGEST_MEMORY_S, Visit

MINUTE = timedelta(minutes=1)
# No minute reaches further: the longest memory of a visit, and the minute's own length.
NEIGHBOURHOOD = timedelta(seconds=LONGEST_MEMORY_S) + MINUTE


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute of one camera: it exists only when frames came, and so it is the coverage too.

    `people` and `vehicles` are the most that visits owned in one frame. `open` are the visits open after
    the frame of `folded_until`, `ended` those that were seen in this minute and ended in it. `follows` is the
    `state` of the minute before it upon which it was folded. `usage` sums up that of its reports.
    """

    camera_id: str
    begins_at: datetime
    frames: int
    people: int
    vehicles: int
    follows: str
    open: tuple[Visit, ...]
    ended: tuple[Visit, ...]
    folded_until: datetime
    usage: Usage = field(default=NO_USAGE, repr=False)

    @property
    def visits(self) -> tuple[Visit, ...]:
        """The visits that were seen in this minute, in order of their beginning."""
        seen = (v for v in (*self.ended, *self.open) if v.last_seen_at >= self.begins_at)
        return tuple(sorted(seen, key=_by_beginning))

    @property
    def state(self) -> str:
        """A fingerprint of what the next minute takes over."""
        return state_of(self.open)

    def begun_at(self, instant: datetime) -> tuple[Visit, ...]:
        """Return the visits that began with the frame of that instant."""
        return tuple(visit for visit in self.visits if visit.started_at == instant)

    def asked_at(self, instant: datetime) -> bool:
        """Tell whether the frame of that instant made a rule ask for an alert."""
        return any(s.asked_at == instant for visit in self.visits for s in visit.standings)

    def prolongs_what_asked(self, instant: datetime) -> bool:
        """Tell whether the frame of that instant shows a visit again that made a rule ask before."""
        return any(
            visit.last_seen_at == instant and standing.asked_at is not None
            for visit in self.visits
            for standing in visit.standings
        )


def state_of(open_visits: Sequence[Visit]) -> str:
    """Return a fingerprint of visits that are open; empty when none is."""
    if not open_visits:
        return ""
    return hashlib.blake2s(repr(tuple(open_visits)).encode(), digest_size=6).hexdigest()


def extend_minute(before: Minute | None, report: FrameReport, following: Following) -> Minute:
    """Return the minute of the report after it: `before` is its minute until now, or the last one before it.

    The report must be later than everything in `before`.
    """
    begins_at = minute_of(report.key.captured_at)
    open_visits = before.open if before else ()
    followed = follow(open_visits, report, following)
    people, vehicles = count_by_kind(followed.owners)
    if before is None or before.begins_at != begins_at:
        before = Minute(
            camera_id=report.key.camera_id,
            begins_at=begins_at,
            frames=0,
            people=0,
            vehicles=0,
            follows=state_of(open_visits),
            open=(),
            ended=(),
            folded_until=report.key.captured_at,
        )
    ended = (visit for visit in followed.ended if visit.last_seen_at >= begins_at)
    return replace(
        before,
        frames=before.frames + 1,
        people=max(before.people, people),
        vehicles=max(before.vehicles, vehicles),
        open=followed.open,
        ended=(*before.ended, *ended),
        folded_until=report.key.captured_at,
        usage=before.usage + report.usage if report.usage else before.usage,
    )


def fold_minute(
    earlier: Minute | None, reports: Sequence[FrameReport], following: Following
) -> Minute | None:
    """Sum up the reports of one minute after the minute before them; None when there are no reports."""
    minute = earlier
    for report in sorted(reports, key=lambda report: report.key):
        minute = extend_minute(minute, report, following)
    return minute if reports else None


def visits_of(minutes: Iterable[Minute]) -> tuple[Visit, ...]:
    """Return every visit of those minutes once, as its last minute knows it, in order of beginning."""
    latest: dict[tuple[str, datetime, int, str], Visit] = {}
    for minute in sorted(minutes, key=lambda minute: minute.begins_at):
        latest |= {(visit.camera_id, *visit.order, visit.label): visit for visit in minute.visits}
    return tuple(sorted(latest.values(), key=_by_beginning))


@dataclass(frozen=True, slots=True)
class VisitsChange:
    """What one frame may have changed of its camera's visits.

    `begun` are those that begin in the frame itself, as it shows them; `asks` says whether it makes a rule
    ask for an alert, or may decide what is news before other cameras of the place. `nearer` are people, as
    they began, whose face the frame shows better and was kept to be searched for. Between the capture times
    `begin` and `end` (half open) visits may have begun, moved or vanished: for the newest frame of a camera
    that is its own millisecond, for one that came late or again the time that follows it.
    """

    begun: tuple[Visit, ...]
    begin: datetime
    end: datetime
    asks: bool = False
    nearer: tuple[Visit, ...] = ()

    @property
    def is_late(self) -> bool:
        """Tell whether the frame came after later ones."""
        return self.end - self.begin > MILLISECOND

    @property
    def is_news(self) -> bool:
        """Tell whether visits, their names, or what rules ask may be others than before the frame."""
        return bool(self.begun or self.nearer) or self.asks or self.is_late


@dataclass(frozen=True, slots=True)
class CountPoint:
    """How many people and vehicles visits owned in one frame."""

    at: datetime
    people: int
    vehicles: int


@dataclass(frozen=True, slots=True)
class OwnedDetection:
    """A detection as an export lists it: with its frame's report and the visit that owns it, if any."""

    report: FrameReport
    detection: Detection
    visit: Visit | None


@dataclass(frozen=True, slots=True)
class CameraDay:
    """What one camera saw between two instants, in order of time: what charts and exports draw from.

    `begins_at` and `ends_at` are the bounds asked for (a local day has 23 to 25 hours); `points` may be
    empty for a long span, whose curve the minutes give. `quarantined` counts frames that could not be read,
    `over_budget` are the beginnings of minutes that had frames which the day's cap did not cover.
    """

    camera: Camera
    begins_at: datetime
    ends_at: datetime
    minutes: tuple[Minute, ...]
    points: tuple[CountPoint, ...]
    detections: tuple[OwnedDetection, ...]
    quarantined: int = 0
    over_budget: frozenset[datetime] = frozenset()

    @property
    def visits(self) -> tuple[Visit, ...]:
        """The visits that were present, each as its last minute knows it."""
        return visits_of(self.minutes)


def camera_day(
    camera: Camera,
    begins_at: datetime,
    ends_at: datetime,
    *,
    minutes: Sequence[Minute],
    reports: Sequence[FrameReport],
    earlier: Minute | None,
    quarantined: int,
    following: Following,
    over_budget: Iterable[datetime] = (),
) -> CameraDay:
    """Put a camera's day together; folds its reports once more, to name each detection's visit."""
    points, detections = [], []
    open_visits = earlier.open if earlier else ()
    for report in sorted(reports, key=lambda report: report.key):
        followed = follow(open_visits, report, following)
        open_visits = followed.open
        points.append(CountPoint(report.key.captured_at, *count_by_kind(followed.owners)))
        detections += [
            OwnedDetection(report, detection, owner)
            for detection, owner in zip(report.detections, followed.owners, strict=True)
        ]
    ordered = tuple(sorted(minutes, key=lambda minute: minute.begins_at))
    return CameraDay(
        camera,
        begins_at,
        ends_at,
        ordered,
        tuple(points),
        tuple(detections),
        quarantined,
        frozenset(over_budget),
    )


def count_by_kind(owners: Iterable[Visit | None]) -> tuple[int, int]:
    """Count the people and the vehicles among the owners of one frame's detections, or among any visits."""
    labels = [owner.label for owner in owners if owner is not None]
    return labels.count(PERSON), sum(label in VEHICLES for label in labels)


def _by_beginning(visit: Visit) -> tuple[datetime, str]:
    return visit.started_at, visit.visit_id
