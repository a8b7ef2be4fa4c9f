"""Mutated JPEGs, the short form: each gives a sighting or a refusal. The long one is bench_fuzz.py."""

import time

import pytest
from hypothesis import HealthCheck, given, settings

from tests.mutations import mutated_jpegs, seeds
from tests.tiny_onnx import tiny_onnx
from tests.unit.test_heads import planted
from vigie.errors import PictureError
from vigie.vision.detector import YoloDetector

LONGEST_S = 1.0


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> YoloDetector:
    """Sees one person in every picture."""
    model = tmp_path_factory.mktemp("fuzz") / "tiny.onnx"
    output = planted(((32, 32, 16, 16), 16, (1.0, 0.9, 0.0)))
    model.write_bytes(tiny_onnx(output, metadata={"names": "{0: 'person', 1: 'cat'}"}))
    return YoloDetector(model=model, labels=["person"])


def test_the_seeds_are_pictures(detector: YoloDetector) -> None:
    assert all(len(detector.detect(seed).detections) == 1 for seed in seeds())


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(jpeg=mutated_jpegs())
def test_mutated_jpegs_are_seen_or_refused(detector: YoloDetector, jpeg: bytes) -> None:
    begin = time.thread_time()
    refusal, sighting = "", None
    try:
        sighting = detector.detect(jpeg)
    except PictureError as error:
        refusal = str(error)
    assert time.thread_time() - begin < LONGEST_S
    assert "\n" not in refusal
    if sighting is not None:
        assert min(sighting.width, sighting.height) >= 8
        assert {seen.label for seen in sighting.detections} <= {"person"}
