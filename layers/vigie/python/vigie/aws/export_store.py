"""A prefix of a bucket as the place that exports go to."""

from typing import TYPE_CHECKING

from vigie.aws.clients import translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MEDIA_TYPES = {"parquet": "application/vnd.apache.parquet", "csv": "text/csv; charset=utf-8"}


class S3ExportShelf:
    """Implements `ExportShelf` on a bucket, below a prefix; S3 shows an object whole or not at all."""

    def __init__(self, client: "S3Client", bucket: str, prefix: str = "") -> None:
        self._s3 = client
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def put(self, path: str, content: bytes) -> str:
        """See `ExportShelf.put`."""
        key = f"{self._prefix}{path}"
        with translated(f"writing {key}"):
            self._s3.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=content,
                ContentType=_MEDIA_TYPES[path.rpartition(".")[2]],
            )
        return f"s3://{self._bucket}/{key}"
