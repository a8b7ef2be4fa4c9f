"""What an edge agent may do on AWS, as policy documents: pure data, for `enroll` and for the infrastructure.

An agent puts objects, under its own cameras' prefixes and its own heartbeat's key, and reads one document. It
lists nothing, deletes nothing, and reads no frame back, not even its own. One that drives lamps follows the
shadows of its own groups and reports into them, by the certificate alone.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from vigie.aws.site_store import SITE_DOCUMENT
from vigie.domain.cameras import check_camera_id, check_name
from vigie.domain.frames import FRAMES_PREFIX
from vigie.domain.heartbeats import HEARTBEATS_PREFIX
from vigie.domain.reports import REPORTS_PREFIX

Policy = dict[str, Any]

# IAM fills in whose certificate bought the credentials: the name of the thing, which is the agent's id.
THING = "${credentials-iot:ThingName}"
CREDENTIAL_PROVIDER = "credentials.iot.amazonaws.com"

# What names of ours begin with where an account has other things too.
OURS = "vigie-edge-"

# What IAM allows the inline policies of one role together, and IoT the value of a thing's attribute.
MOST_RIGHTS = 10_240
MOST_ATTRIBUTE = 800

_VERSION = "2012-10-17"
_THING = re.compile(r"[a-zA-Z0-9:_-]{1,128}")
_SITE = "FollowTheSite"
_KEY = "UseTheBucketsKey"


def policy_name(role_alias: str) -> str:
    """Return the name of the policy that lets certificates use a role alias."""
    return role_alias if role_alias.startswith(OURS) else OURS + role_alias


def edge_rights(
    *,
    bucket: str,
    cameras: Sequence[str],
    agent: str = THING,
    partition: str = "aws",
    key_arn: str | None = None,
) -> Policy:
    """Return the rights of the role that an agent with these cameras takes on.

    With `key_arn`, the bucket's KMS key, the role may use it through S3 and in no other way.

    Raises:
        ValueError: there is no camera, or one's id breaks its pattern; a '*' would open all the others'.

    """
    if not cameras:
        raise ValueError("an agent without cameras needs no rights")
    root = f"arn:{partition}:s3:::{bucket}/"
    own = [
        f"{root}{prefix}{check_camera_id(camera)}/*"
        for camera in cameras
        for prefix in (FRAMES_PREFIX, REPORTS_PREFIX)
    ]
    return {
        "Version": _VERSION,
        "Statement": [
            {
                "Sid": "PutFramesReportsAndHeartbeat",
                "Effect": "Allow",
                "Action": "s3:PutObject",
                "Resource": [*own, f"{root}{HEARTBEATS_PREFIX}{agent}.json"],
            },
            {
                "Sid": _SITE,
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": root + SITE_DOCUMENT,
            },
            *([] if key_arn is None else [_key_right(key_arn)]),
        ],
    }


def size_of(policy: Policy) -> int:
    """Return how many characters IAM counts: all but white space."""
    return len(json.dumps(policy, separators=(",", ":")))


def key_of(policy: Policy, bucket: str) -> str | None:
    """Return the ARN of the key that rights to this very bucket have; None when they have none."""
    statements = {statement.get("Sid"): statement for statement in policy.get("Statement", [])}
    site = str(statements.get(_SITE, {}).get("Resource", ""))
    if not site.endswith(f":::{bucket}/{SITE_DOCUMENT}"):
        return None
    key: str | None = statements.get(_KEY, {}).get("Resource")
    return key


def _key_right(key_arn: str) -> Policy:
    return {
        "Sid": _KEY,
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": key_arn,
        "Condition": {"StringLike": {"kms:ViaService": "s3.*.amazonaws.com*"}},
    }


def edge_trust(*, account: str, region: str, partition: str = "aws") -> Policy:
    """Return who may take on the role: AWS IoT's credential provider, for this account alone."""
    return {
        "Version": _VERSION,
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": CREDENTIAL_PROVIDER},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": account},
                    "ArnLike": {"aws:SourceArn": f"arn:{partition}:iot:{region}:{account}:*"},
                },
            }
        ],
    }


def certificate_rights(role_alias_arn: str) -> Policy:
    """Return what a device's certificate may do at AWS IoT: buy credentials of one role alias."""
    return {
        "Version": _VERSION,
        "Statement": [
            {"Effect": "Allow", "Action": "iot:AssumeRoleWithCertificate", "Resource": role_alias_arn}
        ],
    }


def shadow_rights(*, root: str, thing: str, lamp_things: Sequence[str]) -> Policy:
    """Return what the certificate of an agent that drives lamps may do beside: follow their shadows.

    `root` is what ARNs of AWS IoT in this account begin with, such as arn:aws:iot:eu-west-1:123456789012.

    Raises:
        ValueError: a name is none of a thing; a '*' would open the shadows of others.

    """
    check_name("thing", thing)
    for name in lamp_things:
        if not _THING.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a thing: 1 to 128 of a-z, A-Z, 0-9, ':', '_' and '-'")
    shadows = [f"$aws/things/{name}/shadow" for name in lamp_things]
    heard = [f"{shadow}/{part}" for shadow in shadows for part in ("update/delta", "get/accepted")]
    said = [f"{shadow}/{part}" for shadow in shadows for part in ("get", "update")]
    grants = (
        ("iot:Connect", [f"client/{thing}"]),
        ("iot:Subscribe", [f"topicfilter/{topic}" for topic in heard]),
        ("iot:Receive", [f"topic/{topic}" for topic in heard]),
        ("iot:Publish", [f"topic/{topic}" for topic in said]),
    )
    return {
        "Version": _VERSION,
        "Statement": [
            {"Effect": "Allow", "Action": action, "Resource": [f"{root}:{name}" for name in names]}
            for action, names in grants
        ],
    }
