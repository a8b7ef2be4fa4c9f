"""The data bucket's site/: the site document, and the files that people read."""

import logging
import time
from typing import TYPE_CHECKING

from vigie.aws.clients import keys_under, translated
from vigie.documents import read_json
from vigie.domain.sites import Site
from vigie.errors import ConfigError, NotFound
from vigie.steps.ports import SiteFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_SITE_PREFIX = "site/"
SITE_DOCUMENT = f"{_SITE_PREFIX}config/site.json"

_log = logging.getLogger(__name__)

_SITE_MAX_AGE_S = 60.0


class S3Shelf:
    """Implements `SiteShelf` on the data bucket."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._s3 = client
        self._bucket = bucket

    def put(self, file: SiteFile) -> None:
        """See `SiteShelf.put`."""
        with translated(f"writing site/{file.path}"):
            self._s3.put_object(
                Bucket=self._bucket,
                Key=f"{_SITE_PREFIX}{file.path}",
                Body=file.content,
                ContentType=file.media_type,
                CacheControl="no-cache",
            )

    def paths(self, prefix: str) -> tuple[str, ...]:
        """See `SiteShelf.paths`."""
        keys = keys_under(self._s3, self._bucket, f"{_SITE_PREFIX}{prefix}", delimiter="/")
        return tuple(key.removeprefix(_SITE_PREFIX) for key in keys)


class S3SiteSource:
    """Implements `SiteSource` on the bucket's site document, read again when it is a minute old."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._s3 = client
        self._bucket = bucket
        self._site: Site | None = None
        self._read_at = 0.0

    def site(self) -> Site:
        """See `SiteSource.site`; a document that went bad is reported, and the last good one stays.

        Raises:
            ConfigError: the document does not fit, and none before it did.

        """
        now = time.monotonic()
        if self._site is None or now - self._read_at > _SITE_MAX_AGE_S:
            try:
                self._site = self._read()
            except ConfigError as error:
                if self._site is None:
                    raise
                _log.warning("the site document is refused, the last good one stays: %s", error)
            self._read_at = now
        return self._site

    def _read(self) -> Site:
        try:
            with translated(f"reading {SITE_DOCUMENT}"):
                answer = self._s3.get_object(Bucket=self._bucket, Key=SITE_DOCUMENT)
                with answer["Body"] as body:
                    return read_json(Site, body.read(), source=SITE_DOCUMENT)
        except NotFound:
            return Site()


class S3SiteDocument:
    """The bucket's site document as text, for whoever changes it: each writer replaces what it has read."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._s3 = client
        self._bucket = bucket

    def read(self) -> tuple[str, str | None]:
        """Return the document and its version; where there is none, an empty one without a version.

        Raises:
            ConfigError: it is no text.

        """
        try:
            with translated(f"reading {SITE_DOCUMENT}"):
                answer = self._s3.get_object(Bucket=self._bucket, Key=SITE_DOCUMENT)
                with answer["Body"] as body:
                    return body.read().decode(), answer["ETag"]
        except UnicodeDecodeError as error:
            raise ConfigError(f"{SITE_DOCUMENT} is no text in UTF-8") from error
        except NotFound:
            return "{}", None

    def write(self, text: str, *, replaces: str | None) -> None:
        """Write the document over that version; None says that there was none.

        Raises:
            Conflict: another writer was first.
            NotFound: it was removed meanwhile, or there is no such bucket.

        """
        body, media_type = text.encode(), "application/json"
        with translated(f"writing {SITE_DOCUMENT}"):
            if replaces is None:
                self._s3.put_object(
                    Bucket=self._bucket,
                    Key=SITE_DOCUMENT,
                    Body=body,
                    ContentType=media_type,
                    IfNoneMatch="*",
                )
            else:
                self._s3.put_object(
                    Bucket=self._bucket,
                    Key=SITE_DOCUMENT,
                    Body=body,
                    ContentType=media_type,
                    IfMatch=replaces,
                )
