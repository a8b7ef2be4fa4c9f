"""Synthetic people before a camera, with known truth: what a perfect associator would count.

A `Scene` is continuous: people walk through a picture of 640 x 360 pixels along lines, halt, turn back, stand
beside each other, leave at an edge and come again. `Scene.sample` looks at it at a pace and spoils what it
sees as a detector does. One scene at several paces has the same people at the same places.

The truth is counted from the spoiled detections by who made them: a run of one person's detections, none
further from the one before than a visit remembers, and begun by a confident one. Whoever is hidden or away
for longer is a new visit by the design's own definition, for the truth too.
"""

import math
import random
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.builders import report
from vigie.domain.detections import Box, Detection
from vigie.domain.following import Following, follow
from vigie.domain.reports import FrameReport
from vigie.domain.visits import Visit, VisitLimits

WIDTH, HEIGHT = 640, 360
PERSON = "person"

# Where feet can be, and how wide a person is there: the far side of a street or hall, and its near side.
_FAR, _NEAR = 150.0, 345.0
_NARROW, _BROAD = 25.0, 60.0
_TALL = 2.7  # heights in widths
_SLOWEST, _FASTEST = 40.0, 160.0  # pixels a second
# Half a metre of shoulders a width: 0.8 to 1.4 m/s. One in ten hurries.
_PACE = (1.6, 2.8)
_HURRY, _HURRIED = 0.1, 5.0

# What a detector does to what is there.
_MISSED = 0.05
_WEAK = 0.12
_NOISE = 0.03  # of a box's width and height, each corner
_LEAST_VISIBLE = 0.35  # of a person whom the picture's edge cuts
_HIDDEN, _HALF_HIDDEN = 0.6, 0.35  # of a person behind another one
_NMS = 0.5  # IoU of two boxes of which the farther one is dropped


@dataclass(frozen=True, slots=True)
class Spot:
    """Where somebody's feet are at a second, in pixels."""

    second: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Seen:
    """One sampled frame: `who[i]` made `detections[i]`, the most confident one first."""

    second: float
    detections: tuple[Detection, ...]
    who: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """Each person's stays; a stay is a line of spots, its first and last outside the picture."""

    seed: int
    seconds: float
    people: tuple[tuple[tuple[Spot, ...], ...], ...]

    def sample(self, rate: float) -> list[Seen]:
        """Look at the scene `rate` times a second, as a detector would."""
        spoil = random.Random(f"{self.seed} at {rate:g}")
        return [self._look(number / rate, spoil) for number in range(round(self.seconds * rate))]

    def _look(self, second: float, spoil: random.Random) -> Seen:
        places = [
            (spot.y, who, _shape(spot))
            for who, stays in enumerate(self.people)
            for spot in (_place(stays, second),)
            if spot is not None
        ]
        found: list[tuple[float, int, Box]] = []
        nearer: list[_Pixels] = []
        for _, who, shape in sorted(places, reverse=True):
            cut = _cut(shape)
            missed, confidence = spoil.random() < _MISSED, _confidence(spoil)
            noisy = [
                side + spoil.gauss(0, _NOISE) * size
                for side, size in zip(cut, (*_sides(cut), *_sides(cut)), strict=True)
            ]
            hidden = (
                max((_common(cut, other) / _area(cut) for other in nearer), default=0.0) if _area(cut) else 1
            )
            doubled = any(_iou(cut, other) > _NMS for other in nearer)
            nearer.append(cut)
            if missed or doubled or hidden > _HIDDEN or _area(cut) < _LEAST_VISIBLE * _area(shape):
                continue
            if hidden > _HALF_HIDDEN:
                confidence *= 0.75
            found.append((round(confidence, 3), who, _box(noisy)))
        found.sort(key=lambda one: (-one[0], one[1]))
        return Seen(
            second,
            tuple(Detection(PERSON, confidence, box) for confidence, _, box in found),
            tuple(who for _, who, _ in found),
        )


def scene(seed: int, people: int, seconds: float = 120.0, *, absence_s: float = 3.0) -> Scene:
    """Make a scene of so many people, each of whom comes, leaves, and comes again after `absence_s`."""
    draw = random.Random(f"{seed} with {people}")
    halts: list[tuple[float, float, float, float]] = []  # from, until, x, y
    walks = []
    for _ in range(people):
        stays, second = [], draw.uniform(-5, 8)
        while second < seconds:
            stay = _stay(draw, second, halts)
            stays.append(stay)
            second = stay[-1].second + draw.uniform(absence_s + 1.5, 12)
        walks.append(tuple(stays))
    return Scene(seed, seconds, tuple(walks))


def true_visits(frames: Sequence[Seen], limits: VisitLimits, *, interval_s: float) -> int:
    """Count the visits that a perfect associator would find in those frames."""
    memory_s = limits.memory_s(interval_s)
    last: dict[int, float] = {}
    count = 0
    for frame in frames:
        for who, detection in zip(frame.who, frame.detections, strict=True):
            goes_on = who in last and frame.second - last[who] <= memory_s + 1e-9
            if detection.confidence >= (limits.keep_confidence if goes_on else limits.begin_confidence):
                count += not goes_on
                last[who] = frame.second
    return count


def found_visits(found: Iterable[FrameReport], limits: VisitLimits) -> int:
    """Count the visits that the system's own fold makes of one camera's reports, in order of capture."""
    visits: tuple[Visit, ...] = ()
    ids: set[str] = set()
    for each in found:
        followed = follow(visits, each, Following(limits))
        visits = followed.open
        ids.update(owner.visit_id for owner in followed.owners if owner)
    return len(ids)


def reports(frames: Sequence[Seen], camera: str, *, interval_s: float) -> list[FrameReport]:
    """Return the frame reports of sampled frames, the first one taken at noon."""
    return [report(frame.second, *frame.detections, camera=camera, interval_s=interval_s) for frame in frames]


def three_cameras(seed: int, frames: int = 2000) -> list[FrameReport]:
    """Return so many reports of three cameras at 1 frame a second, with three people before each."""
    found = []
    for number, camera in enumerate(("door", "hall", "street")):
        share = frames // 3 + (number < frames % 3)
        seen = scene(3 * seed + number, people=3, seconds=share).sample(1)
        found += reports(seen, camera, interval_s=1)
    return found


def _stay(
    draw: random.Random, begin: float, halts: list[tuple[float, float, float, float]]
) -> tuple[Spot, ...]:
    """Draw one stay: across the picture, across with a halt, in and back out, or to where another stands."""
    kind = draw.choices(("cross", "halt", "turn", "meet"), weights=(50, 20, 15, 15))[0]
    y = draw.uniform(_FAR, _NEAR)
    entry, way_out = draw.sample((-1, 1), 2)
    x, out_y = draw.uniform(0.2, 0.8) * WIDTH, min(max(y + draw.gauss(0, 30), _FAR), _NEAR)
    speed = _width(y) * draw.uniform(*_PACE)
    if draw.random() < _HURRY:
        speed = _width(y) * draw.uniform(_PACE[1], _HURRIED)
    speed = min(max(speed, _SLOWEST), _FASTEST)
    halt_s = draw.uniform(2, 15) if kind in ("halt", "meet") else draw.uniform(0, 3) if kind == "turn" else 0
    halt_y = (y + out_y) / 2
    others = [halt for halt in halts if halt[1] > begin + 3 and halt[0] < begin + 10]
    if kind == "meet" and others:
        _, _, x, halt_y = draw.choice(others)
        x += draw.choice((-1, 1)) * 1.1 * _width(halt_y)
    if kind == "turn":
        way_out = entry
    spots = [Spot(begin, _outside(entry, y), y)]
    if kind == "cross":
        spots.append(_walk(spots[-1], _outside(way_out, out_y), out_y, speed))
        return tuple(spots)
    spots.append(_walk(spots[-1], x, halt_y, speed))
    spots.append(Spot(spots[-1].second + halt_s, x, halt_y))
    halts.append((spots[-2].second, spots[-1].second, x, halt_y))
    spots.append(_walk(spots[-1], _outside(way_out, out_y), out_y, speed))
    return tuple(spots)


def _walk(start: Spot, x: float, y: float, speed: float) -> Spot:
    return Spot(start.second + math.hypot(x - start.x, y - start.y) / speed, x, y)


def _outside(side: int, y: float) -> float:
    return -_width(y) / 2 if side < 0 else WIDTH + _width(y) / 2


def _width(y: float) -> float:
    return _NARROW + (_BROAD - _NARROW) * (y - _FAR) / (_NEAR - _FAR)


def _place(stays: tuple[tuple[Spot, ...], ...], second: float) -> Spot | None:
    """Return where somebody is, if in the picture at all."""
    for spots in stays:
        if spots[0].second <= second < spots[-1].second:
            at = bisect_right([spot.second for spot in spots], second)
            a, b = spots[at - 1], spots[at]
            along = (second - a.second) / (b.second - a.second)
            return Spot(second, a.x + (b.x - a.x) * along, a.y + (b.y - a.y) * along)
    return None


_Pixels = tuple[float, float, float, float]


def _shape(spot: Spot) -> _Pixels:
    width = _width(spot.y)
    return spot.x - width / 2, spot.y - width * _TALL, spot.x + width / 2, spot.y


def _cut(shape: _Pixels) -> _Pixels:
    x1, y1, x2, y2 = shape
    return min(max(x1, 0.0), WIDTH), max(y1, 0.0), min(max(x2, 0.0), WIDTH), min(y2, HEIGHT)


def _sides(shape: _Pixels) -> tuple[float, float]:
    return shape[2] - shape[0], shape[3] - shape[1]


def _area(shape: _Pixels) -> float:
    width, height = _sides(shape)
    return width * height


def _common(a: _Pixels, b: _Pixels) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(width, 0.0) * max(height, 0.0)


def _iou(a: _Pixels, b: _Pixels) -> float:
    common = _common(a, b)
    return common / (_area(a) + _area(b) - common) if common else 0.0


def _confidence(spoil: random.Random) -> float:
    return spoil.uniform(0.26, 0.5) if spoil.random() < _WEAK else spoil.uniform(0.55, 0.95)


def _box(noisy: Sequence[float]) -> Box:
    x1, y1, x2, y2 = noisy
    return Box.from_pixels(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2), WIDTH, HEIGHT)
