"""boto3 sessions and clients of the agent: by a device certificate, or by any of boto3's own ways."""

import math
import threading
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import (
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)
from botocore.httpsession import where

from edge_agent.identity import PatientFetch, fetch_credentials, read_identity
from vigie.domain.instants import to_iso

if TYPE_CHECKING:
    from mypy_boto3_iot_data import IoTDataPlaneClient
    from mypy_boto3_s3 import S3Client

_METHOD = "iot-certificate"
_REFUSED_TOKENS = frozenset({"ExpiredToken", "ExpiredTokenException", "InvalidToken"})
_RENEW_AGAIN_S = 60.0  # a token that S3 refuses anew each time is not bought anew each time
_BEGIN = datetime(2000, 1, 1, tzinfo=UTC)  # any will do


def _steady_now() -> datetime:
    """Return a time that no setting of the clock moves; only differences mean something."""
    return _BEGIN + timedelta(seconds=time.monotonic())


class _RenewedCredentials(DeferredRefreshableCredentials):
    """Credentials that botocore renews from a quarter of an hour before they expire, by the steady clock.

    The local one may be hours off, or jump; and when S3 refuses them all the same, they are renewed at once.
    """

    def __init__(self, fetch: PatientFetch) -> None:
        super().__init__(self._renewed, _METHOD, _steady_now)
        self._fetch = fetch
        self._refused = threading.Event()
        self._renewed_at = -math.inf

    def refresh_needed(self, refresh_in: int | None = None) -> bool:
        return self._refused.is_set() or super().refresh_needed(refresh_in)

    def hear(self, **event: Any) -> None:  # noqa: ANN401 - botocore's
        """Take in botocore's event after an answer of AWS."""
        refused = event["parsed"].get("Error", {}).get("Code") in _REFUSED_TOKENS
        if refused and time.monotonic() - self._renewed_at >= _RENEW_AGAIN_S:
            self._refused.set()

    def _renewed(self) -> dict[str, str]:
        credentials = self._fetch()
        left = credentials.expires_at - datetime.now(UTC)
        self._renewed_at = time.monotonic()
        self._refused.clear()
        return {
            "access_key": credentials.access_key,
            "secret_key": credentials.secret_key,
            "token": credentials.token,
            "expiry_time": to_iso(_steady_now() + left),
        }


class _CertificateProvider(CredentialProvider):
    """Gives botocore the credentials that a device's certificate buys."""

    METHOD = _METHOD
    CANONICAL_NAME = _METHOD

    def __init__(self, credentials: _RenewedCredentials) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> DeferredRefreshableCredentials:
        return self._credentials


def open_session(identity: Path | None) -> tuple[boto3.Session, str | None]:
    """Return a session, and the name of the thing that the identity folder is of; no network is asked yet.

    Raises:
        ConfigError: the folder is no identity.

    """
    if identity is None:
        return boto3.Session(), None
    facts = read_identity(identity)
    session = botocore.session.get_session()
    fetch = PatientFetch(partial(fetch_credentials, identity, ca_bundle=ca_bundle(session)))
    credentials = _RenewedCredentials(fetch)
    provider = CredentialResolver([_CertificateProvider(credentials)])
    session.register_component("credential_provider", provider)
    session.register("after-call", credentials.hear)
    return boto3.Session(
        botocore_session=session, region_name=session.get_config_variable("region") or facts.region
    ), facts.thing


def ca_bundle(session: botocore.session.Session | None = None) -> str:
    """Return the file of certificate authorities that boto3 trusts: AWS_CA_BUNDLE's, else certifi's."""
    session = session or botocore.session.get_session()
    named: str | None = session.get_config_variable("ca_bundle")
    return named or where()


def s3_client(session: boto3.Session) -> "S3Client":
    """Return a client that never retries on its own: waiting, with jitter and in order, is its caller's."""
    return session.client(
        "s3",
        config=Config(
            retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=5, read_timeout=20
        ),
    )


def shadows_client(session: boto3.Session) -> "IoTDataPlaneClient":
    """Return a client of device shadows that gives up soon: it is asked again and again."""
    return session.client(
        "iot-data",
        config=Config(
            retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=3, read_timeout=5
        ),
    )
