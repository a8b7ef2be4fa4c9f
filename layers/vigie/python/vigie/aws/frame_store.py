"""The data bucket's frames/ and quarantine/."""

from datetime import datetime
from typing import TYPE_CHECKING

from vigie.aws.clients import keys_under, translated
from vigie.domain.cameras import CANARY, is_camera_id
from vigie.domain.frames import (
    FRAMES_PREFIX,
    MAX_JPEG_BYTES,
    QUARANTINE_PREFIX,
    Frame,
    FrameKey,
    day_prefix,
    quarantine_key,
)
from vigie.domain.instants import utc_days
from vigie.errors import FrameKeyError, NotFound, PictureError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


# S3 allows 2 kB of metadata in all, and ASCII only.
_REASON_LENGTH = 500


class S3FrameStore:
    """Implements `FrameStore`, `FramePost` and `FrameArrivals` on the data bucket."""

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

    def quarantined(self, camera_id: str, begin: datetime, end: datetime) -> int:
        """See `FrameStore.quarantined`."""
        count = 0
        for day in utc_days(begin, end):
            for object_key in keys_under(self._s3, self._bucket, quarantine_key(day_prefix(camera_id, day))):
                try:
                    key = FrameKey.parse(FRAMES_PREFIX + object_key.removeprefix(QUARANTINE_PREFIX))
                except FrameKeyError:
                    continue
                count += begin <= key.captured_at < end
        return count

    def camera_ids(self) -> tuple[str, ...]:
        """See `FrameStore.camera_ids`."""
        with translated("listing the cameras"):
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=FRAMES_PREFIX, Delimiter="/"
            )
            prefixes = [p["Prefix"] for page in pages for p in page.get("CommonPrefixes", ())]
        ids = (prefix.removeprefix(FRAMES_PREFIX).rstrip("/") for prefix in prefixes)
        return tuple(sorted(each for each in ids if is_camera_id(each) and each != CANARY))

    def post(self, frame: Frame) -> None:
        """See `FramePost.post`."""
        with translated(f"putting {frame.key}"):
            self._s3.put_object(
                Bucket=self._bucket,
                Key=str(frame.key),
                Body=frame.jpeg,
                ContentType="image/jpeg",
                Metadata=frame.metadata(),
                IfNoneMatch="*",
            )

    def arrivals_after(self, key: FrameKey, *, most: int) -> tuple[datetime, ...]:
        """See `FrameArrivals.arrivals_after`; keys sort in order of capture."""
        with translated(f"looking for frames after {key}"):
            answer = self._s3.list_objects_v2(
                Bucket=self._bucket,
                Prefix=f"{FRAMES_PREFIX}{key.camera_id}/",
                StartAfter=str(key),
                MaxKeys=most,
            )
        return tuple(found["LastModified"] for found in answer.get("Contents", ()))


def _ascii(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode()[:_REASON_LENGTH]
