"""What each function may do, as plain data: the very actions on the very resources, derived from its calls.

`RIGHTS` follows what the handlers call on the bucket and the table; a test runs them on moto, records every
call and asks `allows` of each. What topics, dead-letter queues, trigger, log and key ask for follows from the
catalog. `statements` makes IAM's words of it all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from infra.catalog import CATALOG
from infra.environment import setting_names
from infra.names import Names, aws
from infra.parts import Catalog, DeadLetters, Function, Topic
from vigie.aws.site_store import SITE_DOCUMENT
from vigie.domain.comparison import REVIEW_PREFIX
from vigie.domain.frames import FRAMES_PREFIX, QUARANTINE_PREFIX
from vigie.domain.health import CANARY_FRAMES
from vigie.domain.heartbeats import HEARTBEATS_PREFIX
from vigie.domain.lamps import LAMP_THINGS
from vigie.domain.pictures import FACES_PREFIX, PICTURES_PREFIX
from vigie.domain.reports import REPORTS_PREFIX

# Services that hold data of ours under the key.
_ENCRYPTING = {"dynamodb", "s3", "sns", "sqs"}

Statement = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Objects:
    """S3 actions on the data bucket's objects with these keys, each a whole key or a prefix and '*'."""

    keys: tuple[str, ...]
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """To list the data bucket's keys under these prefixes, and to be told of an object that it is not there.

    S3 answers 403, not 404, for a missing object to whoever may not list the bucket.
    """

    prefixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """DynamoDB actions on the table."""

    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shadows:
    """AWS IoT actions on the shadows of the things whose names begin so."""

    prefix: str
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Looks:
    """Rekognition's actions that know no resource."""

    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Searches:
    """Rekognition's actions on the collections of these names."""

    actions: tuple[str, ...]
    collections: str


Right = Objects | Listing | Rows | Shadows | Looks | Searches

# The role that may read pictures and nothing else, by which send_alert signs links to them.
PICTURE_ROLE = "pictures"

_GET, _PUT, _DELETE = "s3:GetObject", "s3:PutObject", "s3:DeleteObject"
_READ = ("dynamodb:GetItem", "dynamodb:Query")
_LIST, _PUBLISH, _COUNT = "s3:ListBucket", "sns:Publish", "sqs:GetQueueAttributes"
# Whoever tells people counts first whom a notice reaches by SMS and e-mail.
_FOLLOWERS, _FOLLOWER = "sns:ListSubscriptionsByTopic", "sns:GetSubscriptionAttributes"
_ASSUME = "sts:AssumeRole"
_FED = ("sqs:DeleteMessage", _COUNT, "sqs:ReceiveMessage")
_DETECT = "rekognition:DetectLabels"
_SITE_DOCUMENT = Objects((SITE_DOCUMENT,), (_GET,))

RIGHTS: Mapping[str, tuple[Right, ...]] = {
    "detect_frame": (
        _SITE_DOCUMENT,
        # A frame that is none moves to quarantine: copied, then removed.
        Objects((f"{FRAMES_PREFIX}*",), (_GET, _DELETE)),
        Objects((f"{QUARANTINE_PREFIX}*",), (_GET, _PUT)),
        Objects((f"{PICTURES_PREFIX}*", f"{FACES_PREFIX}*"), (_PUT,)),
        Listing((SITE_DOCUMENT,)),
        Rows((*_READ, "dynamodb:PutItem", "dynamodb:UpdateItem")),
        # Of cameras whose engine it is.
        Looks((_DETECT,)),
    ),
    "store_reports": (
        _SITE_DOCUMENT,
        Objects((f"{REPORTS_PREFIX}*",), (_GET,)),
        Listing((SITE_DOCUMENT,)),
        Rows((*_READ, "dynamodb:PutItem", "dynamodb:UpdateItem")),
    ),
    "send_alert": (
        _SITE_DOCUMENT,
        Objects((f"{FACES_PREFIX}*",), (_GET,)),
        Listing((SITE_DOCUMENT,)),
        # Of known faces: the site document names the collection.
        Searches(("rekognition:SearchFacesByImage",), collections="*"),
        # A transaction asks for the rights of what it is made of.
        Rows(
            (
                *_READ,
                "dynamodb:PutItem",
                "dynamodb:UpdateItem",
                "dynamodb:DeleteItem",
                "dynamodb:ConditionCheckItem",
            )
        ),
    ),
    "compare_labels": (
        _SITE_DOCUMENT,
        # Rekognition reads the frame with the rights of who asks it to.
        Objects((f"{FRAMES_PREFIX}*",), (_GET,)),
        Objects((f"{REVIEW_PREFIX}*",), (_PUT,)),
        Listing((SITE_DOCUMENT, f"{FRAMES_PREFIX}*")),
        Rows(("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")),
        Looks((_DETECT,)),
    ),
    "set_lights": (
        _SITE_DOCUMENT,
        Listing((SITE_DOCUMENT,)),
        Rows((*_READ, "dynamodb:UpdateItem")),
        Shadows(LAMP_THINGS, ("iot:GetThingShadow", "iot:UpdateThingShadow")),
    ),
    "render_charts": (
        _SITE_DOCUMENT,
        Objects(("site/charts/*", "site/exports/*"), (_PUT,)),
        Listing(("site/charts/*", f"{PICTURES_PREFIX}*", f"{QUARANTINE_PREFIX}*", FRAMES_PREFIX)),
        Rows((*_READ, "dynamodb:PutItem", "dynamodb:DeleteItem")),
    ),
    "watch_cameras": (
        _SITE_DOCUMENT,
        Objects((f"{HEARTBEATS_PREFIX}*",), (_GET,)),
        Listing((f"{HEARTBEATS_PREFIX}*", f"{FRAMES_PREFIX}*")),
        Rows((*_READ, "dynamodb:PutItem", "dynamodb:UpdateItem")),
    ),
    "send_canary": (Objects((f"{CANARY_FRAMES}*",), (_PUT,)),),
    "record_proof": (Rows(("dynamodb:GetItem", "dynamodb:PutItem")),),
}


def statements(function: Function, *, catalog: Catalog, names: Names, key_arn: str) -> list[Statement]:
    """Return the statements of the function's role, the key's and the log's included."""
    found = [each for right in RIGHTS[function.name] for each in _statements(right, catalog, names)]
    for resource in function.environment.values():
        match resource:
            case Topic(name=name):
                found.append(_allow([_PUBLISH], [names.topic_arn(name)]))
                if name == catalog.people_topic:
                    found.append(_allow([_FOLLOWERS], [names.topic_arn(name)]))
                    # A subscription is no resource to IAM:
                    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
                    found.append(_allow([_FOLLOWER], ["*"]))
            case DeadLetters():
                found.append(
                    _allow([_COUNT], [names.queue_arn(queue.dead_letter) for queue in catalog.queues])
                )
    if function.queue:
        found.append(_allow(_FED, [names.queue_arn(function.queue)]))
    if signs_links(function):
        found.append(_allow([_ASSUME], [names.role_arn(PICTURE_ROLE)]))
    found.append(_key_statement(found, key_arn))
    group = names.log_group_arn(names.log_group(function.name))
    found.append(_allow(["logs:CreateLogStream", "logs:PutLogEvents"], [f"{group}:*"]))
    return found


def tracing_statement() -> Statement:
    """Return what lets a function send its traces.

    X-Ray knows no resources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
    """
    return _allow(["xray:PutTelemetryRecords", "xray:PutTraceSegments"], ["*"])


def picture_statements(*, catalog: Catalog, names: Names, key_arn: str) -> list[Statement]:
    """Return the statements of the role that signs links to pictures."""
    reading = _statements(Objects((f"{PICTURES_PREFIX}*",), (_GET,)), catalog, names)
    return [*reading, _key_statement(reading, key_arn)]


def signs_links(function: Function) -> bool:
    """Tell whether the function assumes the role that signs links to pictures."""
    return "picture_role" in setting_names(function)


def allows(function: Function, action: str, resource: str) -> bool:
    """Tell whether `RIGHTS` and the catalog let the function do this.

    The resource is an object's key, the prefix that is listed, or for others the catalog's short name.
    """
    for right in RIGHTS[function.name]:
        match right:
            case Objects(keys=keys, actions=actions):
                if action in actions and any(fnmatchcase(resource, key) for key in keys):
                    return True
            case Listing(prefixes=prefixes):
                if action == _LIST and any(fnmatchcase(resource, prefix) for prefix in prefixes):
                    return True
            case Rows(actions=actions):
                if action in actions:
                    return True
            case Shadows(prefix=prefix, actions=actions):
                if action in actions and resource.startswith(prefix):
                    return True
            case Looks(actions=actions):
                if action in actions:
                    return True
            case Searches(actions=actions, collections=collections):
                if action in actions and fnmatchcase(resource, collections):
                    return True
    if action == _ASSUME:
        return signs_links(function) and resource == PICTURE_ROLE
    told = function.environment.values()
    if action in {_FOLLOWERS, _FOLLOWER}:
        return resource == CATALOG.people_topic and Topic(name=resource) in told
    return (action == _PUBLISH and Topic(name=resource) in told) or (
        action == _COUNT and DeadLetters() in told
    )


def _statements(right: Right, catalog: Catalog, names: Names) -> list[Statement]:
    bucket = names.bucket_arn(catalog.bucket.name)
    match right:
        case Objects(keys=keys, actions=actions):
            return [_allow(actions, [f"{bucket}/{key}" for key in keys])]
        case Listing(prefixes=prefixes):
            # IfExists: a GET of a missing object has no prefix, and must learn that it is missing.
            condition = {"StringLikeIfExists": {"s3:prefix": list(prefixes)}}
            return [{**_allow([_LIST], [bucket]), "Condition": condition}]
        case Rows(actions=actions):
            return [_allow(actions, [names.table_arn(catalog.table.name)])]
        case Shadows(prefix=prefix, actions=actions):
            return [_allow(actions, [names.thing_arn(f"{prefix}*")])]
        case Looks(actions=actions):
            return [_allow(actions, ["*"])]
        case Searches(actions=actions, collections=collections):
            return [_allow(actions, [names.collection_arn(collections)])]


def _key_statement(asked: Iterable[Statement], key_arn: str) -> Statement:
    """Return what those statements need of the key, and through which services alone."""
    actions = {action for statement in asked for action in statement["Action"]}
    services = sorted({action.partition(":")[0] for action in actions} & _ENCRYPTING)
    needed = {"kms:Decrypt"}
    if actions & {_PUT, _PUBLISH}:
        needed.add("kms:GenerateDataKey")
    if any(action.startswith("dynamodb:") for action in actions):
        # As DynamoDB's own documentation asks of whoever uses a table under a customer's key.
        needed |= {"kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"}
    through = [f"{service}.{aws().REGION}.{aws().URL_SUFFIX}" for service in services]
    return {
        **_allow(sorted(needed), [key_arn]),
        "Condition": {"StringEquals": {"kms:ViaService": through}},
    }


def _allow(actions: Iterable[str], resources: list[str]) -> Statement:
    return {"Effect": "Allow", "Action": sorted(actions), "Resource": resources}
