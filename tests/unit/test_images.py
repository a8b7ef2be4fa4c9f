"""JPEGs of every kind that a camera, or a stranger, may send; and the letterbox's geometry."""

import struct

import cv2
import numpy as np
import pytest

from vigie.domain.frames import MAX_JPEG_BYTES
from vigie.errors import PictureError
from vigie.vision.images import Image, decode_jpeg, fit, to_tensor


def picture(width: int = 64, height: int = 48) -> Image:
    """Smooth, with a red patch in the upper left corner."""
    image = np.full((height, width, 3), 90, np.uint8)
    image[: height // 3, : width // 3] = (0, 0, 255)
    return image


def jpeg(image: Image, *options: int) -> bytes:
    done, content = cv2.imencode(".jpg", image, options)
    assert done
    return content.tobytes()


def with_size(content: bytes, width: int, height: int) -> bytes:
    """Forge the header's size."""
    sof = content.index(b"\xff\xc0")
    return content[: sof + 5] + struct.pack(">HH", height, width) + content[sof + 9 :]


def with_segment(content: bytes, marker: int, payload: bytes) -> bytes:
    return content[:2] + struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload + content[2:]


def with_orientation(content: bytes, orientation: int) -> bytes:
    entry = struct.pack(">HHHIHH", 1, 0x0112, 3, 1, orientation, 0)  # one entry: tag, SHORT, one value
    return with_segment(content, 0xE1, b"Exif\0\0" + b"MM\0\x2a\0\0\0\x08" + entry + b"\0\0\0\0")


PLAIN = jpeg(picture())
THUMBNAIL = b"\xff\xd8\xff\xc0\x00\x0b\x08\x4e\x20\x4e\x20\x01\xff\xda\xff\xd9"

REFUSED = [
    pytest.param(b"", "^empty object$", id="an upload that was cut off at once"),
    pytest.param(b"hello, world", "^no JPEG: begins with b'hello, w'$", id="a text named .jpg"),
    pytest.param(b"\x89PNG\r\n\x1a\n", "^no JPEG: begins with", id="another format"),
    pytest.param(b"\xff\xd8", "^no JPEG", id="two bytes"),
    pytest.param(PLAIN[: len(PLAIN) // 2], "^cut short: a JPEG of", id="cut in half"),
    pytest.param(PLAIN[:-2], "^cut short", id="the end marker alone is missing"),
    pytest.param(PLAIN[:30], "^cut short", id="cut within the header"),
    pytest.param(
        with_segment(PLAIN, 0xE1, THUMBNAIL)[:-2], "^cut short", id="a thumbnail's end is not the picture's"
    ),
    pytest.param(b"\xff\xd8\xff\xd9", "^damaged JPEG: no picture between", id="markers without a picture"),
    pytest.param(jpeg(picture(1, 1)), "^1x1 pixels, too small", id="1x1"),
    pytest.param(jpeg(picture(64, 7)), "^64x7 pixels, too small", id="a strip"),
    pytest.param(with_size(PLAIN, 64, 0), "^64x0 pixels, too small", id="a height that comes later"),
    pytest.param(
        with_size(PLAIN, 20_000, 20_000),
        "^20000x20000 pixels, at most 40000000 are decoded$",
        id="a bomb: 1.2 GB decoded",
    ),
    pytest.param(
        PLAIN + bytes(MAX_JPEG_BYTES), f"bytes, at most {MAX_JPEG_BYTES} are read$", id="a file too long"
    ),
    pytest.param(
        PLAIN[: PLAIN.index(b"\xff\xc4")] + b"\xff\xda\x00\x02\xff\xd9", "^damaged JPEG", id="no tables"
    ),
]


@pytest.mark.parametrize(("content", "sentence"), REFUSED)
def test_decode_jpeg_refuses_with_a_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(PictureError, match=sentence):
        decode_jpeg(content)


DECODED = [
    pytest.param(PLAIN, id="baseline"),
    pytest.param(jpeg(picture(), cv2.IMWRITE_JPEG_PROGRESSIVE, 1), id="progressive: many scans"),
    pytest.param(jpeg(picture(), cv2.IMWRITE_JPEG_RST_INTERVAL, 1), id="restart markers"),
    pytest.param(PLAIN + bytes(1000), id="padding after the end"),
    pytest.param(with_segment(PLAIN, 0xE1, THUMBNAIL), id="a thumbnail with a size of its own"),
]


@pytest.mark.parametrize("content", DECODED)
def test_decode_jpeg_gives_bgr(content: bytes) -> None:
    image = decode_jpeg(content)
    assert image.shape == (48, 64, 3)
    assert image.dtype == np.uint8
    np.testing.assert_allclose(image[4, 4], (0, 0, 255), atol=12)
    np.testing.assert_allclose(image[40, 60], (90, 90, 90), atol=12)


def test_decode_jpeg_gives_three_channels_of_a_grey_picture() -> None:
    image = decode_jpeg(jpeg(picture()[:, :, 1]))
    assert image.shape == (48, 64, 3)


@pytest.mark.parametrize(
    ("orientation", "shape", "red"),
    [
        pytest.param(1, (48, 64, 3), (4, 4), id="upright"),
        pytest.param(3, (48, 64, 3), (44, 60), id="upside down"),
        pytest.param(6, (64, 48, 3), (4, 44), id="camera turned left: rotate right"),
        pytest.param(8, (64, 48, 3), (60, 4), id="camera turned right: rotate left"),
    ],
)
def test_decode_jpeg_turns_the_picture_upright(
    orientation: int, shape: tuple[int, int, int], red: tuple[int, int]
) -> None:
    image = decode_jpeg(with_orientation(PLAIN, orientation))
    assert image.shape == shape
    np.testing.assert_allclose(image[red], (0, 0, 255), atol=12)


@pytest.mark.parametrize(
    ("size", "stride", "into", "box"),
    [  # box: inner width and height, input width and height, left, top
        pytest.param((640, 360), 32, (640, 640), (640, 360, 640, 384, 0, 12), id="16:9"),
        pytest.param((1280, 720), 32, (640, 640), (640, 360, 640, 384, 0, 12), id="16:9, twice as large"),
        pytest.param((320, 180), 32, (640, 640), (640, 360, 640, 384, 0, 12), id="16:9, scaled up"),
        pytest.param((640, 360), None, (640, 640), (640, 360, 640, 640, 0, 140), id="a square model"),
        pytest.param((360, 640), 32, (640, 640), (360, 640, 384, 640, 12, 0), id="portrait"),
        pytest.param((640, 427), 32, (640, 640), (640, 427, 640, 448, 0, 10), id="the odd row goes below"),
        pytest.param((500, 500), 32, (640, 640), (640, 640, 640, 640, 0, 0), id="square"),
        pytest.param((4000, 40), 32, (640, 640), (640, 6, 640, 32, 0, 13), id="a hundred times as wide"),
        pytest.param((60_000, 8), 32, (640, 640), (640, 1, 640, 32, 0, 15), id="never less than a row"),
        pytest.param(
            (640, 360), None, (320, 640), (320, 180, 320, 640, 0, 230), id="a model of its own shape"
        ),
        pytest.param((640, 360), 32, (500, 500), (500, 281, 512, 288, 6, 3), id="a long side off the stride"),
    ],
)
def test_fit(
    size: tuple[int, int], stride: int | None, into: tuple[int, int], box: tuple[int, int, int, int, int, int]
) -> None:
    found = fit(*size, into=into, stride=stride)
    assert (found.width, found.height) == size
    assert box == (
        found.inner_width,
        found.inner_height,
        found.input_width,
        found.input_height,
        found.left,
        found.top,
    )


def test_to_tensor_is_rgb_planes_with_grey_around() -> None:
    image = picture(64, 48)
    tensor = to_tensor(image, fit(64, 48, into=(64, 64), stride=None))
    assert tensor.shape == (1, 3, 64, 64)
    assert tensor.dtype == np.float32
    assert tensor.flags.c_contiguous
    np.testing.assert_allclose(tensor[0, :, 0, 0], 114 / 255)
    np.testing.assert_allclose(tensor[0, :, 8, 0], (1, 0, 0))  # the first row of the picture: red
    np.testing.assert_allclose(tensor[0, :, 55, 63], 90 / 255, rtol=1e-6)
    np.testing.assert_allclose(tensor[0, :, 56, 63], 114 / 255)


@pytest.mark.parametrize("size", [(640, 360), (375, 500), (4000, 40), (1920, 1080), (9, 8)])
def test_boxes_come_back_to_where_they_were(size: tuple[int, int]) -> None:
    width, height = size
    box = fit(width, height, into=(640, 640), stride=32)
    corners = np.array([[0, 0, width, height], [width / 4, height / 3, width / 2, height]], np.float32)
    scale = np.array([box.inner_width / width, box.inner_height / height] * 2)
    there = (corners * scale + [box.left, box.top] * 2).astype(np.float32)
    np.testing.assert_allclose(box.to_picture(there), corners, rtol=1e-4, atol=1e-2)


def test_boxes_are_cut_to_the_picture() -> None:
    box = fit(640, 360, into=(640, 640), stride=32)
    beyond = np.array([[-5, 0, 700, 384]], np.float32)
    np.testing.assert_array_equal(box.to_picture(beyond), [[0, 0, 640, 360]])
