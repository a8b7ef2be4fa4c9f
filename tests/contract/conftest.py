"""Each contract test runs twice: on the fake, and on the real adapter over moto."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from infra.local.cloud import aws_environ
from infra.local.resources import create_table

BUCKET, TABLE = "contract-data", "contract-reports"


@pytest.fixture(params=["fake", "moto"])
def twin(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Which of the twins is under test; the real one finds a bucket and a table."""
    kind: str = request.param
    if kind == "fake":
        yield kind
        return
    for name, value in aws_environ("").items():
        if value:
            monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        boto3.client("s3").create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        create_table(TABLE)
        yield kind
