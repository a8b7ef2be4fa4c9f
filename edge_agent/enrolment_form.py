"""Whom to enrol: what the owner says of an agent, judged before anything is made."""

import re
from dataclasses import dataclass

from edge_agent.rights import MOST_ATTRIBUTE
from edge_agent.settings import BUCKET_NAME
from vigie.domain.cameras import check_camera_id, check_name
from vigie.domain.lamps import LAMP_THINGS

_KEY_ARN = re.compile(r"arn:[\w-]+:kms:[\w-]+:\d{12}:key/[\w-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """Whom to enrol; `key_arn` is the bucket's KMS key, `role_alias` one that is there already.

    `lamps` are the lamp groups that it will drive, whose things' names begin with `lamp_prefix`.
    """

    thing: str
    cameras: tuple[str, ...]
    bucket: str
    role_alias: str | None = None
    key_arn: str | None = None
    lamps: tuple[str, ...] = ()
    lamp_prefix: str = LAMP_THINGS

    def __post_init__(self) -> None:
        check_name("thing", self.thing)
        if not BUCKET_NAME.fullmatch(self.bucket):  # a '*' would open other buckets
            raise ValueError(
                f"bucket {self.bucket!r} is no name of an S3 bucket: 3 to 63 of a-z, 0-9, '.', '-'"
            )
        if self.key_arn is not None and not _KEY_ARN.fullmatch(self.key_arn):
            raise ValueError(f"key {self.key_arn!r} is no ARN such as arn:aws:kms:REGION:ACCOUNT:key/ID")
        if self.key_arn is not None and self.role_alias is not None:
            raise ValueError(
                "--key is for the role that enroll makes; the role of a --role-alias of yours has the rights "
                "that you gave it, so leave one of the two out"
            )
        for camera in self.cameras:
            check_camera_id(camera)
        if len(self.attribute) > MOST_ATTRIBUTE:
            raise ValueError(
                f"the names of {len(self.cameras)} cameras are too long together: a thing keeps "
                f"{MOST_ATTRIBUTE} characters of them, with commas, and these are {len(self.attribute)}; "
                "enroll two agents, or give shorter names"
            )
        for group in self.lamps:
            check_name("lamp group", group)

    @property
    def attribute(self) -> str:
        """What the thing keeps of its cameras."""
        return ",".join(self.cameras)

    @property
    def lamp_things(self) -> tuple[str, ...]:
        """The names of the things of its lamp groups."""
        return tuple(self.lamp_prefix + group for group in self.lamps)
