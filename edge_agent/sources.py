"""What a camera's `source` is: a file, or a live stream by its scheme; and whether it must stay hidden."""

import re
from enum import Enum

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


class SourceKind(Enum):
    """How pictures come: a file ends and has a time of its own, the others go on and arrive."""

    FILE = "file"
    RTSP = "rtsp"
    HTTP = "http"
    HLS = "hls"

    @property
    def is_live(self) -> bool:
        """Whether it goes on for ever, so that an end is a fault."""
        return self is not SourceKind.FILE

    @property
    def takes_headers(self) -> bool:
        """Whether HTTP headers can be sent."""
        return self in {SourceKind.HTTP, SourceKind.HLS}


def kind_of(source: str) -> SourceKind:
    """Tell the kind of a source.

    Raises:
        ValueError: the scheme is none that the agent speaks; the sentence names the scheme alone.

    """
    match = _SCHEME.match(source)
    if match is None:
        return SourceKind.FILE
    match match[1].lower():
        case "rtsp" | "rtsps":
            return SourceKind.RTSP
        case "http" | "https":
            path = re.split(r"[?#]", source, maxsplit=1)[0]
            return SourceKind.HLS if path.lower().endswith(".m3u8") else SourceKind.HTTP
        case scheme:
            raise ValueError(
                f"source begins with {scheme}://; rtsp://, rtsps://, http://, https:// "
                "and the path of a file are allowed"
            )
