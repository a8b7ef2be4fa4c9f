"""What an item weighs, against sizes that AWS gives and sums by its rules; and what writes of it cost."""

from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.local.cloud import aws_environ
from infra.local.resources import create_table
from tests.write_units import WriteMeter, item_size, units, value_size


def test_the_item_whose_size_aws_gives() -> None:
    # "Amazon DynamoDB item sizes and formats" has this one: 23 bytes.
    assert item_size({"shirt-color": {"S": "R"}, "shirt-size": {"S": "M"}}) == 23


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "é"}, 2),
        ({"B": b"abc"}, 3),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"N": "0"}, 2),
        ({"N": "27"}, 2),
        ({"N": "-27"}, 3),
        ({"N": "1000"}, 2),  # zeros at the end are not kept
        ({"N": "0.1234"}, 3),
        ({"N": "12345"}, 4),
        ({"L": []}, 3),
        ({"L": [{"S": "ab"}, {"N": "5"}]}, 3 + 1 + 2 + 1 + 2),
        ({"M": {"a": {"S": "b"}}}, 3 + 1 + 1 + 1),
        ({"SS": ["ab", "c"]}, 3),
        ({"NS": ["12", "3"]}, 4),
    ],
)
def test_values_weigh_what_the_rules_say(value: dict[str, Any], size: int) -> None:
    assert value_size(value) == size


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(ValueError, match="no type"):
        value_size({"X": 1})


def test_every_started_kilobyte_is_a_unit() -> None:
    assert [units(size) for size in (0, 1, 1024, 1025, 2049)] == [1, 1, 1, 2, 3]


def test_the_meter_counts_the_larger_of_before_and_after(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in aws_environ("").items():
        if value:
            monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        create_table("metered")
        client = boto3.client("dynamodb")
        meter = WriteMeter(plain=boto3.client("dynamodb"))
        meter.watch(client)
        key = {"pk": {"S": "p"}, "sk": {"S": "s"}}
        large = {**key, "a": {"S": "x" * 1500}}
        client.put_item(TableName="metered", Item=large)
        client.put_item(TableName="metered", Item=key)  # replaces the large one
        client.put_item(TableName="metered", Item=key)
        client.get_item(TableName="metered", Key=key)  # no write
        with pytest.raises(client.exceptions.ConditionalCheckFailedException):
            client.put_item(TableName="metered", Item=large, ConditionExpression="attribute_not_exists(pk)")
        client.update_item(
            TableName="metered",
            Key=key,
            UpdateExpression="SET a = :a",
            ExpressionAttributeValues={":a": {"S": "x" * 2100}},
        )
        client.transact_write_items(TransactItems=[{"Delete": {"TableName": "metered", "Key": key}}])
    assert [cost for _, _, cost in meter.written] == [2, 2, 1, 2, 3, 6]
