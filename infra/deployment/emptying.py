"""Removing what a stack holds: all versions in its buckets, and the log groups that functions made."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from vigie.aws.clients import translated
from vigie.errors import CloudError, NotFound

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

# What one call removes at most.
BATCH = 1_000


class Logs(Protocol):
    """What is used of boto3's client of CloudWatch Logs."""

    def get_paginator(self, operation_name: str, /) -> Any:  # noqa: ANN401 - boto3's own
        """Return what turns the pages of an answer."""

    def delete_log_group(self, *, logGroupName: str) -> object:  # noqa: N803 - boto3's own
        """Remove a log group."""


def empty_bucket(s3: "S3Client", bucket: str) -> int:
    """Remove every version of every object, every delete marker and unfinished upload; return how many.

    A bucket that is not there is empty.

    Raises:
        CloudError: AWS refused to remove something; names the first such key.

    """
    removed = 0
    try:
        for some in _batches(s3, bucket):
            with translated(f"emptying the bucket {bucket}"):
                answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": some, "Quiet": True})
            if refused := answer.get("Errors"):
                first = refused[0]
                raise CloudError(
                    f"emptying the bucket {bucket} failed: {first.get('Key')}: {first.get('Message')}"
                )
            removed += len(some)
        with translated(f"ending the uploads to {bucket}"):
            for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
                for upload in page.get("Uploads", ()):
                    s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    except NotFound:
        return removed
    return removed


def _batches(s3: "S3Client", bucket: str) -> "Iterator[list[ObjectIdentifierTypeDef]]":
    """Yield what the bucket holds first, until nothing is left: a batch must go before the next."""
    while True:
        with translated(f"listing the bucket {bucket}"):
            page = s3.list_object_versions(Bucket=bucket, MaxKeys=BATCH)
        found: list[ObjectIdentifierTypeDef] = [
            {"Key": each["Key"], "VersionId": each["VersionId"]}
            for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
        ]
        if not found:
            return
        yield found[:BATCH]


def log_groups(logs: Logs, prefixes: Sequence[str]) -> tuple[str, ...]:
    """Return the log groups whose names begin so."""
    names: set[str] = set()
    for prefix in prefixes:
        with translated("listing the log groups"):
            for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix):
                names |= {each["logGroupName"] for each in page["logGroups"]}
    return tuple(sorted(names))


def delete_log_group(logs: Logs, name: str) -> None:
    """Remove a log group with all it holds."""
    try:
        with translated(f"removing the log group {name}"):
            logs.delete_log_group(logGroupName=name)
    except NotFound:
        return
