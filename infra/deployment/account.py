"""The account that a deployment goes to: who we are there, what it has and allows. Every call is a read."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)

from vigie.aws.clients import configured, translated
from vigie.errors import ConfigError, NotFound, SetupError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient

BOOTSTRAP_PARAMETER = "/cdk-bootstrap/hnb659fds/version"
_REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_UNKNOWN_KEY = frozenset(
    {"InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException", "AuthFailure"}
)
_RUNS_BEGIN = frozenset({"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"})
_LOG_IN = "log in again (aws sso login, or new keys), or name another profile in AWS_PROFILE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where everything goes, and as whom."""

    account_id: str
    region: str
    arn: str

    @property
    def is_root(self) -> bool:
        """Whether these are the credentials of the account's owner, which nothing limits."""
        return self.arn.endswith(":root")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A CloudFormation stack; `reason` is CloudFormation's own word about its state."""

    name: str
    status: str
    reason: str = ""


def settle_region(environ: Mapping[str, str]) -> str:
    """Return the one region that all programs are to use: boto3 and the CDK's CLI read different variables.

    Raises:
        SetupError: none is set, two that differ, or AWS's own configuration cannot be read.

    """
    named = {name: environ[name] for name in _REGION_VARIABLES if environ.get(name)}
    if len(set(named.values())) > 1:
        said = " and ".join(f"{name}={value}" for name, value in named.items())
        raise SetupError(f"{said} name two regions; unset one, or make them equal")
    region = next(iter(named.values()), None)
    try:
        with configured():
            region = region or boto3.Session().region_name
    except ConfigError as error:
        raise SetupError(str(error)) from error
    if not region:
        raise SetupError("no AWS region is set; AWS_REGION=eu-west-1 or ~/.aws/config names one")
    return region


def use_region(region: str) -> None:
    """Make this process, and all that it starts, use the region."""
    os.environ.update(dict.fromkeys(_REGION_VARIABLES, region))


def identify(sts: "Callable[[], STSClient]", region: str) -> Account:
    """Ask AWS who we are; `sts` makes the client, which reads the machine's AWS settings.

    Raises:
        ConfigError: the machine's AWS settings are no good.
        SetupError: says why there is no answer, and what to do.

    """
    try:
        caller = sts().get_caller_identity()
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise SetupError(f"no AWS credentials were found on this machine; {_LOG_IN}") from error
    except (SSOError, TokenRetrievalError) as error:
        raise SetupError(f"the login to AWS is over: {error}; {_LOG_IN}") from error
    except EndpointConnectionError as error:
        raise SetupError(
            f"AWS does not answer for the region {region}: {error}; is the region's name right, "
            "and is there a network?"
        ) from error
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        if code in _EXPIRED:
            raise SetupError(f"the AWS credentials have expired; {_LOG_IN}") from error
        if code in _UNKNOWN_KEY:
            raise SetupError(
                f"AWS does not know these credentials ({code}), or the region {region} is not enabled in "
                f"the account; {_LOG_IN}"
            ) from error
        raise SetupError(f"AWS does not say who we are: {error}") from error
    except BotoCoreError as error:
        raise SetupError(f"AWS could not be asked who we are: {error}") from error
    return Account(account_id=caller["Account"], region=region, arn=caller["Arn"])


def bootstrap_version(ssm: "SSMClient") -> int | None:
    """Return the version of the CDK's bootstrap in the region; None without one."""
    try:
        with translated("reading the version of the CDK's bootstrap"):
            answer = ssm.get_parameter(Name=BOOTSTRAP_PARAMETER)
    except NotFound:
        return None
    value = answer["Parameter"].get("Value", "")
    return int(value) if value.isdecimal() else None


def concurrency(functions: "LambdaClient") -> tuple[int, int]:
    """Return how many calls Lambda runs at once in the account, and how many of these nobody has reserved."""
    with translated("reading the account's Lambda limits"):
        limit = functions.get_account_settings()["AccountLimit"]
    at_once = limit.get("ConcurrentExecutions", 0)
    return at_once, limit.get("UnreservedConcurrentExecutions", at_once)


def stacks(formation: "CloudFormationClient", prefix: str) -> tuple[Stack, ...]:
    """Return the stacks whose names begin so, the newest first."""
    found = []
    with translated("listing the stacks"):
        for page in formation.get_paginator("describe_stacks").paginate():
            found += [each for each in page["Stacks"] if each["StackName"].startswith(prefix)]
    found.sort(key=lambda each: each["CreationTime"], reverse=True)
    return tuple(
        Stack(
            name=each["StackName"],
            status=each["StackStatus"],
            reason=each.get("StackStatusReason", ""),
        )
        for each in found
    )


def first_failure(formation: "CloudFormationClient", stack: str) -> str:
    """Return what failed first in the stack's newest run, in CloudFormation's words; empty: nothing did."""
    failed = ""
    for event in _newest_run(formation, stack):
        status, reason = event.get("ResourceStatus", ""), event.get("ResourceStatusReason", "")
        if status.endswith("_FAILED") and "cancelled" not in reason.lower():
            failed = f"{event.get('LogicalResourceId', '?')}: {reason}"
    return failed


def _newest_run(formation: "CloudFormationClient", stack: str) -> Iterator[Mapping[str, str]]:
    """Yield the events of the stack's newest run, the newest first."""
    with translated(f"reading the events of {stack}"):
        for page in formation.get_paginator("describe_stack_events").paginate(StackName=stack):
            for event in page["StackEvents"]:
                yield event  # type: ignore[misc]
                is_own = event.get("PhysicalResourceId") == event.get("StackId")
                if is_own and event.get("ResourceStatus") in _RUNS_BEGIN:
                    return


def outputs(formation: "CloudFormationClient", prefix: str) -> dict[str, dict[str, str]]:
    """Return the outputs of the stacks whose names begin so, by stack and key."""
    found: dict[str, dict[str, str]] = {}
    with translated("reading the stacks' outputs"):
        for page in formation.get_paginator("describe_stacks").paginate():
            for each in page["Stacks"]:
                if each["StackName"].startswith(prefix):
                    rows = each.get("Outputs", [])
                    found[each["StackName"]] = {
                        row.get("OutputKey", ""): row.get("OutputValue", "") for row in rows
                    }
    return found


def has_bucket(s3: "S3Client", name: str) -> bool:
    """Tell whether the bucket is there."""
    try:
        with translated(f"looking for the bucket {name}"):
            s3.head_bucket(Bucket=name)
    except NotFound:
        return False
    return True


def has_table(dynamodb: "DynamoDBClient", name: str) -> bool:
    """Tell whether the table is there."""
    try:
        with translated(f"looking for the table {name}"):
            dynamodb.describe_table(TableName=name)
    except NotFound:
        return False
    return True
