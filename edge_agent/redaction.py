"""Keeps credentials out of every text that leaves the agent: logs, errors, status, ffmpeg's own words.

Two nets: values that are known to be secret, wherever they stand; and the places of a URL where
credentials live, for those that nobody told us of.
"""

import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus, unquote

HIDDEN = "***"
# A shorter value would tear holes into ordinary words; in a URL the second net still hides it.
_SHORTEST = 3

# Greedy up to the last @ before the path: a password may hold an @ that nobody encoded.
_USERINFO = re.compile(r"(://)[^\s/?#'\"]*@")
# A raw / ? # in a password ends the userinfo too early; nobody can tell then what of the URL is secret.
_TORN_USERINFO = re.compile(r"(://)[^\s/?#'\"]*:[^\s/?#'\"]*[/?#][^\s'\"]*@[^\s'\"]*")
# Cameras take passwords in paths too, and nobody can tell those from a stream's name.
_BEHIND_HOST = re.compile(r"(://[^\s/?#'\"]*)([/?#])[^\s'\"]+")
# A part of a path that goes even where no URL is around it: it is long, and has letters and digits, or small
# letters and capitals; `live-stream-main.m3u8` would be one of few that are none of a token's.
_TOKEN = re.compile(r"(?=[^/]*[a-zA-Z])(?=[^/]*[0-9]|[^/]*[a-z][^/]*[A-Z]|[^/]*[A-Z][^/]*[a-z])[^/]{12,}")
_SHORTEST_TOKEN = 6
_SHORTEST_PATH = 12


def redact_urls(text: str) -> str:
    """Hide `user:password@`, and all that stands behind the host, in every URL of a text.

    A URL whose password may go on behind a raw / ? or # is hidden as a whole.
    """
    text = _TORN_USERINFO.sub(rf"\g<1>{HIDDEN}", text)
    return _BEHIND_HOST.sub(rf"\g<1>\g<2>{HIDDEN}", _USERINFO.sub(rf"\g<1>{HIDDEN}@", text))


def credentials_in(url: str) -> tuple[str, ...]:
    """Return the password of a URL, and its user: ffmpeg may say them without the URL around them."""
    # By hand and not by urlsplit alone, which raises on hosts that a person mistyped.
    authority = re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]
    userinfo, at, _ = authority.rpartition("@")
    user, _, password = userinfo.partition(":")
    return tuple(part for part in (password, user) if part) if at else ()


def tokens_in(url: str) -> tuple[str, ...]:
    """Return what may be a token in a URL's path and query, where cameras and their clouds put them.

    A path of some length is one as a whole; the parts of it and of the query are where they look like one.
    """
    address, _, query = url.partition("://")[2].partition("#")[0].partition("?")
    path = "/" + address.partition("/")[2]
    parts = [part for part in path.split("/") if _TOKEN.fullmatch(part)]
    values = [part.partition("=")[2] or part for part in query.split("&")]
    return (
        *([path] if len(path) >= _SHORTEST_PATH else []),
        *parts,
        *(value for value in values if len(value) >= _SHORTEST_TOKEN),
    )


class Redactor:
    """Hides known secrets, as written and URL-encoded, and the private parts of URLs."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {
            form
            for secret in secrets
            for form in (secret, unquote(secret), quote(secret, safe=""), quote_plus(secret))
            if len(form) >= _SHORTEST
        }
        # Longest first: a secret may hold another one.
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._known = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def __call__(self, text: str) -> str:
        """Return the text without credentials."""
        return redact_urls(self._known.sub(HIDDEN, text) if self._known else text)
