"""`python -m edge_agent credentials`: what boto3's `credential_process` asks for, kept until it expires."""

import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge_agent.identity import as_process_output, fetch_credentials
from edge_agent.sessions import ca_bundle
from vigie.domain.instants import from_iso

_CACHE = "credentials.json"
# boto3 renews a quarter of an hour before the end: what it would throw away at once is of no use to it.
_LEAST = timedelta(minutes=20)


def print_credentials(folder: Path) -> str:
    """Return the JSON of temporary credentials, from the folder's cache while they are good for a while.

    Raises:
        ConfigError: the folder is no identity.
        CloudError: the credential provider gives none.

    """
    cache = folder / _CACHE
    kept = _kept(cache)
    if kept is not None:
        return kept
    text = json.dumps(as_process_output(fetch_credentials(folder, ca_bundle=ca_bundle())))
    _keep(cache, text)
    return text


def _kept(cache: Path) -> str | None:
    try:
        text = cache.read_text(encoding="utf-8")
        expires_at = from_iso(json.loads(text)["Expiration"])
        set_back = time.time() < cache.stat().st_mtime  # it says when by a clock that was ahead then
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return text if expires_at - datetime.now(UTC) > _LEAST and not set_back else None


def _keep(cache: Path, text: str) -> None:
    part = cache.with_name(f"{cache.name}.{os.getpid()}")
    try:
        part.touch(mode=0o600)
        part.write_text(text, encoding="utf-8")
        part.replace(cache)
    except OSError:
        return  # a folder that we may not write: the next call asks the provider again
