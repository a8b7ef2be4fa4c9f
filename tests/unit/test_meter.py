"""The meter counts what its clients are charged for, while it works for a camera."""

import boto3
import pytest
from moto import mock_aws

from infra.local.cloud import aws_environ
from infra.local.resources import create_table
from tests.write_units import WriteMeter
from vigie.aws import clients
from vigie.aws.meter import UsageMeter
from vigie.aws.table import Table
from vigie.domain.usage import NO_USAGE, Usage
from vigie.errors import Conflict


def test_calls_and_time_are_counted_on_the_cameras_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in aws_environ("").items():
        if value:
            monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    now = 0.0
    meter = UsageMeter(1_769, steady=lambda: now)
    with mock_aws():
        create_table("t")
        s3, dynamodb, sns = (meter.watch(make()) for make in (clients.s3, clients.dynamodb, clients.sns))
        written = WriteMeter(plain=boto3.client("dynamodb"))
        written.watch(dynamodb)
        s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        topic = sns.create_topic(Name="t")["TopicArn"]
        table = Table(dynamodb, "t")
        table.put({"pk": "nobody", "sk": "s"}, "writing")
        with meter.working_for("hall"):
            now += 0.25
            s3.put_object(Bucket="bucket", Key="k", Body=b"x")
            s3.get_object(Bucket="bucket", Key="k")
            sns.publish(TopicArn=topic, Message="m")
            table.put({"pk": "p", "sk": "s"}, "writing", new=True)
            with pytest.raises(Conflict):
                table.put({"pk": "p", "sk": "s"}, "writing", new=True)
            table.get("p", "s")
            list(table.query("p", "a", "z"))
            first = meter.waiting("hall")
            now += 0.5
        with meter.working_for("yard"):
            now += 1
    assert first.megabyte_ms == 250 * 1_769
    assert (first.puts, first.gets, first.publishes) == (1, 1, 1)
    # Two, one of them refused; moto says one unit for each.
    assert first.write_units == 2
    assert len(written.written) - 1 == 2, "the other count has the one that was nobody's"
    assert first.read_units == 2
    meter.carried("hall", first)
    assert meter.waiting("hall") == Usage(megabyte_ms=500 * 1_769)
    assert meter.waiting("yard") == Usage(megabyte_ms=1_000 * 1_769)
    assert meter.waiting("step") == NO_USAGE
