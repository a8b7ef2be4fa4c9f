"""The data bucket's review/: pictures of frames about which the engines disagree."""

from typing import TYPE_CHECKING

from vigie.aws.clients import translated
from vigie.domain.comparison import review_key

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from vigie.domain.frames import FrameKey


class S3ReviewShelf:
    """Implements `ReviewShelf` on the data bucket."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._s3 = client
        self._bucket = bucket

    def keep(self, key: "FrameKey") -> None:
        """See `ReviewShelf.keep`."""
        with translated(f"keeping {key} for review"):
            self._s3.copy_object(
                Bucket=self._bucket,
                Key=review_key(key),
                CopySource={"Bucket": self._bucket, "Key": str(key)},
            )

    def picture(self, key: "FrameKey") -> bytes:
        """See `ReviewShelf.picture`."""
        with translated(f"reading {review_key(key)}"):
            answer = self._s3.get_object(Bucket=self._bucket, Key=review_key(key))
            with answer["Body"] as body:
                return body.read()
