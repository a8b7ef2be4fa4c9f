"""Association: which of a frame's detections go on with which of the visits that are open.

A detection and a visit are paired when that is easier to believe than the alternative, that the one person
is gone and another one has come. All of it is counted in one currency, minus the logarithm of a likelihood
(nats; Reid, An algorithm for tracking multiple targets, IEEE Trans. Automatic Control 24, 1979):

- A pair costs what its movement and its change of size are worth (`_movement`, `_resizing`). A thing
  goes on as it went, or stands still, or does something else: a mixture of a narrow bell around each of the
  first two and a broad one. Distances are in diagonals of the larger box, times are capture times.
- A pair spares a beginning and an end (`_beginning`, `_end`). In the middle of the picture both are hard to
  believe, so that whoever was hidden, halted or turned keeps the visit. Near an edge people do come, and who
  walks out over an edge does go: the one who comes in is not taken for the one who left.

Among all ways to pair, the one that spares most in sum is taken: a weighted bipartite matching, each
detection and each visit at most once. A weak detection begins nothing and so spares little.

The constants were found on `tests/tracks.py` and on the clip of six people together, and rounded;
docs/decisions/0014-association.md says what was tried, and tests/benchmarks/bench_visits.py shows what they
come to.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from vigie.domain.detections import Box

# Widths of the bells, in diagonals: how well a place is known, and how far walking on strays from it for each
# diagonal walked; how far a thing gets that does neither, at once and for each second; and how far one of
# which nobody knows yet where it goes gets in a second.
_STEADY, _STEADY_PER_PATH = 0.08, 0.15
_ODD, _ODD_PER_S, _UNKNOWN_PER_S = 0.1, 0.4, 0.7
# Of those who walk, one in ten halts in a second and one in ten does something else; no more so after three
# seconds. Who was seen once most likely goes somewhere.
_HALTS_PER_S, _ELSE_PER_S, _SETTLED_S = 0.1, 0.1, 3.0
_STANDS, _GOES = 0.05, 0.95
# Heights are measured to 6 %, and change by 4 % a second. A door, the picture's edge or a crouch can change
# them at once, so that no change costs more than 3: one in twenty.
_RESIZED, _RESIZED_PER_S, _ANY_SIZE = 0.06, 0.04, 3.0
# What it takes to believe that somebody appears in the middle of the picture, and near an edge: as far from
# it as one walks between two frames, one diagonal a second. A weak detection may be nothing at all.
_APPEARS, _COMES, _COMES_PER_S, _IS_NOTHING = 6.0, 2.0, 1.0, 1.0
# What it takes to believe that one vanishes (a detector misses one in twenty: 3), and that one who walked
# over the edge, but for a tenth of a diagonal, is gone. Had he turned he would be seen: each second of
# absence makes it easier by 3.
_VANISHES, _GOES_OUT, _OVER, _GONE_PER_S = 3.0, 0.3, 0.1, 3.0
# The velocity of the last half second or so; two frames closer than this say little about it.
_MEMORY_S, _SHORTEST_S = 0.5, 0.1
# A side this close to the picture's is cut by it: YOLO's boxes end a pixel or two before it.
_CUT = 0.006
# Beyond so many widths of the broad bell no gain is left, which most pairs of a crowd are.
_REACH = 5.5
_LEAST = 1e-30  # keeps a logarithm finite where all bells are nothing
# Gains are compared in whole thousandths, so that no rounding of floats decides.
_UNIT = 1000

Velocity = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Track:
    """A visit before the frame: its last box, the seconds since, and where it was going.

    `velocity` is in widths and heights of the picture a second; None while it has been seen once.
    """

    label: str
    box: Box
    absent_s: float
    velocity: Velocity | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """A detection of the frame; `begins` tells whether it is confident enough to begin a visit."""

    label: str
    box: Box
    begins: bool = True


def assign(
    tracks: Sequence[Track], sights: Sequence[Sight], *, aspect: float, interval_s: float | None = None
) -> dict[int, int]:
    """Return the index of the track for the index of each sight that goes on with one.

    Only equal labels are paired. `aspect` is the picture's width over its height. `interval_s` is the pace of
    sampling; without it, the time since any track was seen stands for it. The order of the arguments decides
    nothing but which of two that are alike in everything is which.
    """
    if not tracks or not sights:
        return {}
    pace_s = min(track.absent_s for track in tracks)
    pace_s = pace_s if interval_s is None else min(pace_s, interval_s)
    rows = sorted(range(len(sights)), key=lambda i: (_corners(sights[i].box), sights[i].begins))
    columns = sorted(
        range(len(tracks)),
        key=lambda j: (_corners(tracks[j].box), tracks[j].absent_s, tracks[j].velocity or ()),
    )
    beginnings = [_beginning(sight, aspect, pace_s) for sight in sights]
    ends = [_end(track, aspect, pace_s) for track in tracks]
    sizes = [track.box.diagonal(aspect) for track in tracks]
    gains = []
    for i in rows:
        row = {}
        size = sights[i].box.diagonal(aspect)
        for place, j in enumerate(columns):
            spared = beginnings[i] + ends[j]
            gain = _gain(tracks[j], sights[i], size=max(size, sizes[j]), aspect=aspect, spared=spared)
            if gain > 0:
                row[place] = gain
        gains.append(row)
    return {rows[i]: columns[j] for i, j in _heaviest(gains).items()}


def velocity_after(track: Track, box: Box) -> Velocity:
    """Return the velocity of a track that was seen again in that box."""
    seconds = max(track.absent_s, _SHORTEST_S)
    dx, dy = _shift(track.box, box)
    x, y = dx / seconds, dy / seconds
    if track.velocity is not None:
        old = math.exp(-seconds / _MEMORY_S)
        x, y = x + old * (track.velocity[0] - x), y + old * (track.velocity[1] - y)
    # As many digits as boxes have: what is stored reads back as the same number.
    return round(x, 4), round(y, 4)


def _gain(track: Track, sight: Sight, *, size: float, aspect: float, spared: float) -> int:
    """Return what is gained by the pair over an end and a beginning, in thousandths; 0 if nothing."""
    if track.label != sight.label or size == 0:
        return 0
    dx, dy = _shift(track.box, sight.box)
    dx, dy = dx * aspect / size, dy / size
    vx, vy = track.velocity or (0.0, 0.0)
    vx, vy = vx * aspect * track.absent_s / size, vy * track.absent_s / size
    broad = _ODD + (_ODD_PER_S if track.velocity else _UNKNOWN_PER_S) * track.absent_s
    if abs(dx - vx / 2) > _REACH * broad + abs(vx) or abs(dy - vy / 2) > _REACH * broad + abs(vy):
        return 0
    cost = _movement(dx, dy, vx, vy, track, broad) + _resizing(track, sight.box)
    return max(round(_UNIT * (spared - cost)), 0)


def _movement(dx: float, dy: float, vx: float, vy: float, track: Track, broad: float) -> float:
    """Return the cost of having moved by (dx, dy), when going on would be (vx, vy), all in diagonals."""
    stands = _bell(dx, dy, _STEADY)
    if track.velocity is None:
        goes = _bell(dx, dy, broad)
        return -math.log(_STANDS * stands + _GOES * goes + _LEAST)
    seconds = min(track.absent_s, _SETTLED_S)
    halts, strays = _HALTS_PER_S * seconds, _ELSE_PER_S * seconds
    walks = _bell(dx - vx, dy - vy, _STEADY + _STEADY_PER_PATH * math.hypot(vx, vy))
    odd = _bell(dx - vx / 2, dy - vy / 2, broad)
    return -math.log((1 - halts - strays) * walks + halts * stands + strays * odd + _LEAST)


def _bell(dx: float, dy: float, width: float) -> float:
    return math.exp(-(dx * dx + dy * dy) / (2 * width * width)) / (width * width)


def _resizing(track: Track, box: Box) -> float:
    """Return the cost of the change of height: the one size that the left and right edges leave as it is."""
    before, after = track.box.y2 - track.box.y1, box.y2 - box.y1
    if not before or not after:
        return _ANY_SIZE
    change = math.log(after / before) / (_RESIZED + _RESIZED_PER_S * track.absent_s)
    return min(change * change / 2, _ANY_SIZE)


def _beginning(sight: Sight, aspect: float, pace_s: float) -> float:
    """Return what it takes to believe that somebody new is there.

    Over the upper and lower edge people come slowly for their size, and are cut by it as they do.
    """
    if not sight.begins:
        return _IS_NOTHING
    box = sight.box
    if _is_cut_across(box):
        return _COMES
    near = box.diagonal(aspect) * (0.1 + _COMES_PER_S * pace_s)
    away = max(min(box.x1, 1 - box.x2) * aspect / near, 1.0) if near else 2.0
    return _COMES + (_APPEARS - _COMES) * min(away - 1, 1.0)


def _end(track: Track, aspect: float, pace_s: float) -> float:
    """Return what it takes to believe that the one who was there is not any more."""
    if track.velocity is None:
        return _VANISHES
    ahead = track.velocity[0] * track.absent_s
    inside = min(track.box.x1 + ahead, 1 - track.box.x2 - ahead) * aspect
    if inside >= _OVER * track.box.diagonal(aspect):
        return _VANISHES
    return _GOES_OUT - _GONE_PER_S * max(track.absent_s - pace_s, 0.0)


def _shift(a: Box, b: Box) -> tuple[float, float]:
    """Return the way from one box to the other, by the sides that the picture does not cut."""
    return _along(a.x1, a.x2, b.x1, b.x2), _along(a.y1, a.y2, b.y1, b.y2)


def _along(a1: float, a2: float, b1: float, b2: float) -> float:
    low, high = min(a1, b1) <= _CUT, max(a2, b2) >= 1 - _CUT
    if low and not high:
        return b2 - a2
    if high and not low:
        return b1 - a1
    return (b1 + b2 - a1 - a2) / 2


def _is_cut_across(box: Box) -> bool:
    return box.y1 <= _CUT or box.y2 >= 1 - _CUT


def _corners(box: Box) -> tuple[float, float, float, float]:
    return box.x1, box.y1, box.x2, box.y2


def _heaviest(gains: Sequence[dict[int, int]]) -> dict[int, int]:
    """Return the pairs (row, column) of the greatest sum, each row and column at most once.

    The rows' own dictionaries hold the gains above 0; what they lack gains nothing. The Hungarian method with
    potentials, by shortest augmenting paths (Jonker and Volgenant, Computing 38, 1987), in whole numbers.
    """
    used = sorted({column for row in gains for column in row})
    # A row may go without: it then has a column of its own that gains nothing.
    width = len(used) + len(gains)
    costs = [[-row.get(column, 0) for column in used] + [0] * len(gains) for row in gains]
    rows, columns = [0] * (len(gains) + 1), [0] * (width + 1)
    owner = [0] * (width + 1)  # of each column, counted from 1; 0 is nobody
    for row in range(1, len(gains) + 1):
        owner[0], column = row, 0
        least: list[float] = [math.inf] * (width + 1)
        came_by, done = [0] * (width + 1), [False] * (width + 1)
        while owner[column]:
            done[column] = True
            line, potential = costs[owner[column] - 1], rows[owner[column]]
            step: float = math.inf
            following = 0
            for other in range(1, width + 1):
                if done[other]:
                    continue
                reduced = line[other - 1] - potential - columns[other]
                if reduced < least[other]:
                    least[other], came_by[other] = reduced, column
                if least[other] < step:
                    step, following = least[other], other
            for other in range(width + 1):
                if done[other]:
                    rows[owner[other]] += int(step)
                    columns[other] -= int(step)
                else:
                    least[other] -= step
            column = following
        while column:
            owner[column] = owner[came_by[column]]
            column = came_by[column]
    found = ((owner[place + 1] - 1, column) for place, column in enumerate(used) if owner[place + 1])
    return {row: column for row, column in found if column in gains[row]}
