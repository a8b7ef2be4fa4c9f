"""The comparison with Rekognition as charts: how far two engines agree, and what each takes.

What both engines saw is green, what one saw alone has that engine's colour, in every chart. Charts of
recorded answers say so in their title: no figure in them is the service's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from vigie.charts.style import FAINT_INK, INK, drawable, house_style
from vigie.domain.agreement import LABELS, NOTHING, Agreement, EngineFigures, Tally

RECORDED_WORDS = "Rekognition's answers are recorded ones, not the service's"

# Okabe and Ito's again, apart from those of people and vehicles.
_BOTH, _OURS, _THEIRS = "#009e73", "#d55e00", "#cc79a7"
_WIDTH_IN, _LEFT_IN, _RIGHT_IN, _HEAD_IN = 8.6, 0.62, 0.3, 1.0
_ROW_IN, _GAP_IN, _FOOT_IN = 1.25, 0.62, 0.45
_MOST_CAMERAS = 12
_RECORDED_FIGURES = "time: this machine's; money: the price list's"


@dataclass(frozen=True, slots=True)
class _Place:
    left: float
    top: float
    wide: float
    high: float


def agreement_chart(agreement: Agreement, *, dates: str, titles: Mapping[str, str]) -> Figure:
    """Draw by label, camera and hour how many things both engines saw and how many only one did.

    `titles` are the cameras' names by their ids. Above each bar stands the share that both saw.
    """
    cameras = sorted(agreement.cameras.items(), key=lambda each: -each[1].things)[:_MOST_CAMERAS]
    # As many letters as fit under a bar.
    longest = 120 // max(len(cameras), 6)
    rows: Sequence[tuple[str, Sequence[tuple[str, Tally]]]] = (
        ("by label", [(label, agreement.labels[label]) for label in LABELS if label in agreement.labels]),
        (
            "by camera",
            [(drawable(titles.get(key, key), key, most=longest), tally) for key, tally in cameras],
        ),
        (
            "by hour",
            [(f"{hour:02}", agreement.hours.get(hour, Tally())) for hour in _span(agreement.hours)],
        ),
    )
    high = _HEAD_IN + len(rows) * (_ROW_IN + _GAP_IN) - _GAP_IN + _FOOT_IN
    with house_style():
        figure = _figure(high, f"YOLO and Rekognition, {dates}", agreement)
        _key(figure, high, (("both saw it", _BOTH), ("YOLO alone", _OURS), ("Rekognition alone", _THEIRS)))
        top = _HEAD_IN
        wide = _WIDTH_IN - _LEFT_IN - _RIGHT_IN
        for title, bars in rows:
            axes = _axes(figure, high, _Place(_LEFT_IN, top, wide, _ROW_IN))
            _draw_tallies(axes, bars)
            axes.set_title(title, loc="left", pad=3)
            top += _ROW_IN + _GAP_IN
        return figure


def engines_chart(agreement: Agreement, *, dates: str) -> Figure:
    """Draw which label of one engine is which of the other, and each engine's milliseconds and money."""
    side = 3.3
    high = _HEAD_IN + side + 1.0
    with house_style():
        figure = _figure(high, f"Confusion, time and money, {dates}", agreement)
        _draw_confusion(_axes(figure, high, _Place(1.25, _HEAD_IN, side, side)), agreement.confusion)
        left, wide = 5.85, 2.4
        speed = _axes(figure, high, _Place(left, _HEAD_IN, wide, 1.15))
        _draw_engines(speed, agreement.engines, [each.p50_ms for each in agreement.engines], "{:,.0f} ms")
        for number, engine in enumerate(agreement.engines):
            speed.plot([engine.p50_ms, engine.p95_ms], [number, number], color=INK, linewidth=1.2)
        speed.set_title(
            "milliseconds a frame: median, line to the 95th percentile", loc="right", pad=3, size=7.5
        )
        money = _axes(figure, high, _Place(left, _HEAD_IN + 2.1, wide, 1.15))
        _draw_engines(money, agreement.engines, [each.usd for each in agreement.engines], "${:.3f}")
        money.set_title("dollars for a thousand frames", loc="right", pad=3, size=7.5)
        if agreement.recorded:
            money.set_xlabel(_RECORDED_FIGURES, color=_OURS)
        return figure


def words_of(agreement: Agreement) -> str:
    """Say in a sentence what was compared."""
    together = agreement.together
    share = "nothing was seen" if together.agreement is None else f"both saw {together.agreement:.0%}"
    frames = f"{agreement.frames:,} frame{'s' if agreement.frames != 1 else ''} compared"
    refused = f", {agreement.not_comparable:,} not comparable" if agreement.not_comparable else ""
    alone = f"YOLO alone {together.only_ours:,}, Rekognition alone {together.only_theirs:,}"
    return f"{frames}{refused}: {share} of {together.things:,} things; {alone}."


def _span(hours: Mapping[int, Tally]) -> range:
    return range(min(hours), max(hours) + 1) if hours else range(0)


def _figure(high: float, title: str, agreement: Agreement) -> Figure:
    figure = Figure(figsize=(_WIDTH_IN, high))
    FigureCanvasAgg(figure)
    left = _LEFT_IN / _WIDTH_IN
    figure.text(left, 1 - 0.14 / high, title, size=12, weight="bold", va="top")
    said = words_of(agreement)
    figure.text(left, 1 - 0.4 / high, said, size=8.5, va="top", color=FAINT_INK)
    if agreement.recorded:
        figure.text(
            1 - _RIGHT_IN / _WIDTH_IN,
            1 - 0.16 / high,
            RECORDED_WORDS,
            size=8.5,
            va="top",
            ha="right",
            color=_OURS,
        )
    return figure


def _axes(figure: Figure, high: float, place: _Place) -> Axes:
    """Make axes whose place is in inches from the figure's upper left corner."""
    bottom = high - place.top - place.high
    return figure.add_axes((place.left / _WIDTH_IN, bottom / high, place.wide / _WIDTH_IN, place.high / high))


def _key(figure: Figure, high: float, entries: Sequence[tuple[str, str]]) -> None:
    figure.legend(
        handles=[Patch(facecolor=colour, linewidth=0) for _, colour in entries],
        labels=[words for words, _ in entries],
        loc="upper left",
        bbox_to_anchor=(_LEFT_IN / _WIDTH_IN, 1 - 0.6 / high),
        ncols=len(entries),
        borderaxespad=0,
        borderpad=0,
        columnspacing=1.6,
        handlelength=1.6,
        handletextpad=0.6,
    )


def _draw_tallies(axes: Axes, bars: Sequence[tuple[str, Tally]]) -> None:
    places = range(len(bars))
    bottom = np.zeros(len(bars))
    for colour, counts in (
        (_BOTH, [tally.both for _, tally in bars]),
        (_OURS, [tally.only_ours for _, tally in bars]),
        (_THEIRS, [tally.only_theirs for _, tally in bars]),
    ):
        axes.bar(places, counts, bottom=bottom, color=colour, width=0.62, zorder=2)
        bottom += np.array(counts)
    for place, (_, tally) in zip(places, bars, strict=True):
        if tally.agreement is not None:
            axes.text(place, tally.things, f"{tally.agreement:.0%}", ha="center", va="bottom", size=8)
    axes.set_xticks(list(places), [name for name, _ in bars])
    # Few bars stay slim, and stand on the left.
    axes.set_xlim(-0.6, max(len(bars), 6) - 0.4)
    axes.set_ylim(0, 1.22 * max([tally.things for _, tally in bars], default=1))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True, min_n_ticks=2))
    axes.spines["left"].set_visible(False)
    axes.set_ylabel("things")


def _draw_confusion(axes: Axes, confusion: Mapping[tuple[str, str], int]) -> None:
    """Draw how often each label of ours (rows) was which of theirs (columns).

    Green is where they agree, orange where not; the darker, the more of the row.
    """
    names = [*(each for each in LABELS if any(each in pair for pair in confusion)), NOTHING]
    counts = np.array([[confusion.get((ours, theirs), 0) for theirs in names] for ours in names], dtype=float)
    rows = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, rows, out=np.zeros_like(counts), where=rows > 0)
    agreed = np.eye(len(names), dtype=bool)[:, :, None]
    axes.imshow(np.where(agreed, colormaps["Greens"](shares * 0.8), colormaps["Oranges"](shares * 0.6)))
    for row, ours in enumerate(names):
        for column, theirs in enumerate(names):
            count = int(counts[row, column])
            if count or (ours, theirs) == (NOTHING, NOTHING):
                dark = row == column and count > 0.6 * rows[row, 0]
                words = f"{count:,}" if count else "-"
                axes.text(
                    column, row, words, ha="center", va="center", size=8, color="white" if dark else INK
                )
    axes.set_xticks(range(len(names)), names, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylabel("YOLO")
    axes.set_xlabel("Rekognition")
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)


def _draw_engines(axes: Axes, engines: Sequence[EngineFigures], values: Sequence[float], form: str) -> None:
    colours = [_OURS, _THEIRS][: len(engines)]
    axes.barh(range(len(engines)), values, color=colours, height=0.5, zorder=2)
    most = max([*values, *(each.p95_ms for each in engines if form.endswith("ms"))], default=1.0) or 1.0
    for number, value in enumerate(values):
        axes.text(0.02 * most, number - 0.36, form.format(value), ha="left", va="center", size=8)
    axes.set_yticks(range(len(engines)), [each.name for each in engines])
    axes.set_ylim(len(engines) - 0.4, -0.65)
    axes.set_xlim(0, most * 1.08)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4))
