"""boto3 clients, made one way, and botocore's errors, translated once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, NoCredentialsError
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
# A search is paid for too, and a frame's report, lights and alerts wait for it.
_ONCE_HASTY = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 1})
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


def s3() -> "S3Client":
    """Return a client of S3."""
    return boto3.client("s3", config=_CONFIG)


def dynamodb() -> "DynamoDBClient":
    """Return a client of DynamoDB."""
    return boto3.client("dynamodb", config=_CONFIG)


def sns() -> "SNSClient":
    """Return a client of SNS."""
    return boto3.client("sns", config=_CONFIG)


def cloudwatch() -> "CloudWatchClient":
    """Return a client of CloudWatch's metrics."""
    return boto3.client("cloudwatch", config=_CONFIG)


def iot_data() -> "IoTDataPlaneClient":
    """Return a client of AWS IoT's device shadows."""
    return boto3.client("iot-data", config=_CONFIG)


def kms() -> "KMSClient":
    """Return a client of KMS."""
    return boto3.client("kms", config=_CONFIG)


def rekognition() -> "RekognitionClient":
    """Return a client of Rekognition that tries once: each call is paid for, and passes the purse."""
    return boto3.client("rekognition", config=_ONCE)


def rekognition_searches() -> "RekognitionClient":
    """Return a client of Rekognition that tries once and gives up after seconds, for searches."""
    return boto3.client("rekognition", config=_ONCE_HASTY)


def sqs() -> "SQSClient":
    """Return a client of SQS."""
    return boto3.client("sqs", config=_CONFIG)


def sts() -> "STSClient":
    """Return a client of STS that gives up after seconds."""
    return boto3.client("sts", config=_HASTY)


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


@contextmanager
def configured() -> Iterator[None]:
    """Turn what boto3 has against this machine's settings into ours; sessions and clients are made inside.

    Raises:
        ConfigError: a region, profile, endpoint or configuration file is no good.

    """
    try:
        yield
    except (BotoCoreError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"the AWS settings (AWS_..., ~/.aws) are no good: {reason}") from error


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
