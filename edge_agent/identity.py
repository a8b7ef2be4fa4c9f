"""The identity folder that `enroll` makes for one agent, and the credentials that it buys.

::

    identity.json   thing, endpoint, role_alias, region; to drive lamps data_endpoint and lamp_things
    device.pem      the certificate that AWS IoT signed
    device.key      its private key, made on the owner's machine, for the agent alone

AWS IoT's credential provider takes the certificate by mutual TLS and gives, for an hour, credentials of the
role behind the role alias. https://docs.aws.amazon.com/iot/latest/developerguide/authorizing-direct-aws.html
"""

import json
import logging
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from edge_agent.clock import read_date
from vigie.documents import read_json, read_object
from vigie.domain.instants import to_iso
from vigie.domain.lamps import LAMP_THINGS
from vigie.errors import AccessDenied, CloudError, ConfigError, Unavailable

log = logging.getLogger(__name__)

FACTS, CERTIFICATE, KEY = "identity.json", "device.pem", "device.key"

_PORT = 443
_TIMEOUT_S = 10.0
_MOST_BYTES = 100_000
_DATE_RESOLUTION = timedelta(seconds=1)
# After a failure nobody is asked for so long: botocore would ask again with each call.
_PAUSE_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who this agent is to AWS IoT; `endpoint` is the credential provider's host, with a port if not 443.

    `data_endpoint` is the host of the broker and the shadows, with a port if not 8883; `lamp_things` what the
    names of lamp groups' things begin with.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    thing: str
    endpoint: str
    role_alias: str
    region: str
    data_endpoint: str | None = None
    lamp_things: str = LAMP_THINGS


@dataclass(frozen=True, slots=True)
class Credentials:
    """Temporary credentials of AWS; no repr shows them.

    `expires_at` is by this machine's clock, however wrong that is: what counts is the time until then.
    """

    access_key: str
    secret_key: str
    token: str
    expires_at: datetime

    def __repr__(self) -> str:
        return f"Credentials(expires_at={self.expires_at!r})"


def read_identity(folder: Path) -> Identity:
    """Read an identity folder's facts.

    Raises:
        ConfigError: a file is missing, or identity.json does not fit.

    """
    for name in (FACTS, CERTIFICATE, KEY):
        try:
            text = (folder / name).read_bytes()
        except OSError as error:
            raise ConfigError(
                f"{folder / name} cannot be read: {error.strerror}; `python -m edge_agent enroll` makes it"
            ) from error
        if name == FACTS:
            identity = read_json(Identity, text, source=str(folder / name))
    return identity


def check_agent_name(folder: Path, agent_id: str) -> None:
    """Refuse a name under which the identity's rights let no heartbeat be stored.

    Raises:
        ConfigError: the identity is another agent's.

    """
    thing = read_identity(folder).thing
    if agent_id != thing:
        raise ConfigError(
            f"agent_id is {agent_id!r}, and the identity {folder} is that of {thing!r}, which may "
            f"store heartbeats of {thing!r} alone; leave agent_id out, or enroll {agent_id!r}"
        )


def fetch_credentials(folder: Path, *, ca_bundle: str) -> Credentials:
    """Ask the credential provider for credentials; `ca_bundle` holds the authorities that its host is of.

    Raises:
        ConfigError: the folder is no identity, or certificate and key do not fit.
        AccessDenied: the certificate, the role alias or their policies are refused.
        Unavailable: the provider is out of reach, or fails.
        CloudError: the answer is none that we know.

    """
    identity = read_identity(folder)
    try:
        context = ssl.create_default_context(cafile=ca_bundle)
        context.load_cert_chain(folder / CERTIFICATE, folder / KEY)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"{folder}: its certificate and key cannot be used: {error}") from error
    status, body, date = _get(identity, context)
    if status == HTTPStatus.OK:
        return _read(body, identity, date)
    said = f"{identity.endpoint} answers {status}{_words(body)}"
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}:
        raise AccessDenied(
            f"no credentials for {identity.thing!r} with the role alias {identity.role_alias!r}: {said}; "
            "is the certificate active and attached, and may its policy iot:AssumeRoleWithCertificate?"
        )
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Unavailable(f"no credentials now: {said}")
    raise CloudError(f"no credentials: {said}")


def _get(identity: Identity, context: ssl.SSLContext) -> tuple[int, bytes, str | None]:
    host, _, port = identity.endpoint.partition(":")
    connection = HTTPSConnection(host, int(port or _PORT), timeout=_TIMEOUT_S, context=context)
    path = f"/role-aliases/{quote(identity.role_alias, safe='')}/credentials"
    try:
        connection.request("GET", path, headers={"x-amzn-iot-thingname": identity.thing})
        answer = connection.getresponse()
        return answer.status, answer.read(_MOST_BYTES), answer.getheader("Date")
    except ssl.SSLCertVerificationError as error:
        raise AccessDenied(
            f"{identity.endpoint} is not who it should be: {error.verify_message}; "
            "is this machine's clock right?"
        ) from error
    except ssl.SSLError as error:
        raise AccessDenied(
            f"{identity.endpoint} takes no connection with this certificate: {error.reason or error}"
        ) from error
    except (OSError, HTTPException) as error:
        raise Unavailable(f"{identity.endpoint} is out of reach: {error or type(error).__name__}") from error
    finally:
        connection.close()


def _read(body: bytes, identity: Identity, date: str | None) -> Credentials:
    now = datetime.now(UTC)
    # By AWS's own clock at either end: ours may be hours off, and then it is these that let us find out.
    heard = read_date(date)
    theirs = now if heard is None else heard + _DATE_RESOLUTION
    try:
        given: Mapping[str, Any] = json.loads(body)["credentials"]
        expires_at = read_object(datetime, given["expiration"], source="expiration")
        left = expires_at - theirs
        credentials = Credentials(
            given["accessKeyId"], given["secretAccessKey"], given["sessionToken"], now + left
        )
    except (ValueError, KeyError, TypeError, OverflowError, ConfigError) as error:
        raise CloudError(f"{identity.endpoint} gives an answer that holds no credentials") from error
    if left <= timedelta(0):
        raise AccessDenied(
            f"{identity.endpoint} gives credentials that expired at {to_iso(expires_at)}: "
            "is this machine's clock right?"
        )
    return credentials


def _words(body: bytes) -> str:
    """Return what the provider says of a refusal, if that is the short JSON that it should be."""
    try:
        return f": {str(json.loads(body)['message'])[:200]}"
    except (ValueError, KeyError, TypeError):
        return ""


def as_process_output(credentials: Credentials) -> dict[str, str | int]:
    """Return what boto3's `credential_process` reads, as plain data."""
    return {
        "Version": 1,
        "AccessKeyId": credentials.access_key,
        "SecretAccessKey": credentials.secret_key,
        "SessionToken": credentials.token,
        "Expiration": to_iso(credentials.expires_at),
    }


class PatientFetch:
    """Calls `fetch`; after a failure it repeats that for a while instead of asking again."""

    def __init__(
        self,
        fetch: Callable[[], Credentials],
        *,
        pause_s: float = _PAUSE_S,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._pause_s = pause_s
        self._now = now
        self._lock = threading.Lock()
        self._failure: CloudError | ConfigError | None = None
        self._failed_at = 0.0

    def __call__(self) -> Credentials:
        """Return new credentials.

        Raises:
            CloudError, ConfigError: as `fetch_credentials`, perhaps the last one again.

        """
        with self._lock:
            if self._failure is not None and self._now() - self._failed_at < self._pause_s:
                raise type(self._failure)(str(self._failure)) from self._failure
            try:
                credentials = self._fetch()
            except (CloudError, ConfigError) as error:
                if self._failure is None:  # said once, however often it is tried
                    log.warning("credentials cannot be renewed", extra={"error": str(error)})
                self._failure, self._failed_at = error, self._now()
                raise
            self._failure = None
            return credentials
