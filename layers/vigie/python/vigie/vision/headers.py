"""What a JPEG says of itself before a pixel is decoded: its markers, walked from the first to the last.

Everything that bounds the work of decoding is held here, since libjpeg itself knows no limit. See ITU-T T.81,
annex B, for the markers, and https://www.w3.org/Graphics/JPEG/itu-t81.pdf for its text.
"""

import re
import struct
from dataclasses import dataclass

from vigie.domain.frames import MAX_JPEG_BYTES
from vigie.errors import PictureError

MAX_PIXELS = 40_000_000
MIN_SIDE = 8  # pixels; below it nothing could be recognised, and the letterbox would only blow up noise
# What bounds the time: libjpeg goes over the whole picture once for each scan, some 0.7 ns a pixel, however
# few bytes the scan has; encoders write ten. Together with the limits on bytes and pixels: a second or so.
MAX_SCANS = 100
MAX_SCANNED_PIXELS = 500_000_000
MAX_SEGMENTS = 10_000

_SOI = b"\xff\xd8\xff"
_EOI, _SOS, _APP1 = 0xD9, 0xDA, 0xE1
# What others wrote beside the picture: APP1 to APP13, APP15, comments. APP0 (JFIF) and APP14 (Adobe) say how
# the colours are stored.
_NOTES = (frozenset(range(0xE1, 0xF0)) - {0xEE}) | {0xFE}
_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # DHT, JPG and DAC lie in between
_PROCESSES = {0xC0: "baseline", 0xC1: "extended", 0xC2: "progressive", 0xC9: "arithmetic", 0xCA: "arithmetic"}
_SAMPLE_BITS = 8
# A marker that ends a scan or opens a segment: no stuffed FF00, no fill byte, none of those without content.
_MARKER = re.compile(rb"\xff[\x02-\xcf\xd9-\xfe]")
_EXIF = b"Exif\0\0"
_ORIENTATION, _SHORT = 0x0112, 3  # a tag of the first directory, and the type of its value
_UPRIGHT = 1
_TURNED = frozenset({5, 6, 7, 8})  # orientations that swap width and height


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """Size as stored, in pixels; EXIF orientation, 1 to 8; number of scans; where the end marker begins.

    `notes` are the places, from and to, of segments before the picture that say nothing of its pixels.
    """

    stored_width: int
    stored_height: int
    orientation: int
    scans: int
    end: int
    notes: tuple[tuple[int, int], ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright picture."""
        if self.orientation in _TURNED:
            return self.stored_height, self.stored_width
        return self.stored_width, self.stored_height


def read_header(jpeg: bytes, *, max_bytes: int = MAX_JPEG_BYTES, max_pixels: int = MAX_PIXELS) -> JpegHeader:
    """Walk the markers to the end, and hold the picture against the limits.

    libjpeg paints what is missing of a picture cut short grey and says nothing that a caller can hear, so
    the end marker must be there. Bytes after it are nobody's business.

    Raises:
        PictureError: empty, no JPEG, cut short, too large, too small, too slow, or of a kind not read.

    """
    if not jpeg:
        raise PictureError("empty object")
    if len(jpeg) > max_bytes:
        raise PictureError(f"{len(jpeg)} bytes, at most {max_bytes} are read")
    if not jpeg.startswith(_SOI):
        raise PictureError(f"no JPEG: begins with {jpeg[:8]!r}")
    header = _walk(jpeg)
    width, height = header.stored_width, header.stored_height
    if width * height > max_pixels:
        raise PictureError(f"{width}x{height} pixels, at most {max_pixels} are decoded")
    if min(width, height) < MIN_SIDE:
        raise PictureError(
            f"{width}x{height} pixels, too small to show anything: {MIN_SIDE}x{MIN_SIDE} at least"
        )
    if header.scans > MAX_SCANS:
        raise PictureError(f"{header.scans} scans, at most {MAX_SCANS} are decoded")
    if width * height * header.scans > MAX_SCANNED_PIXELS:
        raise PictureError(
            f"{width}x{height} pixels in {header.scans} scans, at most {MAX_SCANNED_PIXELS} pixels in all "
            "scans together are decoded"
        )
    return header


def picture_data(jpeg: bytes, header: JpegHeader) -> bytes:
    """Return the JPEG without what is none of a decoder's business, and without its end marker.

    Pillow would read EXIF and others' notes while it opens a file, complain of what is wrong in them, and
    take its time over thousands.
    """
    if not header.notes:
        return jpeg[: header.end]
    starts = (0, *(end for _, end in header.notes))
    ends = (*(begin for begin, _ in header.notes), header.end)
    return b"".join(jpeg[begin:end] for begin, end in zip(starts, ends, strict=True))


def _walk(jpeg: bytes) -> JpegHeader:
    size: tuple[int, int] | None = None
    orientation: int | None = None
    notes = []
    scans = segments = 0
    position = len(_SOI) - 1
    while match := _MARKER.search(jpeg, position):
        marker, position = jpeg[match.start() + 1], match.end()
        if marker == _EOI:
            break
        segments += 1
        if segments > MAX_SEGMENTS:
            raise PictureError(f"more than {MAX_SEGMENTS} segments, no camera writes as many")
        length = int.from_bytes(jpeg[position : position + 2])
        segment = jpeg[position + 2 : position + length] if marker in _SOF or marker == _APP1 else b""
        if marker in _SOF and size is None:
            size = _frame_size(marker, segment)
        elif marker == _APP1 and orientation is None and segment.startswith(_EXIF):
            orientation = _exif_orientation(segment[len(_EXIF) :])
        elif marker == _SOS:
            scans += 1
        position += max(length, 2)
        if marker in _NOTES and not scans:
            notes.append((match.start(), position))
    else:
        raise PictureError(f"cut short: a JPEG of {len(jpeg)} bytes without its end marker")
    if size is None or not scans:
        raise PictureError("damaged JPEG: no picture between its begin and end markers")
    return JpegHeader(*size, orientation or _UPRIGHT, scans, match.start(), tuple(notes))


def _frame_size(marker: int, segment: bytes) -> tuple[int, int]:
    """Read width and height of a frame header: precision (1 byte), height (2), width (2), components."""
    if marker not in _PROCESSES:
        raise PictureError(f"a JPEG of a kind that is not read (marker FF{marker:02X}): lossless or layered")
    bits, height, width = struct.unpack_from(">BHH", segment.ljust(5, b"\0"))
    if bits != _SAMPLE_BITS:
        raise PictureError(f"a JPEG of {bits} bits a sample, only {_SAMPLE_BITS} are read")
    return width, height


def _exif_orientation(tiff: bytes) -> int:
    """Find the orientation in the first directory of EXIF's TIFF block; upright when there is none."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return _UPRIGHT
    try:
        (directory,) = struct.unpack_from(order + "4xI", tiff)
        (entries,) = struct.unpack_from(order + "H", tiff, directory)
        for number in range(entries):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", tiff, directory + 2 + 12 * number)
            if tag == _ORIENTATION and kind == _SHORT:
                return value if _UPRIGHT <= value <= max(_TURNED) else _UPRIGHT
    except struct.error:  # an offset that points outside: damaged EXIF turns nothing
        pass
    return _UPRIGHT
