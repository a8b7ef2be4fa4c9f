"""A sheet: a title, a key, and rows that share one time axis, laid out in inches.

Automatic layouts move with the text in them and cost more than the drawing, hence by hand.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation

from vigie.charts.clock import ticks, zone_words
from vigie.charts.stretches import Span
from vigie.charts.style import (
    COST_COLOURS,
    COVERED,
    ENERGY_SAVED,
    ENERGY_TIMER,
    ENERGY_USED,
    HOLE,
    HOLE_HATCH,
    LIT,
    LIT_IDLE,
    LIT_SAFE,
    OVER,
    OVER_HATCH,
    PEOPLE,
    VEHICLES,
)
from vigie.domain.instants import seconds_between

_WIDTH_IN = 8.6
_RIGHT_IN = 0.38
_PAD = 0.015
_LEAST_PAD = timedelta(milliseconds=500)
# What a time with its offset below takes of the axis.
_LABEL_ROOM_IN = 0.48

# What a key may name, and how each is painted.
PEOPLE_WORD, VEHICLES_WORD = "people", "vehicles"
HOLE_WORD, COVERED_WORD = "no frames", "cameras with frames"
ACTIVE_WORD, IDLE_WORD, SAFE_WORD = "somebody is there", "nobody is there", "safe: no reports"
OVER_WORD = "over budget"
USED_WORD, SAVED_WORD, TIMER_WORD = "used", "saved of full light", "what the timer takes"
UNKNOWN_WORD = "not known"
LOOKING_WORD, KEEPING_WORD = "looking (Lambda)", "keeping (S3, DynamoDB)"
TELLING_WORD, REKOGNITION_WORD = "telling (queues, SMS, e-mails)", "Rekognition"
_PAINT: dict[str, dict[str, Any]] = {
    PEOPLE_WORD: {"facecolor": PEOPLE, "linewidth": 0},
    VEHICLES_WORD: {"facecolor": VEHICLES, "linewidth": 0},
    COVERED_WORD: {"facecolor": COVERED, "linewidth": 0},
    ACTIVE_WORD: {"facecolor": LIT, "linewidth": 0},
    IDLE_WORD: {"facecolor": LIT_IDLE, "linewidth": 0},
    SAFE_WORD: {"facecolor": LIT_SAFE, "linewidth": 0},
    HOLE_WORD: {"facecolor": HOLE, "edgecolor": HOLE_HATCH, "hatch": "////", "linewidth": 0.5},
    UNKNOWN_WORD: {"facecolor": HOLE, "edgecolor": HOLE_HATCH, "hatch": "////", "linewidth": 0.5},
    USED_WORD: {"facecolor": ENERGY_USED, "linewidth": 0},
    SAVED_WORD: {"facecolor": ENERGY_SAVED, "linewidth": 0},
    TIMER_WORD: {"facecolor": ENERGY_TIMER, "linewidth": 0},
    # The other way round, so that the two are told apart without their colours.
    OVER_WORD: {"facecolor": OVER, "edgecolor": OVER_HATCH, "hatch": "\\\\\\\\", "linewidth": 0.5},
    **{
        word: {"facecolor": colour, "linewidth": 0}
        for word, colour in zip(
            (LOOKING_WORD, KEEPING_WORD, TELLING_WORD, REKOGNITION_WORD), COST_COLOURS, strict=True
        )
    },
}


class Sheet:
    """A figure under construction; `rows` are its axes from top to bottom.

    The x axis counts seconds since `extent` begins: elapsed time, whatever the clocks do meanwhile. Its
    ticks are at least `finest_s` apart, or those of `marks`, each with its label.
    """

    def __init__(
        self,
        title: str,
        *,
        extent: Span,
        tz: ZoneInfo,
        heights_in: Sequence[float],
        gap_in: float = 0.12,
        left_in: float = 0.62,
        head_in: float = 0.66,
        finest_s: int = 1,
        marks: Sequence[tuple[datetime, str]] | None = None,
    ) -> None:
        self.extent = extent
        begin, end = extent
        pad = max((end - begin) * _PAD, _LEAST_PAD)
        self._limits = self.second(begin - pad), self.second(end + pad)
        self._marks = marks if marks is not None else ticks(begin - pad, end + pad, tz, finest_s=finest_s)
        self._zone_words = zone_words(begin, end, tz)
        foot_in = 0.72 if any("\n" in label for _, label in self._marks) else 0.58
        height_in = head_in + sum(heights_in) + gap_in * (len(heights_in) - 1) + foot_in
        self.figure = Figure(figsize=(_WIDTH_IN, height_in))
        FigureCanvasAgg(self.figure)
        self._left = left_in / _WIDTH_IN
        self._wide = 1 - self._left - _RIGHT_IN / _WIDTH_IN
        self.figure.text(self._left, 1 - 0.14 / height_in, title, size=12, weight="bold", va="top")
        self.rows: list[Axes] = []
        top_in = height_in - head_in
        for row_in in heights_in:
            place = (self._left, (top_in - row_in) / height_in, self._wide, row_in / height_in)
            self.rows.append(self.figure.add_axes(place))
            top_in -= row_in + gap_in

    @property
    def lasts(self) -> timedelta:
        """How long the extent is."""
        return self.extent[1] - self.extent[0]

    def second(self, instant: datetime) -> float:
        """Return where the instant lies on the x axis."""
        return seconds_between(self.extent[0], instant)

    def shade(self, axes: Axes, holes: Sequence[Span], word: str = HOLE_WORD) -> None:
        """Hatch the spans without counts over the whole height of the row; `word` says why they have none."""
        bars = [(self.second(begin), seconds_between(begin, end)) for begin, end in holes]
        if bars:
            over_all_y = axes.get_xaxis_transform()
            axes.broken_barh(bars, (0, 1), transform=over_all_y, zorder=0.5, **_PAINT[word])

    def say(self, axes: Axes, words: str, *, size: float = 11) -> None:
        """Write the words across the middle of a row."""
        axes.text(
            0.5,
            0.5,
            words,
            transform=axes.transAxes,
            ha="center",
            va="center",
            size=size,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 4},
        )

    def finish(self, *, key: Sequence[str]) -> Figure:
        """Give the rows their time axis, in words below the last, and the figure its key below the title."""
        places = [self.second(instant) for instant, _ in self._marks]
        for axes in self.rows:
            axes.set_xlim(self._limits)
            axes.set_xticks(places, labels=[])
            axes.tick_params(axis="x", length=0)
        last = self.rows[-1]
        last.set_xticks(places, [label for _, label in self._marks])
        last.tick_params(axis="x", length=3)
        last.set_xlabel(self._zone_words, loc="right")
        self._part_close_labels(places, last)
        self.figure.legend(
            handles=[Patch(**_PAINT[word]) for word in key],
            labels=list(key),
            loc="upper left",
            bbox_to_anchor=(self._left, 1 - 0.4 / self.figure.get_figheight()),
            ncols=max(1, len(key)),
            borderaxespad=0,
            borderpad=0,
            columnspacing=1.6,
            handlelength=1.6,
            handletextpad=0.6,
        )
        return self.figure

    def _part_close_labels(self, places: Sequence[float], axes: Axes) -> None:
        """Move the labels of an hour that comes twice apart, each away from the other."""
        inches_a_second = self._wide * _WIDTH_IN / (self._limits[1] - self._limits[0])
        labels = axes.get_xticklabels()
        for (here, label), (there, following) in pairwise(zip(places, labels, strict=True)):
            missing_in = _LABEL_ROOM_IN - (there - here) * inches_a_second
            if missing_in > 0 and "\n" in following.get_text():
                for text, direction in ((label, -1), (following, 1)):
                    shift = ScaledTranslation(direction * missing_in / 2, 0, self.figure.dpi_scale_trans)
                    text.set_transform(text.get_transform() + shift)


def count_axis(axes: Axes, most: float, *, labels: int = 5) -> None:
    """Give a row a y axis of whole numbers from 0, with air above the most and a line's breadth below 0."""
    top = max(most, 1)
    axes.set_ylim(-0.025 * top, 1.12 * top)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=labels, integer=True, min_n_ticks=2, steps=[1, 2, 5, 10]))
    axes.spines["left"].set_visible(False)
