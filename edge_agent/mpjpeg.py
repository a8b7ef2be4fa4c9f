"""Takes pictures out of ffmpeg's `-f mpjpeg` stream: each is framed by its length, so none is ever torn.

One part looks like this, the first one preceded by `--ffmpeg` CR LF::

    Content-type: image/jpeg CR LF
    Content-length: 7980 CR LF
    CR LF
    (7980 bytes) CR LF
    --ffmpeg CR LF
"""

import re

from vigie.errors import SourceError

MOST_BYTES = 16 * 1024 * 1024
_MOST_HEADER = 512
_BOUNDARY = b"--ffmpeg\r\n"
_HEADER = re.compile(rb"Content-type: image/jpeg\r\nContent-length: ([0-9]{1,12})\r\n\r\n", re.IGNORECASE)
_HEADER_END = b"\r\n\r\n"
_PART_END = b"\r\n" + _BOUNDARY


class MpjpegReader:
    """Fed with chunks of any size, gives back the pictures that they complete.

    It is strict: a byte out of place raises, since nothing but ffmpeg writes into the pipe and what
    follows could only be guessed.
    """

    def __init__(self, *, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._buffer = bytearray()
        self._begun = False
        self._length: int | None = None

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take a chunk, return the pictures that are now whole.

        Raises:
            SourceError: the stream is not what ffmpeg writes, or a picture is larger than allowed.

        """
        self._buffer += chunk
        pictures: list[bytes] = []
        while (picture := self._next()) is not None:
            pictures.append(picture)
        return pictures

    def finish(self) -> None:
        """Say that the stream has ended.

        Raises:
            SourceError: it ended inside a picture.

        """
        if self._buffer:
            raise SourceError("ffmpeg's stream of pictures ended inside a picture")

    def _next(self) -> bytes | None:
        if not self._begun:
            if not self._skip(_BOUNDARY):
                return None
            self._begun = True
        if self._length is None:
            self._length = self._read_header()
        end = len(_PART_END) + (self._length or 0)
        if self._length is None or len(self._buffer) < end:
            return None
        picture = bytes(self._buffer[: self._length])
        if self._buffer[self._length : end] != _PART_END:
            raise SourceError("ffmpeg's stream of pictures has garbage where a picture should end")
        del self._buffer[:end]
        self._length = None
        return picture

    def _skip(self, expected: bytes) -> bool:
        head = bytes(self._buffer[: len(expected)])
        if not expected.startswith(head):
            raise SourceError("ffmpeg's stream of pictures begins with garbage")
        if len(head) < len(expected):
            return False
        del self._buffer[: len(expected)]
        return True

    def _read_header(self) -> int | None:
        end = self._buffer.find(_HEADER_END, 0, _MOST_HEADER)
        if end < 0 and len(self._buffer) < _MOST_HEADER:
            return None
        match = _HEADER.match(self._buffer)
        if match is None:
            raise SourceError("ffmpeg's stream of pictures has garbage where a picture should begin")
        length = int(match[1])
        if length > self._most_bytes:
            raise SourceError(f"a picture of {length} bytes is larger than the {self._most_bytes} allowed")
        del self._buffer[: match.end()]
        return length
