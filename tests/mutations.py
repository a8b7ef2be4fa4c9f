"""JPEGs as a broken camera, a bad line or a stranger makes them: real ones, cut, flipped, forged, spliced."""

import io
import struct
from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from PIL import Image as Pillow

_END = b"\xff\xd9"
_MARKERS = (0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xC9, 0xD0, 0xD8, 0xD9, 0xDA, 0xDB, 0xDC, 0xDD, 0xE1, 0xEE, 0xFE)
_SIDES = (0, 1, 7, 8, 16, 640, 4000, 8000, 20_000, 65_535)
_BEGIN = 20
_HEADER = 700  # bytes; most of what is not picture data lies there


@cache
def seeds() -> tuple[bytes, ...]:
    """Small JPEGs of every kind that is read."""
    rng = np.random.default_rng(5)
    coarse = rng.integers(0, 256, (9, 12, 3), np.uint8)
    image = cv2.resize(coarse, (160, 120), interpolation=cv2.INTER_CUBIC).astype(np.uint8, copy=False)
    options = (
        (),
        (cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        (cv2.IMWRITE_JPEG_RST_INTERVAL, 4),
        (cv2.IMWRITE_JPEG_QUALITY, 20, cv2.IMWRITE_JPEG_OPTIMIZE, 1),
    )
    made = [_encode(image, *some) for some in options]
    made.append(_encode(image[:, :, 0]))
    made.append(_encode(image[:24, :24]))
    cmyk = io.BytesIO()
    Pillow.fromarray(image).convert("CMYK").save(cmyk, "JPEG", progressive=True)
    made.append(cmyk.getvalue())
    entry = struct.pack(">HHHIHH", 1, 0x0112, 3, 1, 6, 0)
    exif = b"Exif\0\0MM\0\x2a\0\0\0\x08" + entry + bytes(4)
    made.append(made[0][:2] + struct.pack(">BBH", 0xFF, 0xE1, len(exif) + 2) + exif + made[0][2:])
    return tuple(made)


def _encode(image: npt.NDArray[np.integer[Any]], *options: int) -> bytes:
    done, content = cv2.imencode(".jpg", image, options)
    assert done
    return content.tobytes()


@st.composite
def mutated_jpegs(draw: DrawFn) -> bytes:
    """Draw a JPEG that went through one to five accidents; often its end marker is put right again."""
    content = draw(st.sampled_from(seeds()))
    for _ in range(draw(st.integers(1, 5))):
        content = draw(st.sampled_from(_ACCIDENTS))(draw, content)
    if not content.endswith(_END) and draw(st.integers(0, 3)):
        content += _END  # or nearly all would end as "cut short"
    return content


def _place(content: bytes, *, header: bool = False) -> SearchStrategy[int]:
    end = min(len(content), _HEADER) if header else len(content)
    # The first bytes mostly stay, or most would end as "no JPEG" and "empty".
    return st.one_of(*[st.integers(min(_BEGIN, end), end)] * 9, st.integers(0, end))


def _cut(draw: DrawFn, content: bytes) -> bytes:
    return content[: draw(_place(content))]


def _drop(draw: DrawFn, content: bytes) -> bytes:
    at = draw(_place(content))
    return content[:at] + content[at + draw(st.integers(1, 2000)) :]


def _flip(draw: DrawFn, content: bytes) -> bytes:
    changed = bytearray(content)
    for at in draw(st.lists(_place(content, header=draw(st.booleans())), max_size=8)):
        if at < len(changed):
            changed[at] ^= 1 << draw(st.integers(0, 7))
    return bytes(changed)


def _overwrite(draw: DrawFn, content: bytes) -> bytes:
    at = draw(_place(content, header=True))
    new = draw(st.binary(min_size=1, max_size=12))
    return content[:at] + new + content[at + len(new) :]


def _insert(draw: DrawFn, content: bytes) -> bytes:
    at = draw(_place(content))
    return content[:at] + draw(st.binary(max_size=64)) + content[at:]


def _forge_size(draw: DrawFn, content: bytes) -> bytes:
    for marker in (b"\xff\xc0", b"\xff\xc2"):
        at = content.find(marker)
        if at >= 0:
            size = struct.pack(">HH", draw(st.sampled_from(_SIDES)), draw(st.sampled_from(_SIDES)))
            return content[: at + 5] + size + content[at + 9 :]
    return content


def _forge_marker(draw: DrawFn, content: bytes) -> bytes:
    places = [n for n in range(len(content) - 1) if content[n] == 0xFF and content[n + 1] not in {0, 0xFF}]
    if not places:
        return content
    at = draw(st.sampled_from(places)) + 1
    return content[:at] + bytes([draw(st.sampled_from(_MARKERS))]) + content[at + 1 :]


def _forge_segment(draw: DrawFn, content: bytes) -> bytes:
    """Put in a segment of any kind, whose length may be a lie."""
    payload = draw(st.binary(max_size=40))
    length = draw(st.one_of(st.just(len(payload) + 2), st.integers(0, 65_535)))
    segment = struct.pack(">BBH", 0xFF, draw(st.sampled_from(_MARKERS)), length) + payload
    at = draw(st.sampled_from([2, content.find(b"\xff\xda"), len(content) - 2]))
    return content[: max(at, 0)] + segment + content[max(at, 0) :]


def _splice(draw: DrawFn, content: bytes) -> bytes:
    """Go on with the rest of another picture."""
    other = draw(st.sampled_from(seeds()))
    return content[: draw(_place(content))] + other[draw(_place(other)) :]


def _repeat(draw: DrawFn, content: bytes) -> bytes:
    """Repeat the last scan, as a bomb does."""
    at = content.rfind(b"\xff\xda")
    if at < 0 or len(content) > 2_000_000:
        return content
    return content[:at] + content[at : len(content) - 2] * draw(st.sampled_from((2, 5, 40, 300))) + _END


_ACCIDENTS = (
    _cut,
    _drop,
    _flip,
    _overwrite,
    _insert,
    _forge_size,
    _forge_marker,
    _forge_segment,
    _splice,
    _repeat,
)
