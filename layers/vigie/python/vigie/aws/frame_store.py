"""The data bucket: frames, their quarantine, the site document, and the files under site/."""

import logging
import time
from typing import TYPE_CHECKING

from vigie.aws.clients import translated
from vigie.documents import read_json
from vigie.domain.cameras import is_camera_id
from vigie.domain.frames import FRAMES_PREFIX, MAX_JPEG_BYTES, Frame, FrameKey, quarantine_key
from vigie.domain.sites import Site
from vigie.errors import ConfigError, NotFound, PictureError
from vigie.steps.ports import SiteFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SITE_DOCUMENT = "site/config/site.json"

_log = logging.getLogger(__name__)

_SITE_MAX_AGE_S = 60.0
# S3 allows 2 kB of metadata in all, and ASCII only.
_REASON_LENGTH = 500


class S3FrameStore:
    """Implements `FrameStore` on the data bucket."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._s3 = client
        self._bucket = bucket

    def load(self, key: FrameKey) -> Frame:
        """See `FrameStore.load`."""
        with translated(f"reading {key}"):
            answer = self._s3.get_object(Bucket=self._bucket, Key=str(key))
            with answer["Body"] as body:
                if answer["ContentLength"] > MAX_JPEG_BYTES:
                    raise PictureError(
                        f"{answer['ContentLength']} bytes, at most {MAX_JPEG_BYTES} are read as a picture"
                    )
                jpeg = body.read()
        return Frame.from_object(key, jpeg, answer["Metadata"])

    def quarantine(self, object_key: str, reason: str) -> None:
        """See `FrameStore.quarantine`; the reason stands in the object's metadata."""
        target = quarantine_key(object_key)
        try:
            with translated(f"moving {object_key} to {target}"):
                self._s3.copy_object(
                    Bucket=self._bucket,
                    Key=target,
                    CopySource={"Bucket": self._bucket, "Key": object_key},
                    Metadata={"reason": _ascii(reason)},
                    MetadataDirective="REPLACE",
                )
        except NotFound:
            if not self.is_quarantined(object_key):
                raise
        with translated(f"removing {object_key}, which is in quarantine"):
            self._s3.delete_object(Bucket=self._bucket, Key=object_key)

    def is_quarantined(self, object_key: str) -> bool:
        """See `FrameStore.is_quarantined`."""
        try:
            self.quarantine_reason(object_key)
        except NotFound:
            return False
        return True

    def quarantine_reason(self, object_key: str) -> str:
        """Return why the object was moved to quarantine/.

        Raises:
            NotFound: it was not.

        """
        with translated(f"looking for {object_key} in quarantine"):
            head = self._s3.head_object(Bucket=self._bucket, Key=quarantine_key(object_key))
        return head["Metadata"].get("reason", "")

    def camera_ids(self) -> tuple[str, ...]:
        """See `FrameStore.camera_ids`."""
        with translated("listing the cameras"):
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=FRAMES_PREFIX, Delimiter="/"
            )
            prefixes = [p["Prefix"] for page in pages for p in page.get("CommonPrefixes", ())]
        ids = (prefix.removeprefix(FRAMES_PREFIX).rstrip("/") for prefix in prefixes)
        return tuple(sorted(camera_id for camera_id in ids if is_camera_id(camera_id)))


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
                Key=f"site/{file.path}",
                Body=file.content,
                ContentType=file.media_type,
                CacheControl="no-cache",
            )


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


def _ascii(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode()[:_REASON_LENGTH]
