"""The canary's picture is seen by the detectors that people use."""

from pathlib import Path

import pytest

from vigie.domain.detections import DEFAULT_LABELS
from vigie.vision.canary import draw_canary
from vigie.vision.detector import YoloDetector


@pytest.mark.parametrize("model", ["model_path", "square_model_path"])
def test_the_canary_shows_a_person_and_a_car(model: str, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(model)
    sighting = YoloDetector(model=path, labels=DEFAULT_LABELS, confidence=0.5).detect(draw_canary())
    assert (sighting.width, sighting.height) == (640, 360)
    assert [detection.label for detection in sighting.detections] == ["person", "car"]
    assert all(detection.confidence > 0.8 for detection in sighting.detections)


def test_the_canary_is_always_the_same() -> None:
    assert draw_canary() == draw_canary()
