"""JPEGs of every kind that a camera, or a stranger, may send; and the letterbox's geometry."""

import cv2
import numpy as np
import pytest

from tests.jpegs import (
    PLAIN,
    PROGRESSIVE,
    THUMBNAIL,
    Pixels,
    image_of,
    jpeg,
    noise,
    picture,
    pillow,
    pixels_of,
    with_frame,
    with_orientation,
    with_scans,
    with_second_frame,
    with_segment,
    with_size,
    without_middle,
)
from vigie.domain.frames import MAX_JPEG_BYTES
from vigie.errors import PictureError
from vigie.vision.headers import MAX_SCANS, read_header
from vigie.vision.images import Canvas, decode_jpeg, decode_pixels, fit, to_tensor


def decoded(content: bytes) -> Pixels:
    return pixels_of(decode_jpeg(content))


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
        with_scans(PROGRESSIVE, 2000), f"^20[0-9][0-9] scans, at most {MAX_SCANS} ", id="a bomb: 2,000 scans"
    ),
    pytest.param(
        with_scans(jpeg(picture(8000, 4000), cv2.IMWRITE_JPEG_PROGRESSIVE, 1), 50),
        "^8000x4000 pixels in 60 scans, at most 500000000 pixels",
        id="a bomb: many scans over many pixels",
    ),
    pytest.param(
        PLAIN[:2] + b"\xff\xfe\x00\x02" * 10_001 + PLAIN[2:],
        "^more than 10000 segments",
        id="a bomb: empty comments",
    ),
    pytest.param(with_frame(PLAIN, 0xC1, 12), "^a JPEG of 12 bits a sample, only 8", id="12 bits"),
    pytest.param(with_frame(PLAIN, 0xC3, 16), r"not read \(marker FFC3\): lossless", id="16 bits, lossless"),
    pytest.param(with_frame(PLAIN, 0xC5, 8), r"not read \(marker FFC5\)", id="layered"),
    pytest.param(
        without_middle(noise(), 300), "^damaged JPEG: data is missing", id="300 bytes lost on the way"
    ),
    pytest.param(without_middle(noise(), 3000), "^damaged JPEG: data is missing", id="3,000 bytes lost"),
    pytest.param(
        with_second_frame(PLAIN, 60_000, 60_000),
        "^damaged JPEG: 64x48 in its header, other in its data$",
        id="a bomb in a second frame header",
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
    pytest.param(
        with_segment(with_segment(PLAIN, 0xED, b"Photoshop 3.0\0" + bytes(9)), 0xFE, b"\xff\xd9 a comment"),
        id="notes of others",
    ),
    pytest.param(with_segment(PLAIN, 0xE2, b"MPF\0" + bytes(40)), id="notes of a second picture, damaged"),
    pytest.param(PLAIN, id="baseline"),
    pytest.param(PROGRESSIVE, id="progressive: many scans"),
    pytest.param(with_scans(PROGRESSIVE, MAX_SCANS - 10), id="progressive: as many scans as are decoded"),
    pytest.param(pillow("CMYK"), id="CMYK, for printers"),
    pytest.param(pillow("CMYK", progressive=True), id="CMYK, progressive"),
    pytest.param(pillow("RGB", subsampling=2, quality=95), id="4:2:0"),
    pytest.param(pillow("RGB", keep_rgb=True), id="RGB, not YCbCr"),
    pytest.param(jpeg(picture(), cv2.IMWRITE_JPEG_RST_INTERVAL, 1), id="restart markers"),
    pytest.param(PLAIN + bytes(1000), id="padding after the end"),
    pytest.param(with_segment(PLAIN, 0xE1, THUMBNAIL), id="a thumbnail with a size of its own"),
]


@pytest.mark.parametrize("content", DECODED)
def test_decode_jpeg_gives_the_pixels(content: bytes) -> None:
    image = decoded(content)
    assert image.shape == (48, 64, 3)
    assert image.dtype == np.uint8
    np.testing.assert_allclose(image[4, 4], (0, 0, 255), atol=12)
    np.testing.assert_allclose(image[40, 60], (90, 90, 90), atol=12)


def test_decode_jpeg_gives_three_channels_of_a_grey_picture() -> None:
    image = decoded(jpeg(picture()[:, :, 1]))
    assert image.shape == (48, 64, 3)


ORIENTATIONS = [  # red: where the stored upper left corner comes to lie
    pytest.param(1, (48, 64, 3), (4, 4), id="upright"),
    pytest.param(2, (48, 64, 3), (4, 60), id="mirrored"),
    pytest.param(3, (48, 64, 3), (44, 60), id="upside down"),
    pytest.param(4, (48, 64, 3), (44, 4), id="upside down in a mirror"),
    pytest.param(5, (64, 48, 3), (4, 4), id="mirrored along the diagonal"),
    pytest.param(6, (64, 48, 3), (4, 44), id="camera turned left: rotate right"),
    pytest.param(7, (64, 48, 3), (60, 44), id="mirrored along the other diagonal"),
    pytest.param(8, (64, 48, 3), (60, 4), id="camera turned right: rotate left"),
    pytest.param(0, (48, 64, 3), (4, 4), id="no orientation that EXIF knows"),
    pytest.param(9, (48, 64, 3), (4, 4), id="nor this"),
]


@pytest.mark.parametrize(("orientation", "shape", "red"), ORIENTATIONS)
def test_decode_jpeg_turns_the_picture_upright(
    orientation: int, shape: tuple[int, int, int], red: tuple[int, int]
) -> None:
    content = with_orientation(PLAIN, orientation)
    image = decoded(content)
    assert image.shape == shape
    np.testing.assert_allclose(image[red], (0, 0, 255), atol=12)
    # OpenCV's own reading of EXIF is the reference.
    np.testing.assert_array_equal(image, cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR))
    half = pixels_of(decode_pixels(content, read_header(content), least=(shape[1] // 2, shape[0] // 2)))
    assert half.shape == (shape[0] // 2, shape[1] // 2, 3)
    np.testing.assert_allclose(half[red[0] // 2, red[1] // 2], (0, 0, 255), atol=12)


@pytest.mark.parametrize(
    "exif",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"XX\0\x2a\0\0\0\x08", id="neither byte order"),
        pytest.param(b"MM\0\x2a\xff\xff\xff\xff", id="a directory beyond the end"),
        pytest.param(b"MM\0\x2a\0\0\0\x08\xff\xff", id="65,535 entries, and none there"),
        pytest.param(b"II\x2a\0\x08\0\0\0\x01\0\x12\x01\x04\0\x01\0\0\0\x06\0\0\0", id="of another type"),
    ],
)
def test_damaged_exif_turns_nothing(exif: bytes) -> None:
    assert decoded(with_segment(PLAIN, 0xE1, b"Exif\0\0" + exif)).shape == (48, 64, 3)


def test_exif_of_the_other_byte_order() -> None:
    exif = b"II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0"
    assert decoded(with_segment(PLAIN, 0xE1, b"Exif\0\0" + exif)).shape == (64, 48, 3)


@pytest.mark.parametrize(
    ("size", "least", "held"),
    [
        pytest.param((1280, 720), (640, 360), (640, 360), id="twice as large"),
        pytest.param((1281, 721), (640, 360), (641, 361), id="an odd row stays"),
        pytest.param((1278, 720), (640, 361), (1278, 720), id="a row too small at a half"),
        pytest.param((1400, 788), (640, 360), (700, 394), id="a little more than twice"),
        pytest.param((1600, 900), (640, 360), (800, 450), id="2.5 times: 1.25 is left"),
        pytest.param((1920, 1080), (640, 360), (960, 540), id="three times: 1.5 is left"),
        pytest.param(
            (3200, 1800),
            (640, 360),
            (1600, 900),
            id="five times: 2.5 is left, where a quarter would leave 1.25",
        ),
        pytest.param((2560, 1440), (640, 360), (640, 360), id="four times"),
        pytest.param((5120, 2880), (640, 360), (640, 360), id="eight times"),
        pytest.param((640, 360), (640, 360), (640, 360), id="as large"),
        pytest.param((320, 180), (640, 360), (320, 180), id="smaller"),
    ],
)
def test_decode_at_a_reduced_scale(
    size: tuple[int, int], least: tuple[int, int], held: tuple[int, int]
) -> None:
    content = jpeg(picture(*size))
    image = pixels_of(decode_pixels(content, read_header(content), least=least))
    assert (image.shape[1], image.shape[0]) == held
    np.testing.assert_allclose(image[4, 4], (0, 0, 255), atol=12)


@pytest.mark.parametrize("width", [320, 317])
@pytest.mark.parametrize("options", [(), (cv2.IMWRITE_JPEG_RST_INTERVAL, 3)])
def test_a_grey_scene_is_no_damage(width: int, options: tuple[int, ...]) -> None:
    grey = np.full((240, width, 3), 128, np.uint8)
    np.testing.assert_array_equal(decoded(jpeg(grey, *options)), grey)


def test_a_canvas_is_used_again_and_forgets_what_it_showed() -> None:
    box = fit(64, 48, into=(64, 64), stride=32)
    canvas = Canvas(box)
    first = canvas.fill(image_of(picture()))
    black = canvas.fill(image_of(np.zeros((96, 128, 3), np.uint8)))
    assert black is first
    np.testing.assert_array_equal(black, to_tensor(image_of(np.zeros((48, 64, 3), np.uint8)), box))


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
    image = image_of(picture(64, 48))
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
