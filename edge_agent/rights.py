"""What an edge agent may do on AWS, as policy documents: pure data, for `enroll` and for the infrastructure.

An agent puts objects, under its own cameras' prefixes and its own heartbeat's key, and reads one document. It
lists nothing, deletes nothing, and reads no frame back, not even its own.
"""

from collections.abc import Sequence
from typing import Any

from vigie.aws.site_store import SITE_DOCUMENT
from vigie.domain.cameras import check_camera_id
from vigie.domain.frames import FRAMES_PREFIX
from vigie.domain.heartbeats import HEARTBEATS_PREFIX
from vigie.domain.reports import REPORTS_PREFIX

Policy = dict[str, Any]

# IAM fills in whose certificate bought the credentials: the name of the thing, which is the agent's id.
THING = "${credentials-iot:ThingName}"
CREDENTIAL_PROVIDER = "credentials.iot.amazonaws.com"

_VERSION = "2012-10-17"


def edge_rights(*, bucket: str, cameras: Sequence[str], agent: str = THING, partition: str = "aws") -> Policy:
    """Return the rights of the role that an agent with these cameras takes on.

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
                "Sid": "FollowTheSite",
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": root + SITE_DOCUMENT,
            },
        ],
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
