"""Pictures: JPEG bytes to an upright picture, and the picture to a model's input (the letterbox)."""

import io
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL.Image import Image, Resampling, Transpose
from PIL.JpegImagePlugin import JpegImageFile

from vigie.domain.frames import MAX_JPEG_BYTES
from vigie.errors import PictureError
from vigie.vision.headers import MAX_PIXELS, JpegHeader, picture_data, read_header

Tensor = npt.NDArray[np.float32]

# libjpeg leaves out the highest frequencies instead of computing pixels that are averaged away at once.
_REDUCED = (8, 4, 2)
_PADDING = 114  # the grey with which YOLOv8 and YOLOX were trained
# What is left to scale by after a quarter or an eighth is next to nothing, or so much that it is a step of
# its own: pictures five times as large, quartered and scaled by 1.25, lost 0.006 of AP50-95.
# After a half it may be anything.
_NEARLY, _AGAIN = 1.1, 2.0
_GREY = (128, 128, 128)  # what libjpeg paints where data ended early
_END = b"\xff\xd9"
_PROBE = bytes(range(1, 255)) * 20  # holds no marker
_UPRIGHT = {  # what undoes an EXIF orientation; see CIPA DC-008, tag 274
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}


def decode_jpeg(jpeg: bytes, *, max_bytes: int = MAX_JPEG_BYTES, max_pixels: int = MAX_PIXELS) -> Image:
    """Decode a JPEG, turned upright as its EXIF orientation says; of mode RGB.

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
    divisor = _reduction(header.size, least)
    data = picture_data(jpeg, header)
    image = _decode(data + _END, header, divisor)
    # When data ends early libjpeg leaves the rest in middle grey, down to the last pixel. A scene may be grey
    # too, so a second look decides: bytes put before the end marker are ignored when nothing is missing, and
    # become pixels when something is. In pictures of several scans what is missing leaves no such trace.
    ends_in_grey = header.scans == 1 and image.getpixel((image.width - 1, image.height - 1)) == _GREY
    if ends_in_grey and image.tobytes() != _decode(data + _PROBE + _END, header, divisor).tobytes():
        raise PictureError("damaged JPEG: data is missing, the picture ends in grey")
    turn = _UPRIGHT.get(header.orientation)
    return image if turn is None else image.transpose(turn)


def _reduction(size: tuple[int, int], least: tuple[int, int] | None) -> int:
    if least is not None:
        for divisor in _REDUCED:
            rest = min(size[0] / (least[0] * divisor), size[1] / (least[1] * divisor))
            if rest >= _AGAIN or 1 <= rest <= _NEARLY or (rest >= 1 and divisor == min(_REDUCED)):
                return divisor
    return 1


def _decode(jpeg: bytes, header: JpegHeader, divisor: int) -> Image:
    stored = header.stored_width, header.stored_height
    try:
        # By its class: `Image.open` would look for other formats, and for several pictures in one file.
        image = JpegImageFile(io.BytesIO(jpeg))
        if image.size != stored:  # two frame headers, say; before memory is taken for what may be a bomb
            raise PictureError(f"damaged JPEG: {stored[0]}x{stored[1]} in its header, other in its data")
        # Of the scales that give at least this size `draft` takes the smallest: the divisor's.
        image.draft("RGB", (stored[0] // divisor, stored[1] // divisor))
        image.load()
    except (OSError, SyntaxError, ValueError) as error:
        raise PictureError(f"damaged JPEG: it cannot be decoded ({error})") from error
    return image if image.mode == "RGB" else image.convert("RGB")


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

    `scale` multiplies the pixels 0..255; `bands` is the order of colours that the model wants.
    """

    def __init__(self, box: Letterbox, *, scale: float = 1 / 255, bands: str = "RGB") -> None:
        self._scale = np.float32(scale)
        shape = (1, 3, box.input_height, box.input_width)
        # The padding is written once: pictures only ever touch what lies inside.
        self._tensor = np.full(shape, np.float32(_PADDING) * self._scale, np.float32)
        self._inside = self._tensor[
            0, :, box.top : box.top + box.inner_height, box.left : box.left + box.inner_width
        ]
        self._size = (box.inner_width, box.inner_height)
        self._bands = bands

    def fill(self, image: Image) -> Tensor:
        """Show a picture: the same tensor every time, good until the next call."""
        write_planes(resize(image, self._size), self._inside, bands=self._bands, scale=self._scale)
        return self._tensor


def write_planes(image: Image, planes: Tensor, *, bands: str, scale: np.float32) -> None:
    """Write a picture's bands ("RGB", in any order), times `scale`, into planes [3, height, width]."""
    for band, plane in zip(bands, planes, strict=True):
        # A band at a time: half the time of an array of all three and its strided reading.
        pixels = np.frombuffer(image.tobytes("raw", band), np.uint8).reshape(plane.shape)
        np.multiply(pixels, scale, out=plane)


def resize(image: Image, size: tuple[int, int]) -> Image:
    """Scale a picture, up or down; the picture itself where nothing is to do.

    Scaled down, every pixel counts, where OpenCV's INTER_LINEAR looks at four. What is twice as large or more
    is first brought below that by the mean of whole squares, in a third of the time.
    """
    return image if image.size == size else image.resize(size, Resampling.BILINEAR, reducing_gap=1.0)


def to_tensor(image: Image, box: Letterbox) -> Tensor:
    """Make YOLOv8's input of a picture: float32 [1, 3, height, width], RGB, 0..1, in memory of its own."""
    return Canvas(box).fill(image)
