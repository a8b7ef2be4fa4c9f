"""Calibration: from a model's tensors over many pictures, the range of each that 255 steps serve best.

A histogram of every tensor is gathered in one pass; then the range is chosen that loses least, in squares,
*after the function that follows*: a convolution's output goes through SiLU,
and what lies far below zero comes out as nothing, so steps are not spent on it. Measured against MinMax and
percentiles in docs/decisions/0011-the-prepared-model.md.
"""

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from vigie.vision.graphs import Proto
from vigie.vision.images import Tensor

Range = tuple[float, float]
Doubles = npt.NDArray[np.float64]

_BINS = 2048  # on each side of zero
_SAMPLES = 100_000  # of one tensor of one picture; more change no range, and cost most of the time
_STEPS = 255
# Of the extremes that were seen. Down to a tenth below zero: SiLU makes nothing of what is far below.
_LOWS = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.45, 0.4, 0.35, 0.3, 0.25, 0.2, 0.15, 0.1)
_HIGHS = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5, 0.45, 0.4, 0.35, 0.3)


class Histogram:
    """Counts of a tensor's values around zero; its span doubles when a value falls outside."""

    def __init__(self) -> None:
        self.span = 2.0**-10
        self.counts: Doubles = np.zeros(2 * _BINS)
        self.low = self.high = 0.0
        self.pictures = 0
        self.sums: npt.NDArray[np.floating] = np.zeros(1)

    @property
    def channel_means(self) -> npt.NDArray[np.floating]:
        """Return the mean of each channel, over all pictures."""
        return self.sums / max(1, self.pictures)

    def add(self, values: Tensor) -> None:
        """Count one picture's values [1, channels, ...]."""
        self.pictures += 1
        self.sums = self.sums + values.reshape(values.shape[1], -1).mean(axis=1)
        self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))
        while max(-self.low, self.high) >= self.span:
            self._double()
        flat = values.ravel()
        step = max(1, flat.size // _SAMPLES)
        # From another place in each picture: a step that divides the width sees the same columns for ever.
        sample = flat[self.pictures % step :: step]
        places = ((sample + np.float32(self.span)) * np.float32(_BINS / self.span)).astype(np.int32)
        self.counts += np.bincount(np.clip(places, 0, 2 * _BINS - 1), minlength=2 * _BINS)

    def _double(self) -> None:
        halved = self.counts.reshape(-1, 2).sum(axis=1)
        self.counts = np.concatenate((np.zeros(_BINS // 2), halved, np.zeros(_BINS // 2)))
        self.span *= 2

    def best_range(self, follow: Callable[[Doubles], Doubles]) -> Range:
        """Return the range around zero that loses least of what `follow` makes of the values."""
        filled = np.flatnonzero(self.counts)
        values = ((filled + 0.5) * (self.span / _BINS) - self.span).astype(np.float64)
        weights = self.counts[filled] / max(1.0, self.counts.sum())
        exact = follow(values)

        def loss(low: float, high: float) -> float:
            step = (high - low) / _STEPS
            if step <= 0:
                return np.inf
            zero = np.round(-low / step)
            rounded = (np.clip(np.round(values / step) + zero, 0, _STEPS) - zero) * step
            return float(weights @ np.square(follow(rounded.astype(np.float64)) - exact))

        low, high = self.low, self.high
        # One end after the other, twice: all pairs find nothing better, in five times the time.
        for _ in range(2):
            high = min((self.high * part for part in _HIGHS), key=lambda end: loss(low, end))
            low = min((self.low * part for part in _LOWS), key=lambda end: loss(end, high))
        return low, high


def gather(
    run: Callable[[Tensor], Iterable[Tensor]], names: list[str], inputs: Iterable[Tensor]
) -> dict[str, Histogram]:
    """Show every input to the model; `run` gives the values of `names` in their order."""
    histograms = {name: Histogram() for name in names}
    for tensor in inputs:
        for name, values in zip(names, run(tensor), strict=True):
            histograms[name].add(values)
    return histograms


def choose_ranges(graph: Proto, histograms: dict[str, Histogram]) -> dict[str, Range]:
    """Choose a range for each tensor of the graph that has a histogram, and for the picture itself."""
    followers: dict[str, set[str]] = {}
    for node in graph.node:
        for name in node.input:
            followers.setdefault(name, set()).add(node.op_type)
    squashed = {output for node in graph.node if node.op_type == "Sigmoid" for output in node.output}
    ranges: dict[str, Range] = {graph.input[0].name: (0.0, 1.0)}
    for name, histogram in histograms.items():
        if name in squashed:
            ranges[name] = (0.0, 1.0)
        elif followers.get(name) == {"Sigmoid", "Mul"}:
            ranges[name] = histogram.best_range(_silu)
        else:
            ranges[name] = histogram.best_range(_itself)
    for names in _joined(graph):
        known = [ranges[name] for name in names if name in ranges]
        for name in names & ranges.keys():
            ranges[name] = min(low for low, _ in known), max(high for _, high in known)
    return ranges


def _joined(graph: Proto) -> list[set[str]]:
    """Group the tensors that concatenations bring together: of one range they are copied, not recomputed."""
    groups: list[set[str]] = []
    for node in graph.node:
        if node.op_type == "Concat":
            names = {*node.input, *node.output}
            met = [group for group in groups if group & names]
            groups = [group for group in groups if not group & names] + [names.union(*met)]
    return groups


def _sigmoid(values: Doubles) -> Doubles:
    squashed: Doubles = 1 / (1 + np.exp(-values))
    return squashed


def _silu(values: Doubles) -> Doubles:
    return values * _sigmoid(values)


def _itself(values: Doubles) -> Doubles:
    return values
