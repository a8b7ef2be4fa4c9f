"""Pictures: JPEG bytes to an upright array, and the array to a model's input (the letterbox)."""

import math
import re
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from vigie.domain.frames import MAX_JPEG_BYTES
from vigie.errors import PictureError

MAX_PIXELS = 40_000_000
MIN_SIDE = 8  # pixels; below it nothing could be recognised, and the letterbox would only blow up noise

Image = npt.NDArray[np.uint8]
Tensor = npt.NDArray[np.float32]

_PADDING = 114  # the grey with which YOLOv8 was trained
_SOI = b"\xff\xd8\xff"
_EOI, _SOS = 0xD9, 0xDA
_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # DHT, JPG and DAC lie in between
# A marker that ends a scan or opens a segment: no stuffed FF00, no fill byte, none of those without content.
_MARKER = re.compile(rb"\xff[\x02-\xcf\xd9-\xfe]")


def decode_jpeg(jpeg: bytes, *, max_bytes: int = MAX_JPEG_BYTES, max_pixels: int = MAX_PIXELS) -> Image:
    """Decode a JPEG, turned upright as its EXIF orientation says: uint8 [height, width, 3], BGR.

    The limits are held against the header, before a pixel is decoded.

    Raises:
        PictureError: empty, no JPEG, cut short, too large, too small, or damaged.

    """
    if not jpeg:
        raise PictureError("empty object")
    if len(jpeg) > max_bytes:
        raise PictureError(f"{len(jpeg)} bytes, at most {max_bytes} are read")
    width, height = _read_header(jpeg)
    if width * height > max_pixels:
        raise PictureError(f"{width}x{height} pixels, at most {max_pixels} are decoded")
    if min(width, height) < MIN_SIDE:
        raise PictureError(
            f"{width}x{height} pixels, too small to show anything: {MIN_SIDE}x{MIN_SIDE} at least"
        )
    try:
        image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise PictureError(f"damaged JPEG: OpenCV cannot decode it ({error.err})") from error
    if image is None:
        raise PictureError("damaged JPEG: OpenCV cannot decode it")
    return image.astype(np.uint8, copy=False)


def _read_header(jpeg: bytes) -> tuple[int, int]:
    """Walk the markers to the end: width and height in pixels, before EXIF turns them.

    libjpeg paints what is missing of a picture cut short grey and says nothing that a caller can hear, so
    the end marker must be there. Bytes after it are nobody's business.
    """
    if not jpeg.startswith(_SOI):
        raise PictureError(f"no JPEG: begins with {jpeg[:8]!r}")
    size: tuple[int, int] | None = None
    in_scan = False
    position = len(_SOI) - 1
    while match := _MARKER.search(jpeg, position):
        marker, position = jpeg[match.start() + 1], match.end()
        if marker == _EOI:
            break
        if marker in _SOF and size is None:
            # The segment's length (2 bytes) and the precision (1) come first.
            height = int.from_bytes(jpeg[position + 3 : position + 5])
            size = int.from_bytes(jpeg[position + 5 : position + 7]), height
        in_scan = in_scan or marker == _SOS
        position += int.from_bytes(jpeg[position : position + 2])
    else:
        raise PictureError(f"cut short: a JPEG of {len(jpeg)} bytes without its end marker")
    if size is None or not in_scan:
        raise PictureError("damaged JPEG: no picture between its begin and end markers")
    return size


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Where a picture lies in a model's input: scaled to `inner`, padded to `input`. All in pixels."""

    width: int
    height: int
    inner_width: int
    inner_height: int
    input_width: int
    input_height: int
    left: int
    top: int

    def to_picture(self, boxes: Tensor) -> Tensor:
        """Bring boxes [n, 4] (x1, y1, x2, y2) from the input into the picture's own pixels, cut to it."""
        # Each axis by its own scale: rounding the short side of a very long picture changes its aspect.
        scale = np.array([self.width / self.inner_width, self.height / self.inner_height] * 2, np.float32)
        shift = np.array([self.left, self.top] * 2, np.float32)
        limit = np.array([self.width, self.height] * 2, np.float32)
        inside: Tensor = np.clip((boxes - shift) * scale, 0, limit)
        return inside


def fit(width: int, height: int, *, into: tuple[int, int], stride: int | None) -> Letterbox:
    """Place a picture in the middle of a model's input, as Ultralytics does.

    `into` is the width and height that it is scaled to fill, up or down. With a `stride` the input shrinks
    to the smallest rectangle of its multiples that holds the scaled picture; with None it is `into` itself.
    """
    ratio = min(into[0] / width, into[1] / height)
    inner_width, inner_height = max(1, round(width * ratio)), max(1, round(height * ratio))
    input_width, input_height = into
    if stride is not None:
        input_width = math.ceil(inner_width / stride) * stride
        input_height = math.ceil(inner_height / stride) * stride
    return Letterbox(
        width=width,
        height=height,
        inner_width=inner_width,
        inner_height=inner_height,
        input_width=input_width,
        input_height=input_height,
        # An odd pixel of padding goes to the right and to the bottom.
        left=(input_width - inner_width) // 2,
        top=(input_height - inner_height) // 2,
    )


def to_tensor(image: Image, box: Letterbox) -> Tensor:
    """Make the model's input of a picture: float32 [1, 3, height, width], RGB, 0..1."""
    canvas = np.full((box.input_height, box.input_width, 3), _PADDING, np.uint8)
    inner = canvas[box.top : box.top + box.inner_height, box.left : box.left + box.inner_width]
    cv2.resize(image, (box.inner_width, box.inner_height), dst=inner, interpolation=cv2.INTER_LINEAR)
    tensor = np.empty((1, 3, box.input_height, box.input_width), np.float32)
    # To RGB, planes and floats in one pass: cv2.dnn.blobFromImage takes five times as long.
    np.multiply(canvas[:, :, ::-1].transpose(2, 0, 1), np.float32(1 / 255), out=tensor[0])
    return tensor
