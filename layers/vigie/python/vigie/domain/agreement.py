"""What many comparisons say together: agreement by label, camera and hour, confusion, time and money."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from statistics import quantiles
from typing import TypeVar

from vigie.domain.comparison import (
    LABELS_THERE,
    ComparisonState,
    FrameComparison,
    Match,
    is_recorded,
)

K = TypeVar("K", bound=Hashable)

LABELS = tuple(dict.fromkeys(LABELS_THERE.values()))
# In the place of a label where one engine saw nothing.
NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Tally:
    """How many things both engines saw and call the same, and how many only one of them did."""

    both: int = 0
    only_ours: int = 0
    only_theirs: int = 0

    @property
    def things(self) -> int:
        """All that were seen."""
        return self.both + self.only_ours + self.only_theirs

    @property
    def agreement(self) -> float | None:
        """The share of all that both saw (Jaccard's index); None of nothing."""
        return self.both / self.things if self.things else None


@dataclass(frozen=True, slots=True)
class EngineFigures:
    """What one engine took for the frames: milliseconds at the median and the 95th percentile, and dollars.

    `usd` is for a thousand frames.
    """

    name: str
    p50_ms: float
    p95_ms: float
    usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """All comparisons of a span, summed up.

    A thing that the engines call differently is a miss for each label in the tallies, and stands in
    `confusion` under (our label, their label); what one saw alone stands there with `NOTHING`. `hours` are
    those of the site's clock.
    """

    frames: int
    not_comparable: int
    labels: dict[str, Tally]
    cameras: dict[str, Tally]
    hours: dict[int, Tally]
    confusion: dict[tuple[str, str], int]
    engines: tuple[EngineFigures, ...]
    micro_usd: int
    recorded: bool

    @property
    def together(self) -> Tally:
        """All cameras' things."""
        tallies = self.cameras.values()
        return Tally(
            sum(tally.both for tally in tallies),
            sum(tally.only_ours for tally in tallies),
            sum(tally.only_theirs for tally in tallies),
        )


def sum_up(comparisons: Sequence[FrameComparison], tz: tzinfo, *, our_usd_a_second: float) -> Agreement:
    """Sum up what was compared; a second of our own engine costs `our_usd_a_second` dollars."""
    compared = [each for each in comparisons if each.state is ComparisonState.COMPARED]
    matches = [(each, found) for each in compared for found in each.matches]
    sides = [(label, each, found) for each, found in matches for label in _labels(found)]
    ours, theirs = [each.our_ms for each in compared], [each.their_ms for each in compared]
    spent = sum(each.micro_usd for each in compared)
    engines: tuple[EngineFigures, ...] = ()
    if compared:
        our_usd = sum(ours) / len(ours) * our_usd_a_second
        engines = (
            EngineFigures("YOLO", *_percentiles(ours), usd=our_usd),
            EngineFigures("Rekognition", *_percentiles(theirs), usd=spent / len(compared) / 1000),
        )
    return Agreement(
        frames=len(compared),
        not_comparable=sum(each.state is ComparisonState.NOT_COMPARABLE for each in comparisons),
        labels=_tallies((label, found, label) for label, _, found in sides),
        cameras=_tallies((each.key.camera_id, found, label) for label, each, found in sides),
        hours=_tallies(
            (each.key.captured_at.astimezone(tz).hour, found, label) for label, each, found in sides
        ),
        confusion=dict(
            Counter(
                (found.ours.label if found.ours else NOTHING, found.theirs.label if found.theirs else NOTHING)
                for _, found in matches
            )
        ),
        engines=engines,
        micro_usd=spent,
        recorded=any(is_recorded(each.their_model) for each in compared),
    )


def _labels(found: Match) -> tuple[str, ...]:
    """Return the labels for which a match counts: of one thing with two names both."""
    seen = (each.label for each in (found.ours, found.theirs) if each is not None)
    return tuple(dict.fromkeys(seen))


def _tallies(entries: Iterable[tuple[K, Match, str]]) -> dict[K, Tally]:
    counts: dict[K, Counter[str]] = {}
    for key, found, label in entries:
        ours = found.ours is not None and found.ours.label == label
        theirs = found.theirs is not None and found.theirs.label == label
        side = "both" if ours and theirs else "only_ours" if ours else "only_theirs"
        counts.setdefault(key, Counter())[side] += 1
    return {
        key: Tally(count["both"], count["only_ours"], count["only_theirs"]) for key, count in counts.items()
    }


def _percentiles(values: Sequence[float]) -> tuple[float, float]:
    cuts = quantiles(values, n=100, method="inclusive") if len(values) > 1 else list(values) * 99
    return cuts[49], cuts[94]
