"""What a camera's `source` is: a file, a folder (it ends in `/`), a USB camera, or a stream by its scheme."""

import re
from enum import Enum

USB_PREFIX = "usb:"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
# What a person who mistyped a URL may have written: with one slash, without the colon, in the wrong case.
_NEARLY_A_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/|(?:rtsps?|https?)//", re.IGNORECASE)
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.%]+\]|[\w-]+(?:\.[\w-]+)+|localhost)(?::\d*)?")


class SourceKind(Enum):
    """How pictures come: files and folders end and have a time of their own, the others go on and arrive."""

    FILE = "file"
    FOLDER = "folder"
    RTSP = "rtsp"
    HTTP = "http"
    HLS = "hls"
    USB = "usb"

    @property
    def is_live(self) -> bool:
        """Whether it goes on for ever, so that an end is a fault."""
        return self not in {SourceKind.FILE, SourceKind.FOLDER}

    @property
    def is_url(self) -> bool:
        """Whether it is reached by a URL, any part of which may be a secret."""
        return self in {SourceKind.RTSP, SourceKind.HTTP, SourceKind.HLS}

    @property
    def has_keyframes(self) -> bool:
        """Whether most of its pictures build on others; a file's must all be decoded, to be exact in time."""
        return self in {SourceKind.RTSP, SourceKind.HTTP, SourceKind.HLS}

    @property
    def takes_headers(self) -> bool:
        """Whether HTTP headers can be sent."""
        return self in {SourceKind.HTTP, SourceKind.HLS}


def kind_of(source: str) -> SourceKind:
    """Tell the kind of a source.

    Raises:
        ValueError: the scheme is none that the agent speaks; the sentence names the scheme alone.

    """
    if source.startswith(USB_PREFIX):
        return SourceKind.USB
    match = _SCHEME.match(source)
    if match is None:
        return SourceKind.FOLDER if source.endswith("/") else SourceKind.FILE
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


def check_source_text(source: str) -> None:
    """Refuse what is empty, cannot be printed, or may hold a password where nobody would look for one.

    A URL that is written wrongly reads as the path of a file, which sentences show.

    Raises:
        ValueError: a sentence that repeats nothing of the source but a scheme.

    """
    if not source.strip():
        raise ValueError("source is empty; the path of a file or a URL is needed")
    if not source.isprintable():
        raise ValueError("source holds a line break or another character that cannot be printed")
    if kind_of(source) in {SourceKind.FILE, SourceKind.FOLDER, SourceKind.USB}:
        _check_path(source.removeprefix(USB_PREFIX))
    else:
        _check_userinfo(source.partition("://")[2])


def _check_path(path: str) -> None:
    before_at, at, _ = path.rpartition("@")
    if at and ":" in before_at:
        raise ValueError(
            "source reads as a file, but has a ':' before an '@' as an address with a password has; "
            "a URL begins with rtsp:// or so"
        )
    if _NEARLY_A_SCHEME.match(path.strip()):
        raise ValueError("source reads as a file, but begins like a URL; a URL begins with rtsp:// or so")


def _check_userinfo(address: str) -> None:
    """Refuse a password that ends the userinfo too early: what follows would count as path, and be shown."""
    authority = re.split(r"[/?#]", address, maxsplit=1)[0]
    if "@" not in address[len(authority) :] or ":" not in authority:
        return
    if not _HOST.fullmatch(authority.rpartition("@")[2]):
        raise ValueError(
            "source has a / ? or # before an '@'; in a password percent-encode it: %2F for /, %3F for ?, "
            "%23 for #"
        )
