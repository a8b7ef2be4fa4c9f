"""The site document as the agent follows it: looked at by ETag, checked, kept on disk, given to the cameras.

A document that does not fit is refused and reported, and the last good one stays; so it does when the
document is gone or out of reach, also over a restart. What is refused is not read again until it has changed;
what could not be given to the cameras for a fault of ours is tried again with each look.
"""

import json
import logging
import os
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from edge_agent.status import StatusBoard
from vigie.aws.clients import translated
from vigie.aws.site_store import SITE_DOCUMENT
from vigie.documents import read_json
from vigie.domain.sites import Site
from vigie.errors import AccessDenied, CloudError, ConfigError, NotFound, Unavailable, VigieError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)

# With the jitter at most 36 s apart, so that a change arrives within a minute.
_EVERY_S = 30.0
_SPREAD = 0.2
_MOST_BYTES = 1_000_000
# Without s3:ListBucket, which agents do not have, S3 says the same of a document that is not there.
_DENIED = (
    f"either there is no {SITE_DOCUMENT}, and then one is to be put there, or follow_site = false; "
    "or s3:GetObject on it is not granted"
)


@dataclass(frozen=True, slots=True)
class Document:
    """A site document as it lies in the bucket, unread."""

    etag: str
    text: bytes


@dataclass(frozen=True, slots=True)
class Good:
    """A document that was read and found good, and what it says."""

    document: Document
    site: Site


class SiteObject:
    """The data bucket's site document."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._s3 = client
        self._bucket = bucket

    def unlike(self, etag: str | None) -> Document | None:
        """Return the document; None when it is the one of that ETag, which costs next to nothing.

        Raises:
            NotFound: there is none.
            AccessDenied: the credentials do not allow it; without s3:ListBucket S3 says so of none, too.
            Unavailable: the answer broke off, or is not one of S3.
            CloudError: refused for another reason, or out of reach.

        """
        with translated(f"reading {SITE_DOCUMENT}"):
            try:
                if etag is None:
                    answer = self._s3.get_object(Bucket=self._bucket, Key=SITE_DOCUMENT)
                else:
                    answer = self._s3.get_object(Bucket=self._bucket, Key=SITE_DOCUMENT, IfNoneMatch=etag)
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] == HTTPStatus.NOT_MODIFIED:
                    return None
                raise
            with answer["Body"] as body:
                # One byte more than allowed tells `read_site` that it is too long, whatever it is.
                text = body.read(_MOST_BYTES + 1)
        # `read` says nothing of an end that came too soon, and half a document must not count as seen.
        if len(text) < min(answer.get("ContentLength", 0), _MOST_BYTES + 1):
            raise Unavailable(f"reading {SITE_DOCUMENT} failed: the connection broke after {len(text)} bytes")
        if "ETag" not in answer:
            raise Unavailable(f"reading {SITE_DOCUMENT} failed: the answer has no ETag, so it is not S3's")
        return Document(answer["ETag"], text)


def read_site(document: Document) -> Site:
    """Read a document as the cloud does.

    Raises:
        ConfigError: it does not fit, or is too long for a site document.

    """
    if len(document.text) > _MOST_BYTES:
        raise ConfigError(f"{SITE_DOCUMENT} has more than {_MOST_BYTES} bytes")
    return read_json(Site, document.text, source=SITE_DOCUMENT)


class KeptSite:
    """The last good document on this machine's disk, of one bucket."""

    def __init__(self, path: Path, bucket: str) -> None:
        self._path = path
        self._bucket = bucket
        self._on_disk: Document | None = None

    def load(self) -> Document | None:
        """Return what was kept; None when there is nothing, or nothing of use."""
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            if kept["bucket"] == self._bucket:
                self._on_disk = Document(kept["etag"], kept["text"].encode())
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("the kept site document is of no use", extra={"error": str(error)})
        return self._on_disk

    def save(self, document: Document) -> None:
        """Keep a good document; without it a restart that finds no network knows no site."""
        if document == self._on_disk:
            return
        part = self._path.with_name(self._path.name + ".part")
        try:
            kept = {"bucket": self._bucket, "etag": document.etag, "text": document.text.decode()}
            with part.open("w", encoding="utf-8") as file:
                json.dump(kept, file)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path)
            self._on_disk = document
        except (OSError, ValueError) as error:
            log.warning("the site document cannot be kept", extra={"error": str(error)})


class SiteFollower:
    """Follows the site document; `begin` once before the cameras start, then `run` is the body of a thread.

    `apply` is called with each good document that is new, which is followed once that returns. A document is
    good when it can be read, and `fits` raises no error over it: a detector here may not know what it asks
    for.
    """

    def __init__(
        self,
        source: SiteObject,
        kept: KeptSite,
        *,
        board: StatusBoard,
        stop: threading.Event,
        fits: Callable[[Site], object] = lambda _: None,
        every_s: float = _EVERY_S,
    ) -> None:
        self._fits = fits
        self._source = source
        self._kept = kept
        self._board = board
        self._stop = stop
        self._every_s = every_s
        self._etag: str | None = None  # of the document that is followed
        self._seen: str | None = None  # of the newest one, which may have been refused
        self._said: str | None = None
        self._failure: str | None = None

    def begin(self) -> Site | None:
        """Return the site to start with: the newest if it can be had, else the last good one, else None.

        Cameras wait for this, so that what the site masks is masked from the first picture on.
        """
        sites: list[Site] = []
        for look in (self._last_good, self._look):
            self._follow(look, sites.append)
        return sites[-1] if sites else None

    def run(self, apply: Callable[[Site], None]) -> None:
        """Look again and again until the agent stops."""
        every_s = self._every_s
        while not self._stop.wait(every_s * random.uniform(1 - _SPREAD, 1 + _SPREAD)):  # noqa: S311 - no secret
            self._follow(self._look, apply)

    def _follow(self, look: Callable[[], Good | None], apply: Callable[[Site], None]) -> None:
        """Look once; what is good and new is applied, and only then counts as followed."""
        try:
            good = look()
            if good is not None:
                apply(good.site)
                self._seen = self._etag = good.document.etag
                self._kept.save(good.document)
                self._board.follows(self._etag, error=None)
                log.info("site document followed", extra={"etag": self._etag})
            self._failure = None
        except Exception as error:  # the outermost loop: without it no change would arrive any more
            self._board.fault("the site document", error)
            failure = f"{type(error).__name__}: {error}"
            # Whatever lies in the bucket is looked at anew, and until that succeeds it is not followed.
            self._seen = None
            self._board.follows(self._etag, error=f"following {SITE_DOCUMENT} failed: {failure}")
            if failure != self._failure:
                self._failure = failure
                log.exception("following the site document failed")

    def _last_good(self) -> Good | None:
        kept = self._kept.load()
        return None if kept is None else self._judged(kept)

    def _look(self) -> Good | None:
        """Return the document that lies in the bucket, if it is good and new."""
        try:
            document = self._source.unlike(self._seen)
        except AccessDenied as error:
            self._board.site_denied(f"{_DENIED}: {error}")
            self._say_once("the site document may not be read", str(error))
            return None
        except NotFound as error:
            self._board.site_denied(None)
            self._seen = None  # the very same may come back, and is to be followed, or refused, once more
            if self._etag is None:
                self._board.follows(None, error=None)
            else:
                self._refuse(f"{SITE_DOCUMENT} is gone; the last good one stays", str(error))
            return None
        except CloudError as error:
            self._say_once("the site document is out of reach", str(error))
            return None
        self._said = None
        self._board.site_denied(None)
        return None if document is None else self._judged(document)

    def _judged(self, document: Document) -> Good | None:
        try:
            site = read_site(document)
            self._fits(site)
        except VigieError as error:
            self._seen = document.etag
            self._refuse(str(error), None)
            return None
        return Good(document, site)

    def _refuse(self, sentence: str, reason: str | None) -> None:
        self._board.follows(self._etag, error=sentence)
        self._say_once("the site document is refused, the last good one stays", reason or sentence)

    def _say_once(self, message: str, error: str) -> None:
        if error != self._said:
            self._said = error
            log.warning(message, extra={"error": error})
