"""A file from the web: taken up where it broke off, checked, and put in its place whole or not at all."""

import fcntl
import hashlib
import re
import time
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import BinaryIO
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from vigie.errors import DownloadError

ATTEMPTS = 4
MAX_BYTES = 500_000_000

_TIMEOUT_S = 30
_CHUNK = 1 << 16
_PARTIAL, _RANGE_NOT_SATISFIABLE, _SERVER_ERRORS = 206, 416, 500
_TOO_MANY_REQUESTS = 429


class _BrokenOff(Exception):  # noqa: N818 - not a failure yet: the next attempt goes on from there
    """The connection ended before the file did."""


def download(
    url: str,
    target: Path,
    *,
    sha256: str | None = None,
    check: Callable[[Path], None] | None = None,
    attempts: int = ATTEMPTS,
    pause_s: float = 1.0,
) -> None:
    """Fetch `url` into `target`.

    What came before a connection broke waits in `target`.part, also for the next call, and is completed by a
    Range request when the server says that its file is still the same (ETag or Last-Modified). `check` may
    look at the complete file, and raise, before it takes its place.

    Raises:
        DownloadError: the server has no such file, gave something else, or broke off at every attempt.

    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + ".part")
        with part.open("a+b") as file:
            _lock(file, part)
            _fetch_all(url, file, validator=_validator_of(part), attempts=attempts, pause_s=pause_s)
            try:
                _check_hash(file, url=url, sha256=sha256)
                if check:
                    check(part)
            except Exception:
                _forget(part)  # a whole file that is wrong gets no better by resuming
                raise
            part.replace(target)
            _validator_of(part).unlink(missing_ok=True)
    except OSError as error:
        raise DownloadError(f"{target} cannot be written: {error.strerror or error}") from error


def _lock(file: BinaryIO, part: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise DownloadError(f"{part} is being written by another download") from error


def _fetch_all(url: str, file: BinaryIO, *, validator: Path, attempts: int, pause_s: float) -> None:
    for attempt in range(1, attempts + 1):
        try:
            _fetch_rest(url, file, validator)
        except _BrokenOff as error:
            if attempt == attempts:
                raise DownloadError(f"{url}: {error}, at each of {attempts} attempts") from error
            time.sleep(pause_s * 2 ** (attempt - 1))
        else:
            return


def _fetch_rest(url: str, file: BinaryIO, validator: Path) -> None:
    """Ask for what is missing after what `file` holds, and append it."""
    have, same = file.seek(0, 2), _read_text(validator)
    if have and not same:
        have = _start_over(file)  # nothing tells whether the server's file is still the one we have a part of
    headers = {"Range": f"bytes={have}-", "If-Range": same} if have else {}
    try:
        request = Request(url, headers=headers)  # noqa: S310 - the operator's own address
        with urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
            _append(answer, file, have=have, validator=validator)
    except HTTPError as error:
        error.close()  # it holds the connection open
        if error.code == _RANGE_NOT_SATISFIABLE and have:
            _start_over(file)
            raise _BrokenOff("the server refused to go on") from error
        if error.code >= _SERVER_ERRORS or error.code == _TOO_MANY_REQUESTS:
            raise _BrokenOff(f"HTTP {error.code} {error.reason}") from error
        raise DownloadError(f"{url}: HTTP {error.code} {error.reason}") from error
    except HTTPException as error:
        raise _BrokenOff(f"no HTTP answer ({error!r})") from error
    except ValueError as error:
        raise DownloadError(f"{url!r} is no address: {error}") from error
    except OSError as error:
        raise _BrokenOff(f"no answer ({getattr(error, 'reason', error)})") from error


def _append(answer: HTTPResponse, file: BinaryIO, *, have: int, validator: Path) -> None:
    if answer.status == _PARTIAL:
        match = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", answer.headers.get("Content-Range", ""))
        if not match or int(match[1]) != have:
            _start_over(file)
            raise _BrokenOff("the server went on at another place")
        total: int | None = int(match[2])
    else:
        have = _start_over(file)
        length = answer.headers.get("Content-Length")
        total = int(length) if length else None
    same = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
    # A weak tag is no proof that the bytes are the same: RFC 9110 forbids it in If-Range.
    validator.write_text("" if same.startswith("W/") else same, encoding="utf-8")
    while chunk := answer.read(_CHUNK):
        have += len(chunk)
        if have > MAX_BYTES:
            raise DownloadError(f"{answer.url}: more than {MAX_BYTES} bytes, which no model has")
        _write(file, chunk)
    if total is not None and have != total:
        raise _BrokenOff(f"broke off after {have} of {total} bytes")


def _write(file: BinaryIO, chunk: bytes) -> None:
    """Tell a full disk, which no further attempt empties, from the network's failures."""
    try:
        file.write(chunk)
        file.flush()
    except OSError as error:
        raise DownloadError(f"{file.name} cannot be written: {error.strerror}") from error


def _check_hash(file: BinaryIO, *, url: str, sha256: str | None) -> None:
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    found = digest.hexdigest()
    if sha256 and found != sha256.lower():
        raise DownloadError(f"{url}: what came has the SHA-256 {found}, {sha256} is expected")


def _validator_of(part: Path) -> Path:
    return part.with_name(part.name + ".etag")


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _validator_of(part).unlink(missing_ok=True)


def _read_text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _start_over(file: BinaryIO) -> int:
    file.truncate(0)
    return 0
