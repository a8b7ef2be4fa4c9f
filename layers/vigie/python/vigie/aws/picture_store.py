"""The data bucket's pictures of visits: annotated ones under site/pictures/, faces under faces/."""

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from vigie.aws.clients import translated
from vigie.errors import CloudError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MOST_AT_ONCE = 1000
# What lies under a key never changes but for its being drawn again; a browser may keep it for a day.
_CACHE = "private, max-age=86400"


class S3PictureStore:
    """Implements `PictureStore` and `KeptFaces`."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._s3 = client
        self._bucket = bucket

    def put(self, key: str, jpeg: bytes) -> None:
        """See `PictureStore.put`."""
        with translated(f"writing {key}"):
            self._s3.put_object(
                Bucket=self._bucket, Key=key, Body=jpeg, ContentType="image/jpeg", CacheControl=_CACHE
            )

    def load(self, key: str) -> bytes:
        """See `KeptFaces.load`."""
        with translated(f"reading {key}"):
            return self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()

    def keys(self, prefix: str) -> tuple[str, ...]:
        """See `PictureStore.keys`."""
        return tuple(sorted({key for key, _ in self._versions(prefix)}))

    def delete(self, keys: Sequence[str]) -> None:
        """See `PictureStore.delete`; in a bucket with versions, a plain delete would only hide a picture."""
        wanted = set(keys)
        if not wanted:
            return
        prefix = os.path.commonprefix(list(keys))  # noqa: RUF071 - S3's prefixes go by characters too
        versions = self._versions(prefix, marks=True)
        found = [version for version in versions if version[0] in wanted]
        for start in range(0, len(found), _MOST_AT_ONCE):
            some = found[start : start + _MOST_AT_ONCE]
            with translated(f"removing {len(some)} versions of pictures"):
                answer = self._s3.delete_objects(
                    Bucket=self._bucket,
                    Delete={
                        "Objects": [{"Key": key, "VersionId": version} for key, version in some],
                        "Quiet": True,
                    },
                )
            for fault in answer.get("Errors", ()):
                raise CloudError(
                    f"removing {fault.get('Key')} failed: {fault.get('Code')}, {fault.get('Message')}"
                )

    def _versions(self, prefix: str, *, marks: bool = False) -> Iterator[tuple[str, str]]:
        """List (key, version) of all pictures that begin so; with `marks` the delete markers too."""
        pages = self._s3.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=prefix)
        with translated(f"listing {prefix}"):
            for page in pages:
                for item in page.get("Versions", ()):
                    yield item["Key"], item["VersionId"]
                for mark in page.get("DeleteMarkers", ()) if marks else ():
                    yield mark["Key"], mark["VersionId"]
