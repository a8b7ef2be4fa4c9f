"""boto3 clients, made one way, and botocore's errors, translated once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigParseError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    InvalidRegionError,
    NoCredentialsError,
    ProfileNotFound,
)
from botocore.exceptions import ConnectionError as NoConnection
from botocore.parsers import ResponseParserError

from vigie.errors import AccessDenied, CloudError, ConfigError, Conflict, NotFound, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_iot_data import IoTDataPlaneClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_rekognition import RekognitionClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sts import STSClient
    from mypy_boto3_sts.type_defs import CredentialsTypeDef

_CONNECT_S, _READ_S, _TRIES = 1.5, 5.0, 2
_BACK_OFF_S = 1.0  # botocore's longest pause before its second try
# A call that hangs must fail while its function still has time to report the failure: a test holds this
# below the shortest time-out. Who is called again after a failure is the queue's or the schedule's matter.
LONGEST_CALL_S = _TRIES * (_CONNECT_S + _READ_S) + _BACK_OFF_S
_CONFIG = Config(
    connect_timeout=_CONNECT_S,
    read_timeout=_READ_S,
    # Not `max_attempts`, which leaves out the first.
    retries={"mode": "standard", "total_max_attempts": _TRIES},
    max_pool_connections=16,
)
# What an alert can do without must not keep it waiting.
_HASTY = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "max_attempts": 1})
# What is paid for by the call is called once: `max_attempts` would count retries only.
_ONCE = Config(connect_timeout=3, read_timeout=15, retries={"mode": "standard", "total_max_attempts": 1})
# What people would get twice is sent once, and its answer waited for: less than a sender's time-out in all.
_ONCE_TOLD = Config(
    connect_timeout=_CONNECT_S,
    read_timeout=8.0,
    retries={"mode": "standard", "total_max_attempts": 1},
)
# Alerts wait for a search, and other cameras' frames for a look in our detector's place.
_ONCE_HASTY = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 1})
_ONCE_BRISK = Config(connect_timeout=1, read_timeout=6, retries={"mode": "standard", "total_max_attempts": 1})
# Signatures of version 4 are what encrypted objects ask for; the virtual style names the bucket's own region,
# without which S3 sends on who follows a link to a young bucket, and the signature fits no more.
_SIGNING = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})

_BY_CODE: dict[str, type[CloudError]] = {
    "NoSuchKey": NotFound,
    "404": NotFound,
    "ResourceNotFoundException": NotFound,
    "NotFoundException": NotFound,
    "NotFound": NotFound,
    "NoSuchEntity": NotFound,
    "NoSuchBucket": NotFound,
    "ParameterNotFound": NotFound,
    "AWS.SimpleQueueService.NonExistentQueue": NotFound,
    "QueueDoesNotExist": NotFound,
    "ConditionalCheckFailedException": Conflict,
    "ConflictException": Conflict,
    "TransactionConflictException": Conflict,
    # Cancelled for a condition that does not hold, or for another transaction under way: both are races.
    "TransactionCanceledException": Conflict,
    "PreconditionFailed": Conflict,
    "EntityAlreadyExists": Conflict,
    "ResourceAlreadyExistsException": Conflict,
    "AccessDenied": AccessDenied,
    "AccessDeniedException": AccessDenied,
    "UnauthorizedException": AccessDenied,
    "AuthorizationError": AccessDenied,
    "AuthorizationErrorException": AccessDenied,
    "403": AccessDenied,
    "ExpiredToken": AccessDenied,
    "ExpiredTokenException": AccessDenied,
    "RequestExpired": AccessDenied,
    "InvalidClientTokenId": AccessDenied,
    "SignatureDoesNotMatch": AccessDenied,
    "UnrecognizedClientException": AccessDenied,
    "InvalidAccessKeyId": AccessDenied,
    "InvalidToken": AccessDenied,
    "ConditionalRequestConflict": Unavailable,
    "RequestTimeout": Unavailable,
    "SlowDown": Unavailable,
    "Throttling": Unavailable,
    "ThrottlingException": Unavailable,
    "ThrottledException": Unavailable,
    "ProvisionedThroughputExceededException": Unavailable,
    "RequestLimitExceeded": Unavailable,
    "InternalError": Unavailable,
    "InternalServerError": Unavailable,
    "InternalFailureException": Unavailable,
    "ServiceUnavailable": Unavailable,
    "ServiceUnavailableException": Unavailable,
}
_TOO_MANY, _SERVER_FAULTS = 429, 500


@contextmanager
def configured() -> Iterator[None]:
    """Turn what boto3 has against this machine's settings into ours; sessions and clients are made inside.

    As a decorator, `@configured()`, it stands above each function here that makes a client.

    Raises:
        ConfigError: a region, profile, endpoint or configuration file is no good.

    """
    try:
        yield
    except (BotoCoreError, ValueError) as error:
        reason = " ".join(f"{error}{_advice(error)}".split())
        raise ConfigError(f"the AWS settings (AWS_..., ~/.aws) are no good: {reason}") from error


def _advice(error: Exception) -> str:
    if isinstance(error, ProfileNotFound):
        return "; AWS_PROFILE names one of ~/.aws/config"
    if isinstance(error, ConfigParseError):
        return "; mend the file, or name another one in AWS_CONFIG_FILE"
    if isinstance(error, InvalidRegionError):
        return f" So the region {error.kwargs['region_name']!r} is none; AWS_REGION=eu-west-1 is one"
    return ""


@configured()
def s3() -> "S3Client":
    """Return a client of S3."""
    return boto3.client("s3", config=_CONFIG)


@configured()
def dynamodb() -> "DynamoDBClient":
    """Return a client of DynamoDB."""
    return boto3.client("dynamodb", config=_CONFIG)


@configured()
def sns() -> "SNSClient":
    """Return a client of SNS."""
    return boto3.client("sns", config=_CONFIG)


@configured()
def sns_notices() -> "SNSClient":
    """Return a client of SNS that tries once: what a notice costs is counted for each time it is sent."""
    return boto3.client("sns", config=_ONCE_TOLD)


@configured()
def cloudwatch() -> "CloudWatchClient":
    """Return a client of CloudWatch's metrics."""
    return boto3.client("cloudwatch", config=_CONFIG)


@configured()
def iot_data() -> "IoTDataPlaneClient":
    """Return a client of AWS IoT's device shadows."""
    return boto3.client("iot-data", config=_CONFIG)


@configured()
def kms() -> "KMSClient":
    """Return a client of KMS."""
    return boto3.client("kms", config=_CONFIG)


@configured()
def rekognition() -> "RekognitionClient":
    """Return a client of Rekognition that tries once: each call is paid for, and passes the purse."""
    return boto3.client("rekognition", config=_ONCE)


@configured()
def rekognition_engine() -> "RekognitionClient":
    """Return a client of Rekognition that tries once and gives up after seconds, in our detector's place."""
    return boto3.client("rekognition", config=_ONCE_BRISK)


@configured()
def rekognition_searches() -> "RekognitionClient":
    """Return a client of Rekognition that tries once and gives up after seconds, for searches."""
    return boto3.client("rekognition", config=_ONCE_HASTY)


@configured()
def sqs() -> "SQSClient":
    """Return a client of SQS."""
    return boto3.client("sqs", config=_CONFIG)


@configured()
def sts() -> "STSClient":
    """Return a client of STS that gives up after seconds."""
    return boto3.client("sts", config=_HASTY)


@configured()
def signing_s3(credentials: "CredentialsTypeDef | None" = None) -> "S3Client":
    """Return a client of S3 that makes links, with the credentials at hand or with those of a role."""
    if credentials is None:
        return boto3.client("s3", config=_SIGNING)
    return boto3.client(
        "s3",
        config=_SIGNING,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


def was_refused(error: BaseException | None) -> bool:
    """Tell whether what a single call asked for was surely not done: of most failures nobody can know.

    A fault of the server's own, or an answer that did not come, may follow upon the deed.
    """
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", _SERVER_FAULTS)
        return status < _SERVER_FAULTS
    return isinstance(error, EndpointConnectionError | ConnectTimeoutError | NoCredentialsError)


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn botocore's errors into ours; `doing` says what was tried, as in "storing a report".

    Raises:
        NotFound, Conflict, AccessDenied, Unavailable: by the service's error code.
        CloudError: any other refusal.

    """
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        fallback = Unavailable if status == _TOO_MANY or status >= _SERVER_FAULTS else CloudError
        raise _BY_CODE.get(code, fallback)(f"{doing} failed: {error}") from error
    except (NoConnection, HTTPClientError, ResponseParserError) as error:
        raise Unavailable(f"{doing} failed: {error}") from error
    except NoCredentialsError as error:
        raise AccessDenied(f"{doing} failed: no AWS credentials were found on this machine") from error
    except BotoCoreError as error:
        raise CloudError(f"{doing} failed: {error}") from error


def keys_under(client: "S3Client", bucket: str, prefix: str, *, delimiter: str = "") -> Iterator[str]:
    """Yield the keys of a bucket under a prefix, sorted; with a delimiter those right under it alone."""
    pages = client.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=prefix, Delimiter=delimiter
    )
    with translated(f"listing {prefix}"):
        for page in pages:
            for item in page.get("Contents", ()):
                yield item["Key"]
