"""Links to pictures of visits for people who are told of them: presigned, or the page's.

A presigned link ends with the credentials that signed it, whatever end was asked for, and nobody tells a
Lambda function when its own end. So a role is assumed, of which STS says it, or the page is linked to.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

import boto3

from vigie.aws import clients
from vigie.aws.clients import translated
from vigie.domain.instants import seconds_between
from vigie.domain.notices import PictureLink
from vigie.domain.pictures import site_path
from vigie.errors import CloudError, ConfigError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_log = logging.getLogger(__name__)

_LONGEST = timedelta(hours=24)
# As long as a role can be assumed by a role, which a function's own is.
_SESSION = timedelta(hours=1)
# An alert must not wait for an STS that is out of reach, nor every alert ask it in vain.
_PAUSE = timedelta(minutes=1)
_ROLE = re.compile(r"arn:[\w-]+:iam::\d{12}:role/[\w+=,.@/-]+")
_PAGE = re.compile(r"https?://[^\s/?#]+[^\s?#]*")


@dataclass(frozen=True, slots=True)
class _Signer:
    """A client whose signatures hold until an instant; without one, for as long as S3 lets them."""

    s3: "S3Client"
    made_at: datetime
    ends_at: datetime | None


class S3PictureLinks:
    """Makes links to the pictures of the data bucket.

    With `page_url` they are the page's, which ask for its login and do not end before the picture does. With
    `role`, which may read the pictures and nothing else, they are presigned by that role and end with its
    session, within the hour. With neither they are presigned with the credentials at hand for a day, if
    those are lasting ones.

    Raises:
        ConfigError: the address or the role is none.

    """

    def __init__(
        self, bucket: str, *, page_url: str | None, role: str | None, clock: Callable[[], datetime]
    ) -> None:
        if page_url is not None and not _PAGE.fullmatch(page_url):
            raise ConfigError(f"page_url is an address such as https://vigie.example, not {page_url!r}")
        if role is not None and not _ROLE.fullmatch(role):
            raise ConfigError(
                f"picture_role is an ARN such as arn:aws:iam::123456789012:role/pictures, not {role!r}"
            )
        self._bucket = bucket
        self._page = page_url.rstrip("/") if page_url else None
        self._role = role
        self._clock = clock
        self._signer: _Signer | None = None
        self._looked = False
        self._ask_again_at: datetime | None = None

    def link(self, key: str) -> PictureLink | None:
        """Return a link to the picture of that key; None when there can be none, of which the log tells."""
        if self._page:
            return PictureLink(f"{self._page}/{quote(site_path(key))}")
        try:
            signer = self._current()
            return None if signer is None else self._presigned(signer, key)
        except CloudError as error:
            # An alert without a picture is worth more than none.
            _log.warning("an alert goes without a link to its picture: %s", error)
            return None

    def _presigned(self, signer: _Signer, key: str) -> PictureLink | None:
        now = self._clock()
        left_s = int(seconds_between(now, signer.ends_at or now + _LONGEST))
        if left_s < 1:
            return None
        with translated(f"signing a link to {key}"):
            url = signer.s3.generate_presigned_url(
                "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=left_s
            )
        return PictureLink(url, now.replace(microsecond=0) + timedelta(seconds=left_s))

    def _current(self) -> _Signer | None:
        """Return the signer to use now; a role's session is replaced when half of it has passed."""
        now = self._clock()
        held = self._signer
        if self._role is None:
            if not self._looked:
                self._signer, self._looked = _own_signer(now), True
            return self._signer
        if held is not None and held.ends_at is not None and now - held.made_at < held.ends_at - now:
            return held
        if self._ask_again_at is not None and now < self._ask_again_at:
            return held
        try:
            self._signer = _role_signer(self._role, now)
        except CloudError as error:
            self._ask_again_at = now + _PAUSE
            if held is None:
                raise
            _log.warning("links to pictures end sooner: %s", error)
        return self._signer


def _own_signer(now: datetime) -> _Signer | None:
    with translated("looking for credentials"):
        found = boto3.Session().get_credentials()
        if found is not None and not found.get_frozen_credentials().token:
            return _Signer(clients.signing_s3(), now, None)
    _log.warning("alerts go without links to pictures: nobody knows when these credentials end")
    return None


def _role_signer(role: str, now: datetime) -> _Signer:
    with translated(f"assuming the role {role}"):
        answer = clients.sts().assume_role(
            RoleArn=role,
            RoleSessionName="vigie-pictures",
            DurationSeconds=int(_SESSION.total_seconds()),
        )
        given = answer["Credentials"]
        return _Signer(clients.signing_s3(given), now, given["Expiration"].astimezone(UTC))
