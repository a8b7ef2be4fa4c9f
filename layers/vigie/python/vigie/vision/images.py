"""Pictures: JPEG bytes to an upright array, and the array to a model's input (the letterbox)."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from vigie.domain.frames import MAX_JPEG_BYTES
from vigie.errors import PictureError
from vigie.vision.headers import MAX_PIXELS, JpegHeader, read_header

Image = npt.NDArray[np.uint8]
Tensor = npt.NDArray[np.float32]

# libjpeg leaves out the highest frequencies instead of computing pixels that are averaged away at once.
_REDUCED = ((8, cv2.IMREAD_REDUCED_COLOR_8), (4, cv2.IMREAD_REDUCED_COLOR_4), (2, cv2.IMREAD_REDUCED_COLOR_2))
_PADDING = 114  # the grey with which YOLOv8 and YOLOX were trained
# What is left to scale by afterwards is next to nothing, or so much that it is a step of its own: pictures
# three times as large, halved and then scaled by 1.5, lost 0.010 of AP50-95 (bench_scale).
_NEARLY, _AGAIN = 1.1, 2.0
_GREY = 128  # what libjpeg paints where data ended early
_PROBE = bytes(range(1, 255)) * 20  # holds no marker


def decode_jpeg(jpeg: bytes, *, max_bytes: int = MAX_JPEG_BYTES, max_pixels: int = MAX_PIXELS) -> Image:
    """Decode a JPEG, turned upright as its EXIF orientation says: uint8 [height, width, 3], BGR.

    Raises:
        PictureError: refused by its header (see `read_header`), or damaged.

    """
    return decode_pixels(jpeg, read_header(jpeg, max_bytes=max_bytes, max_pixels=max_pixels))


def decode_pixels(jpeg: bytes, header: JpegHeader, *, least: tuple[int, int] | None = None) -> Image:
    """Decode the JPEG of that header, upright; with `least`, a width and height, perhaps at reduced scale.

    The picture is then 1/2, 1/4 or 1/8 as wide and high; it still holds `least`.

    Raises:
        PictureError: damaged.

    """
    divisor, flags = _reduction(header.size, least)
    # OpenCV would turn it too, but by its own reading of EXIF, which must not differ from the header's.
    flags |= cv2.IMREAD_IGNORE_ORIENTATION
    image = _decode(jpeg, flags)
    stored = -(-header.stored_width // divisor), -(-header.stored_height // divisor)
    if (image.shape[1], image.shape[0]) != stored:
        raise PictureError(
            f"damaged JPEG: {header.stored_width}x{header.stored_height} in its header, other in its data"
        )
    _refuse_missing_data(jpeg, header, image, flags)
    return _upright(image, header.orientation)


def _reduction(size: tuple[int, int], least: tuple[int, int] | None) -> tuple[int, int]:
    if least is not None:
        for divisor, flags in _REDUCED:
            rest = min(size[0] / (least[0] * divisor), size[1] / (least[1] * divisor))
            if 1 <= rest <= _NEARLY or rest >= _AGAIN:
                return divisor, flags
    return 1, cv2.IMREAD_COLOR


def _decode(jpeg: bytes, flags: int) -> Image:
    try:
        image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), flags)
    except cv2.error as error:
        raise PictureError(f"damaged JPEG: OpenCV cannot decode it ({error.err})") from error
    if image is None:
        raise PictureError("damaged JPEG: OpenCV cannot decode it")
    return image.astype(np.uint8, copy=False)


def _refuse_missing_data(jpeg: bytes, header: JpegHeader, image: Image, flags: int) -> None:
    """Refuse a picture from whose middle bytes are missing, though its end marker is there.

    When data ends early libjpeg leaves the rest in middle grey, down to the last pixel. A scene may be grey
    too, so a second look decides: bytes put before the end marker are ignored when nothing is missing, and
    become pixels when something is. In pictures of several scans what is missing leaves no such trace.
    """
    if header.scans > 1 or (image[-1, -1] != _GREY).any():
        return
    if not np.array_equal(image, _decode(jpeg[: header.end] + _PROBE + jpeg[header.end :], flags)):
        raise PictureError("damaged JPEG: data is missing, the picture ends in grey")


def _upright(image: Image, orientation: int) -> Image:
    """Undo an EXIF orientation; see CIPA DC-008, tag 274."""
    match orientation:
        case 2:
            turned = cv2.flip(image, 1)
        case 3:
            turned = cv2.rotate(image, cv2.ROTATE_180)
        case 4:
            turned = cv2.flip(image, 0)
        case 5:
            turned = cv2.transpose(image)
        case 6:
            turned = cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE)
        case 7:
            turned = cv2.flip(cv2.transpose(image), -1)
        case 8:
            turned = cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE)
        case _:
            turned = image
    return turned.astype(np.uint8, copy=False)


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


def fit(
    width: int, height: int, *, into: tuple[int, int], stride: int | None, centred: bool = True
) -> Letterbox:
    """Place a picture in a model's input: in its middle, as Ultralytics does, or top left, as YOLOX does.

    `into` is the width and height that it is scaled to fill, up or down. With a `stride` the input shrinks
    to the smallest rectangle of its multiples that holds the scaled picture; with None it is `into` itself.
    """
    ratio = min(into[0] / width, into[1] / height)
    whole = round if centred else int  # YOLOX cuts what Ultralytics rounds
    inner_width, inner_height = max(1, whole(width * ratio)), max(1, whole(height * ratio))
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
        left=(input_width - inner_width) // 2 if centred else 0,
        top=(input_height - inner_height) // 2 if centred else 0,
    )


class Canvas:
    """A model's input for pictures of one shape: float32 [1, 3, height, width]; not for two threads at once.

    `scale` multiplies the pixels 0..255; `rgb` turns OpenCV's order of colours around.
    """

    def __init__(self, box: Letterbox, *, scale: float = 1 / 255, rgb: bool = True) -> None:
        self._scale = np.float32(scale)
        shape = (1, 3, box.input_height, box.input_width)
        # The padding is written once: pictures only ever touch what lies inside.
        self._tensor = np.full(shape, np.float32(_PADDING) * self._scale, np.float32)
        inside = self._tensor[
            0, :, box.top : box.top + box.inner_height, box.left : box.left + box.inner_width
        ]
        self._targets = inside[::-1] if rgb else inside
        self._size = (box.inner_width, box.inner_height)
        self._resized = np.empty((box.inner_height, box.inner_width, 3), np.uint8)
        self._planes = [np.empty((box.inner_height, box.inner_width), np.uint8) for _ in range(3)]

    def fill(self, image: Image) -> Tensor:
        """Show a picture: the same tensor every time, good until the next call."""
        if (image.shape[1], image.shape[0]) != self._size:
            image = cv2.resize(image, self._size, dst=self._resized, interpolation=cv2.INTER_LINEAR)  # type: ignore[assignment]
        # Planes first, then floats: half the time of both in one strided pass, an eighth of blobFromImage's.
        for plane, target in zip(cv2.split(image, self._planes), self._targets, strict=True):
            np.multiply(plane, self._scale, out=target)
        return self._tensor


def to_tensor(image: Image, box: Letterbox) -> Tensor:
    """Make YOLOv8's input of a picture: float32 [1, 3, height, width], RGB, 0..1, in memory of its own."""
    return Canvas(box).fill(image)
