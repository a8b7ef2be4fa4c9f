"""boto3 sessions and clients of the agent: by a device certificate, or by any of boto3's own ways."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import (
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)
from botocore.httpsession import where

from edge_agent.identity import Credentials, PatientFetch, fetch_credentials, read_identity
from vigie.domain.instants import to_iso

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_METHOD = "iot-certificate"


class _CertificateProvider(CredentialProvider):
    """Gives botocore credentials that it renews itself, from a quarter of an hour before they expire."""

    METHOD = _METHOD
    CANONICAL_NAME = _METHOD

    def __init__(self, fetch: PatientFetch) -> None:
        super().__init__()
        self._fetch = fetch

    def load(self) -> DeferredRefreshableCredentials:
        return DeferredRefreshableCredentials(
            refresh_using=lambda: _as_metadata(self._fetch()), method=_METHOD
        )


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
    session.register_component("credential_provider", CredentialResolver([_CertificateProvider(fetch)]))
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


def _as_metadata(credentials: Credentials) -> dict[str, str]:
    return {
        "access_key": credentials.access_key,
        "secret_key": credentials.secret_key,
        "token": credentials.token,
        "expiry_time": to_iso(credentials.expires_at),
    }
