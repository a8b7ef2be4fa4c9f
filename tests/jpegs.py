"""Small JPEGs of every kind, made and forged."""

import io
import struct

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow

Pixels = npt.NDArray[
    np.uint8
]  # [height, width, 3], blue, green, red: as OpenCV, the tests' own reader, has it


def pixels_of(image: Pillow.Image) -> Pixels:
    assert image.mode == "RGB"
    return np.ascontiguousarray(np.asarray(image)[:, :, ::-1])


def image_of(pixels: Pixels) -> Pillow.Image:
    return Pillow.fromarray(np.ascontiguousarray(pixels[:, :, ::-1]))


def picture(width: int = 64, height: int = 48) -> Pixels:
    """Smooth, with a red patch in the upper left corner."""
    image = np.full((height, width, 3), 90, np.uint8)
    image[: height // 3, : width // 3] = (0, 0, 255)
    return image


def jpeg(image: Pixels, *options: int) -> bytes:
    done, content = cv2.imencode(".jpg", image, options)
    assert done
    return content.tobytes()


def with_size(content: bytes, width: int, height: int) -> bytes:
    """Forge the header's size."""
    sof = content.index(b"\xff\xc0")
    return content[: sof + 5] + struct.pack(">HH", height, width) + content[sof + 9 :]


def with_second_frame(content: bytes, width: int, height: int) -> bytes:
    """Forge a second frame header, of another size, behind the first."""
    sof = content.index(b"\xff\xc0")
    end = sof + 2 + int.from_bytes(content[sof + 2 : sof + 4])
    return content[:end] + with_size(content, width, height)[sof:end] + content[end:]


def with_segment(content: bytes, marker: int, payload: bytes) -> bytes:
    return content[:2] + struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload + content[2:]


def with_orientation(content: bytes, orientation: int) -> bytes:
    entry = struct.pack(">HHHIHH", 1, 0x0112, 3, 1, orientation, 0)  # one entry: tag, SHORT, one value
    return with_segment(content, 0xE1, b"Exif\0\0" + b"MM\0\x2a\0\0\0\x08" + entry + b"\0\0\0\0")


def pillow(mode: str, **options: object) -> bytes:
    """Write the picture by Pillow, which knows colour spaces that OpenCV only reads."""
    content = io.BytesIO()
    Pillow.fromarray(picture()[:, :, ::-1]).convert(mode).save(content, "JPEG", **options)
    return content.getvalue()


def with_scans(content: bytes, count: int) -> bytes:
    """Repeat the last scan of a progressive JPEG."""
    last = content[content.rindex(b"\xff\xda") : -2]
    return content[:-2] + last * count + content[-2:]


def with_frame(content: bytes, marker: int, bits: int) -> bytes:
    """Forge the frame header's kind and the bits of a sample."""
    sof = content.index(b"\xff\xc0")
    return (
        content[: sof + 1] + bytes([marker]) + content[sof + 2 : sof + 4] + bytes([bits]) + content[sof + 5 :]
    )


def noise(width: int = 320, height: int = 240, *options: int) -> bytes:
    pixels = np.random.default_rng(3).integers(0, 256, (height, width, 3), np.uint8)
    return jpeg(cv2.GaussianBlur(pixels, (0, 0), 2).astype(np.uint8, copy=False), *options)


def without_middle(content: bytes, count: int) -> bytes:
    """Drop bytes in the middle of the last scan; the end marker stays."""
    middle = (content.rindex(b"\xff\xda") + len(content)) // 2
    return content[:middle] + content[middle + count :]


PLAIN = jpeg(picture())
PROGRESSIVE = jpeg(picture(), cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
THUMBNAIL = b"\xff\xd8\xff\xc0\x00\x0b\x08\x4e\x20\x4e\x20\x01\xff\xda\xff\xd9"
