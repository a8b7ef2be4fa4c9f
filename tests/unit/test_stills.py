"""Real pictures for people: a real face by YuNet, and what is drawn where."""

import logging
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.conftest import shared_file
from tests.jpegs import Pixels, image_of, pixels_of
from vigie.domain.detections import Box, Detection
from vigie.domain.pictures import Annotation
from vigie.errors import ModelError, PictureError
from vigie.vision.annotate import MAX_SIDE, annotate
from vigie.vision.faces import VARIABLE, FaceFinder, find_face_model
from vigie.vision.stills import StillArtist

# Two people who walk towards the camera, 480x270; where they are at the clip's second second.
SHE, HE = Box(0.28, 0.38, 0.47, 1.0), Box(0.49, 0.28, 0.73, 1.0)
TEXT = {"place": "Entrée (Tür)", "time": "2026-01-31 13:00:00 CET"}


@pytest.fixture(scope="module")
def yunet() -> Path:
    return shared_file("models/face_detection_yunet_2026may.onnx")


@pytest.fixture(scope="module")
def walkers() -> Pixels:
    clip = cv2.VideoCapture(str(shared_file("data/video/face-demographics-walking.mp4")))
    clip.set(cv2.CAP_PROP_POS_FRAMES, 30)
    _, image = clip.read()
    clip.release()
    return np.asarray(image, np.uint8)


def jpeg(image: Pixels) -> bytes:
    encoded: bytes = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    return encoded


def decoded(content: bytes | None) -> Pixels:
    assert content is not None
    return np.asarray(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR), np.uint8)


@pytest.mark.parametrize("width", [480, 1920], ids=["small", "large"])
@pytest.mark.parametrize("person", [SHE, HE], ids=["she", "he"])
def test_a_face_is_found_and_the_crop_holds_it(yunet: Path, walkers: Pixels, person: Box, width: int) -> None:
    image = cv2.resize(walkers, (width, width * 9 // 16)).astype(np.uint8)
    crop = decoded(StillArtist(yunet).open(jpeg(image)).face(person))
    # Of the crop alone, a face again: in its middle, with a margin around it.
    (face,) = FaceFinder(yunet).faces(image_of(crop), Box(0, 0, 1, 1))
    assert all(0.3 < side < 0.7 for side in face.box.centre)
    assert face.box.x1 > 0.05
    assert face.box.x2 < 0.95
    assert 25 < crop.shape[0] < image.shape[0] / 2


def test_her_face_is_not_his(yunet: Path, walkers: Pixels) -> None:
    still = StillArtist(yunet).open(jpeg(walkers))
    hers, his = decoded(still.face(SHE)), decoded(still.face(HE))
    assert hers.shape != his.shape or (hers != his).any()


def test_a_picture_without_faces_keeps_nothing(yunet: Path, walkers: Pixels) -> None:
    still = StillArtist(yunet).open(jpeg(walkers))
    assert still.face(Box(0.0, 0.0, 0.25, 1.0)) is None, "a wall"
    assert still.face(Box(0.5, 0.75, 0.7, 1.0)) is None, "legs"
    assert still.face(Box(0.5, 0.5, 0.5, 0.5)) is None, "nothing"
    assert StillArtist(yunet).open(jpeg(np.full((270, 480, 3), 90, np.uint8))).face(HE) is None


@pytest.mark.parametrize("content", [None, b"no model"], ids=["none", "another file"])
def test_without_yunet_no_face_is_kept_and_it_is_said_once(
    content: bytes | None, walkers: Pixels, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = tmp_path / "yunet.onnx" if content else None
    if model:
        model.write_bytes(content or b"")
    artist = StillArtist(model)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert artist.open(jpeg(walkers)).face(HE) is None
    (record,) = caplog.records
    words = f"{model} does not open as YuNet" if model else f"{VARIABLE} names no YuNet file"
    assert words in record.getMessage()


def test_a_face_model_is_found_like_the_model(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    assert find_face_model(environ={}, checkout=checkout) is None
    for folder in (tmp_path / "shared" / "models", checkout / "models"):
        folder.mkdir(parents=True)
        file = folder / "face_detection_yunet_2026may.onnx"
        file.touch()
        assert find_face_model(environ={}, checkout=checkout) == file
    own = tmp_path / "own.onnx"
    own.touch()
    assert find_face_model(environ={VARIABLE: str(own)}, checkout=checkout) == own
    with pytest.raises(ModelError, match=r"VIGIE_FACE_MODEL is 'gone.onnx', and there is no such file"):
        find_face_model(environ={VARIABLE: "gone.onnx"}, checkout=checkout)


def test_what_is_no_picture_does_not_open() -> None:
    with pytest.raises(PictureError):
        StillArtist().open(b"hello")


def drawn_on(image: Pixels, annotation: Annotation) -> Pixels:
    frame = image_of(image)
    drawn = pixels_of(annotate(frame, annotation))
    assert (pixels_of(frame) == image).all(), "the frame itself stays clean"
    return drawn


def person(box: Box, confidence: float = 0.9) -> Detection:
    return Detection("person", confidence, box)


@pytest.mark.parametrize(("width", "height"), [(3840, 2160), (1080, 1920), (640, 360), (64, 48), (2000, 8)])
def test_a_picture_is_bounded_and_has_its_strip(width: int, height: int) -> None:
    marked = person(Box(0, 0, 1, 1))
    image = np.full((height, width, 3), 90, np.uint8)
    drawn = drawn_on(image, Annotation(marked, (marked,), **TEXT))
    scale = min(1, MAX_SIDE / max(width, height))
    assert drawn.shape[1] == round(width * scale)
    assert round(height * scale) < drawn.shape[0] <= round(height * scale) + 60


@pytest.mark.parametrize("grey", [0, 90, 255], ids=["night", "day", "snow"])
@pytest.mark.parametrize("width", [640, 1920])
def test_boxes_and_words_show_on_any_ground(grey: int, width: int) -> None:
    image = np.full((width * 9 // 16, width, 3), grey, np.uint8)
    marked, other = person(Box(0.1, 0.3, 0.3, 0.9)), person(Box(0.6, 0.3, 0.8, 0.9), 0.7)
    drawn = drawn_on(image, Annotation(marked, (other,), **TEXT)).astype(int)
    wide = drawn.shape[1]
    tall = wide * 9 // 16
    for left, least in ((0.1, 2), (0.6, 1)):
        row = drawn[round(tall * 0.6), round((left - 0.02) * wide) : round((left + 0.02) * wide)]
        line = row.max(axis=1) - row.min(axis=1) > 150 if left == 0.1 else row.min(axis=1) > 200
        assert line.sum() >= least, "the line"
        assert (row.max(axis=1) < 60).sum() >= 1, "and its dark rim"
    tag = drawn[round(tall * 0.3) - round(wide / 35) : round(tall * 0.3) - 4, round(0.1 * wide) + 4 :][
        :, : wide // 20
    ]
    assert tag.max() - tag.min() > 200, "letters on their ground"
    strip = drawn[tall:]
    assert (strip[:, : wide // 4].max(axis=2) > 200).any(), "the place"
    assert (strip[:, -wide // 4 :].max(axis=2) > 150).any(), "the time"
    assert (strip[:, wide // 2 - 9 : wide // 2 + 9].max(axis=2) < 60).all(), "and room between"


@pytest.mark.parametrize("place", ["x" * 500, "入口" * 100, "", "\u202eabc\n\t", "مدخل"])
def test_a_place_of_any_words_leaves_the_time_readable(place: str) -> None:
    image = np.full((360, 640, 3), 90, np.uint8)
    marked = person(Box(0.1, 0.3, 0.3, 0.9))
    plain, odd = (drawn_on(image, Annotation(marked, (), at, TEXT["time"])) for at in ("", place))
    assert plain.shape == odd.shape
    assert (plain[360:, -200:] == odd[360:, -200:]).all()
    assert (plain[:360] == odd[:360]).all()
