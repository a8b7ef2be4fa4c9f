"""The data bucket's reports/."""

from typing import TYPE_CHECKING

from vigie.aws.clients import translated
from vigie.domain.reports import MOST_REPORTS_BYTES
from vigie.errors import MessageError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class S3ReportFiles:
    """Implements `ReportFiles` on the data bucket."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._s3 = client
        self._bucket = bucket

    def load(self, object_key: str) -> str:
        """See `ReportFiles.load`."""
        with translated(f"reading {object_key}"):
            answer = self._s3.get_object(Bucket=self._bucket, Key=object_key)
            with answer["Body"] as body:
                if answer["ContentLength"] > MOST_REPORTS_BYTES:
                    raise MessageError(f"{object_key!r} has more than {MOST_REPORTS_BYTES} bytes")
                content = body.read()
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise MessageError(f"{object_key!r} is no text: {error}") from error
