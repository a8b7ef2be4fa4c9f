"""Ranges for 255 steps: what a histogram keeps, and what is worth a step."""

import numpy as np
import pytest

from vigie.vision.ranges import Histogram, _itself, _silu


def of(values: np.typing.NDArray[np.float64]) -> Histogram:
    histogram = Histogram()
    for part in np.array_split(values.astype(np.float32), 4):
        histogram.add(part.reshape(1, 1, -1))
    return histogram


def test_every_value_is_counted_however_the_span_grows() -> None:
    histogram = of(np.array([0.0001, -0.5, 3.0, 700.0]))
    assert histogram.counts.sum() == 4
    assert (histogram.low, histogram.high) == (-0.5, 700.0)
    assert histogram.span >= 700


def test_even_values_keep_their_whole_range() -> None:
    low, high = of(np.linspace(-1, 3, 10_000)).best_range(_itself)
    assert (low, high) == pytest.approx((-1, 3))


def test_a_lone_outlier_is_cut() -> None:
    values = np.append(np.random.default_rng(1).normal(0, 1, 50_000), 60.0)
    low, high = of(values).best_range(_itself)
    assert high < 60
    assert low > -6


def test_what_silu_erases_gets_no_steps() -> None:
    values = np.linspace(-40, 4, 10_000)
    assert of(values).best_range(_silu)[0] > -12
    assert of(values).best_range(_itself)[0] == pytest.approx(-40)


def test_nothing_but_zeros_has_a_range_all_the_same() -> None:
    assert of(np.zeros(8)).best_range(_itself) == (0, 0)


def test_channel_means_are_over_pictures_and_places() -> None:
    histogram = Histogram()
    histogram.add(np.array([[[[1, 3]], [[0, 0]]]], np.float32))
    histogram.add(np.array([[[[5, 7]], [[0, 4]]]], np.float32))
    assert histogram.channel_means.tolist() == [4, 1]
