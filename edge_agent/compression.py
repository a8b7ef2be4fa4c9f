"""Keeps a frame within its share of bytes: one that is too large is compressed harder before it is spooled.

ffmpeg compresses every picture with one quantisation, which makes what a noisy sensor sends at night three
times as large as the same room by day. Noise is what a coarser quantisation takes first.
"""

import struct

import cv2
import numpy as np

KIB = 1024
_RAW_SHARE = 15  # a picture of three bytes a pixel is at least so many times as large as its frame
# By how much a picture is too large, and the finest of libjpeg's qualities with which no such picture stayed
# so: 346 noisy ones of 320x180 to 1280x720, made by ffmpeg at its quality 4. One try suffices, as a rule.
_QUALITIES = (
    (1.15, 70),
    (1.35, 64),
    (1.6, 57),
    (1.9, 45),
    (2.2, 40),
    (2.6, 34),
    (3.1, 27),
    (4.0, 20),
    (5.0, 14),
)
_COARSEST = 10
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # DHT, JPG and DAC lie in between
_START_OF_SCAN = 0xDA


def within_share(jpeg: bytes, *, max_kib: int | None = None) -> bytes:
    """Return the picture in at most `max_kib` KiB, or a fifteenth of its raw bytes when that is left out.

    Width and height stay. What is small enough, or cannot be read, is returned as it is; so is what even
    the coarsest quality leaves too large, in that quality.
    """
    most = _share(jpeg) if max_kib is None else max_kib * KIB
    if not most or len(jpeg) <= most:  # a picture of four pixels has a share of no byte at all
        return jpeg
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        return jpeg
    over, smallest = len(jpeg) / most, jpeg
    for quality in (*(quality for limit, quality in _QUALITIES if over <= limit), _COARSEST):
        words = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
        made, content = cv2.imencode(".jpg", picture, words)
        if made and len(content) < len(smallest):
            smallest = content.tobytes()
        if len(smallest) <= most:
            break
    return smallest


def _share(jpeg: bytes) -> int | None:
    """Return how many bytes the picture may have by its pixels; None when its header does not tell them."""
    at = 2
    while at + 9 <= len(jpeg) and jpeg[at] == 0xFF and jpeg[at + 1] != _START_OF_SCAN:
        marker, length = jpeg[at + 1], int.from_bytes(jpeg[at + 2 : at + 4])
        if marker in _START_OF_FRAME:
            height, width = struct.unpack(">HH", jpeg[at + 5 : at + 9])
            return int(height * width * 3 / _RAW_SHARE)
        at += 2 + max(length, 2)
    return None
