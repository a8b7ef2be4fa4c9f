"""A device with an identity, and the provider that knows it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from edge_agent.identity import (
    CERTIFICATE,
    FACTS,
    KEY,
    Credentials,
    Identity,
    fetch_credentials,
)
from edge_agent.identity_files import new_key
from tests.edge.provider import Authority, CredentialProvider


@dataclass(frozen=True)
class World:
    """A credential provider, and the identity folder of a device that it knows."""

    provider: CredentialProvider
    identity: Path
    authorities: Path

    def fetch(self) -> Credentials:
        return fetch_credentials(self.identity, ca_bundle=str(self.authorities))


def make_identity(folder: Path, devices: Authority, endpoint: str) -> Path:
    folder.mkdir()
    key, request = new_key("garden")
    facts = Identity(thing="garden", endpoint=endpoint, role_alias="vigie-edge-garden", region="eu-west-3")
    (folder / KEY).write_bytes(key)
    (folder / CERTIFICATE).write_bytes(devices.sign(request))
    (folder / FACTS).write_text(json.dumps(asdict(facts)))
    return folder
