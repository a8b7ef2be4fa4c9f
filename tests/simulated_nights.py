"""Simulated nights under the lamps: who crosses, what cameras with motion gates send, what lamps do of it.

Frames come as a gate lets them through: some a second while somebody is there, one a minute else. They are
spoiled as a detector spoils them at night, stored and folded as the handlers do, and reach the lamps late.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.builders import seen
from tests.fake_lamps import FakeLampShadows
from tests.fakes import FakeReportStore
from vigie.domain.detections import Detection
from vigie.domain.frames import FrameKey
from vigie.domain.instants import minute_of
from vigie.domain.lighting import Lease, level_at
from vigie.domain.reports import FrameReport, Timings
from vigie.domain.series import MINUTE, Minute, VisitsChange, extend_minute
from vigie.domain.sites import Site
from vigie.steps.light import set_lights

LATE_S = 1.2  # from a picture to its message at `set_lights`
_MISSED, _WEAK = 0.15, 0.25  # of all looks, at night
# The gate's: it sends for so long after the last motion, and of what has come to stand, until it is absorbed.
_TAIL_S, _ABSORB_S = 5.0, 300.0


@dataclass(frozen=True)
class Crossing:
    """Somebody who crosses a camera's picture, from left to right; `parks` says that it then stays.

    They step onto the road after the share `off_road` of their way.
    """

    camera: str
    begin: datetime
    seconds: float
    label: str = "person"
    parks: bool = False
    off_road: float = 0.0

    @property
    def on_road_from(self) -> datetime:
        return self.begin + self.off_road * timedelta(seconds=self.seconds)

    @property
    def end(self) -> datetime:
        return self.begin + timedelta(seconds=self.seconds)

    @property
    def sent_until(self) -> datetime:
        return self.end + timedelta(seconds=_ABSORB_S if self.parks else _TAIL_S)

    def place(self, instant: datetime) -> float | None:
        along = (instant - self.begin).total_seconds() / self.seconds
        if along < 0 or (along > 1 and not self.parks):
            return None
        return 0.08 + 0.84 * min(along, 1.0)


@dataclass(frozen=True)
class Night:
    """What happens from `begin` to `end`; `dies` says when a camera sends its last."""

    begin: datetime
    end: datetime
    cameras: tuple[str, ...]
    crossings: tuple[Crossing, ...]
    dies: Mapping[str, datetime] = field(default_factory=dict)

    def frames(self, *, fps: float = 1.0, seed: int = 0) -> list[FrameReport]:
        """Return the reports of all cameras, in order of capture."""
        frames = [frame for camera in self.cameras for frame in self._of(camera, fps, random.Random(seed))]
        return sorted(frames, key=lambda report: report.key.captured_at)

    def _of(self, camera: str, fps: float, chance: random.Random) -> Iterator[FrameReport]:
        own = [crossing for crossing in self.crossings if crossing.camera == camera]
        last, step = self.begin - MINUTE, timedelta(seconds=1 / fps)
        for number in range(int((self.end - self.begin) / step)):
            instant = self.begin + number * step
            if instant >= self.dies.get(camera, self.end):
                return
            moves = any(c.begin <= instant <= c.sent_until for c in own)
            if moves or minute_of(instant) > minute_of(last):
                last = instant
                yield _report(camera, instant, tuple(_seen(own, instant, chance)), 1 / fps)


def _seen(own: Iterable[Crossing], instant: datetime, chance: random.Random) -> Iterator[Detection]:
    for crossing in own:
        x = crossing.place(instant)
        if x is not None and chance.random() >= _MISSED:
            confidence = chance.uniform(0.27, 0.48) if chance.random() < _WEAK else chance.uniform(0.52, 0.9)
            zones = ("road",) if instant >= crossing.on_road_from else ()
            yield seen(crossing.label, x=x + chance.gauss(0, 0.004), confidence=confidence, zones=zones)


def _report(
    camera: str, instant: datetime, detections: tuple[Detection, ...], interval_s: float
) -> FrameReport:
    return FrameReport(
        key=FrameKey(camera, instant),
        width=640,
        height=360,
        detections=detections,
        model="yolov8n@12345678",
        timings=Timings(1.5, 0.7, 37.25, 0.4),
        reported_at=instant + timedelta(seconds=1),
        interval_s=interval_s,
    )


def first_sure(crossing: Crossing, frames: Iterable[FrameReport], least: float = 0.5) -> datetime | None:
    """Return when the detector is first sure of who crosses; None when it never is."""
    for report in frames:
        instant = report.key.captured_at
        is_there = report.key.camera_id == crossing.camera and crossing.begin <= instant <= crossing.end
        if is_there and any(s.label == crossing.label and s.confidence >= least for s in report.detections):
            return instant
    return None


@dataclass
class Lived:
    """A night as it went: `switches` are a group's levels by when it took them on, the first one first."""

    switches: dict[str, list[tuple[datetime, int]]]
    writes: int
    store: FakeReportStore
    told: int

    def levels(self, group_id: str, begin: datetime, end: datetime) -> list[int]:
        """Return the level at an instant, and those that it changed to until another."""
        before = [level for at, level in self.switches[group_id] if at <= begin][-1:]
        return before + [level for at, level in self.switches[group_id] if begin < at <= end]


def live(
    night: Night, frames: Iterable[FrameReport], site: Site, *, tells: Callable[[bool], bool] = bool
) -> Lived:
    """Let frames come, each `LATE_S` after its capture, and drive the lamps second by second.

    `tells` makes of what the rule says whether `set_lights` is told of a frame.
    """
    store, shadows, known = FakeReportStore(), FakeLampShadows(), dict[str, Lease]()
    minutes: dict[str, Minute] = {}
    switches: dict[str, list[tuple[datetime, int]]] = {group.group_id: [] for group in site.lamp_groups}
    told = 0

    def drive(now: datetime) -> None:
        for group in site.lamp_groups:
            desired, _ = shadows.desired(group.group_id)
            lease = desired.lease if desired else Lease()
            level = level_at(group, lease, now, tz=site.tz, position=site.position).percent
            own = switches[group.group_id]
            if not own or own[-1][1] != level:
                own.append((now, level))

    second = timedelta(seconds=1)
    now = night.begin
    for report in frames:
        camera_id, instant = report.key.camera_id, report.key.captured_at
        arrives = instant + timedelta(seconds=LATE_S)
        while now < arrives:
            drive(now)
            now += second
        before = minutes.get(camera_id)
        minute = extend_minute(before, report, site.following(camera_id))
        same = before if before and before.begins_at == minute.begins_at else None
        store.put_minute(minute, replaces=same)
        minutes[camera_id] = minute
        change = VisitsChange((), instant, instant + timedelta(milliseconds=1))
        if tells(site.tells_lamps(minute, same, change)):
            told += 1
            set_lights(
                camera_id,
                change,
                site=site,
                minutes=store,
                shadows=shadows,
                known=known,
                clock=_fixed(arrives),
            )
        drive(arrives)
    while now < night.end:
        drive(now)
        now += second
    return Lived(switches, shadows.written, store, told)


def _fixed(instant: datetime) -> Callable[[], datetime]:
    return lambda: instant


def busy_night(
    begin: datetime, hours: float, *, seed: int, camera: str = "street", sparseness: float = 1.0
) -> tuple[Crossing, ...]:
    """Return crossings of walkers and cars: some an hour, fewer towards the morning."""
    chance, crossings = random.Random(seed), []
    instant = begin + timedelta(minutes=3)
    while instant < begin + timedelta(hours=hours):
        walks = chance.random() < 0.6
        seconds = chance.uniform(12, 40) if walks else chance.uniform(4, 9)
        crossings.append(Crossing(camera, instant, seconds, "person" if walks else "car"))
        late = (instant - begin) / timedelta(hours=hours)
        instant += timedelta(seconds=seconds + chance.expovariate(1 / (sparseness * (120 + 900 * late))))
    return tuple(crossings)
