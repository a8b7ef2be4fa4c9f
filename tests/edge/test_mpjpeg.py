import pytest

from edge_agent.mpjpeg import MpjpegReader
from vigie.errors import SourceError

PICTURES = [
    b"\xff\xd8one\xff\xd9",
    b"\xff\xd8--ffmpeg\r\nContent-length: 3\r\n\r\n\xff\xd9",
    b"\xff\xd8" + bytes(5000),
]


def stream(pictures: list[bytes]) -> bytes:
    parts = [
        b"Content-type: image/jpeg\r\nContent-length: %d\r\n\r\n" % len(picture)
        + picture
        + b"\r\n--ffmpeg\r\n"
        for picture in pictures
    ]
    return b"--ffmpeg\r\n" + b"".join(parts)


@pytest.mark.parametrize("size", [1, 2, 7, 64, 100_000])
def test_pictures_whatever_the_chunks(size: int) -> None:
    reader, data, found = MpjpegReader(), stream(PICTURES), []
    for begin in range(0, len(data), size):
        found += reader.feed(data[begin : begin + size])
    reader.finish()
    assert found == PICTURES


def test_an_empty_stream_is_no_fault() -> None:
    MpjpegReader().finish()


GARBAGE = [
    ("no boundary", b"HTTP/1.1 200 OK\r\n", "begins with garbage"),
    ("another boundary", b"--frame\r\n", "begins with garbage"),
    ("not a picture", b"--ffmpeg\r\nContent-type: text/html\r\n\r\n", "garbage where a picture should begin"),
    ("no length", b"--ffmpeg\r\nContent-type: image/jpeg\r\n\r\n", "garbage where a picture should begin"),
    ("an endless header", b"--ffmpeg\r\n" + b"x" * 600, "garbage where a picture should begin"),
    ("a wrong length", stream([b"abcdef"]).replace(b": 6", b": 4"), "garbage where a picture should end"),
    (
        "oversize",
        stream([]) + b"Content-type: image/jpeg\r\nContent-length: 9001\r\n\r\n",
        "9001 bytes is larger",
    ),
]


@pytest.mark.parametrize(("why", "data", "sentence"), GARBAGE)
def test_garbage_raises(why: str, data: bytes, sentence: str) -> None:
    with pytest.raises(SourceError, match=sentence):
        MpjpegReader(most_bytes=9000).feed(data)


def test_an_end_inside_a_picture_raises() -> None:
    reader = MpjpegReader()
    assert reader.feed(stream(PICTURES)[:-20]) == PICTURES[:2]
    with pytest.raises(SourceError, match="ended inside a picture"):
        reader.finish()
