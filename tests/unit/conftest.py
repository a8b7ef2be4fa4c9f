"""What the operator's commands of several tests stand on."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from infra.local.cloud import aws_environ
from infra.local.resources import create_table
from vigie.aws.site_store import SITE_DOCUMENT

BUCKET, TABLE = "vigie-data", "vigie-reports"
SITE = b"""{"time_zone": "Europe/Paris", "retention": {"reports_days": 36500, "minutes_days": 36500},
            "cameras": [{"camera_id": "hall"}, {"camera_id": "yard"}]}"""


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A bucket with a site document and an empty table, which the commands find in their variables."""
    for name, value in aws_environ("").items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("VIGIE_BUCKET", BUCKET)
    monkeypatch.setenv("VIGIE_TABLE", TABLE)
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        s3.put_object(Bucket=BUCKET, Key=SITE_DOCUMENT, Body=SITE)
        create_table(TABLE)
        yield
