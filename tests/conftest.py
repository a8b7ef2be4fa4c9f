"""What several tests need: the files of ../shared, which the repository does not hold."""

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def shared_file(name: str) -> Path:
    """Return a file of ../shared; without it the test is skipped, under CI=true it fails."""
    path = SHARED / name
    if not path.exists():
        sentence = f"{path} is missing: this test needs it, and the repository does not hold it"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence, pytrace=False)
        pytest.skip(sentence)
    return path


@pytest.fixture(scope="session")
def model_path() -> Path:
    """YOLOv8n with free height and width."""
    return shared_file("models/yolov8n-dynamic.onnx")


@pytest.fixture(scope="session")
def square_model_path() -> Path:
    """YOLOv8n at 640x640."""
    return shared_file("models/yolov8n.onnx")


@pytest.fixture(scope="session")
def coco_folder() -> Path:
    """128 JPEGs of COCO val2017."""
    return shared_file("data/coco-val-128/images")
