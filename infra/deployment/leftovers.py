"""What of a stage is in the account without any stack: kept by a removal, or left by a failed deployment."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3

from infra.deployment.account import Account, has_bucket, has_table
from infra.deployment.emptying import log_groups
from infra.deployment.removal import Resource
from infra.deployment.stage import Stage
from vigie.aws.clients import translated
from vigie.errors import AccessDenied

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

# A key that waits for its end costs nothing, and is told where that was asked for.
_LIVE = frozenset({"Enabled", "Disabled"})


def names_taken(stage: Stage, account: Account) -> Iterator[Resource]:
    """Yield the buckets, the table and the logs of the stage that are there, with or without their stack.

    While they are, no stack can create them.
    """
    s3 = boto3.client("s3")
    for bucket in stage.buckets(account):
        if has_bucket(s3, bucket):
            yield Resource(kind="AWS::S3::Bucket", name=bucket, stays=True)
    if has_table(boto3.client("dynamodb"), stage.table):
        yield Resource(kind="AWS::DynamoDB::Table", name=stage.table, stays=True)
    for group in log_groups(boto3.client("logs"), [stage.log_prefix]):
        yield Resource(kind="AWS::Logs::LogGroup", name=group, stays=True)


def left_over(stage: Stage, account: Account) -> Iterator[Resource]:
    """Yield all of the stage that is there and billed, its keys too, which have no names."""
    yield from names_taken(stage, account)
    for key in _keys(boto3.client("kms"), stage.key_description):
        yield Resource(kind="AWS::KMS::Key", name=key, stays=True)


def _keys(kms: "KMSClient", description: str) -> Iterator[str]:
    """Yield the keys in use that are described so; one that may not be looked at is another's."""
    with translated("listing the keys"):
        pages = list(kms.get_paginator("list_keys").paginate())
    for each in (key for page in pages for key in page["Keys"]):
        try:
            with translated(f"looking at the key {each['KeyId']}"):
                facts = kms.describe_key(KeyId=each["KeyId"])["KeyMetadata"]
        except AccessDenied:
            continue
        if facts.get("Description") == description and facts.get("KeyState") in _LIVE:
            yield each["KeyId"]
