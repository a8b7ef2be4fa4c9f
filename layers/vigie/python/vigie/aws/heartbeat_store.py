"""The data bucket's heartbeats/: one object an agent, replaced at each beat."""

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from vigie.aws.clients import keys_under, translated
from vigie.documents import read_json
from vigie.domain.darkness import HeartbeatSeen
from vigie.domain.heartbeats import HEARTBEATS_PREFIX, Heartbeat
from vigie.errors import ConfigError, NotFound

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_log = logging.getLogger(__name__)
# No clock is that wrong: one that lost its battery begins in 1970 or 2000.
_MOST_WRONG = timedelta(days=100 * 365)


class S3HeartbeatSource:
    """Implements `HeartbeatSource` on the data bucket."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._s3 = client
        self._bucket = bucket

    def heartbeats(self) -> tuple[HeartbeatSeen, ...]:
        """See `HeartbeatSource.heartbeats`."""
        seen = (self._read(key) for key in keys_under(self._s3, self._bucket, HEARTBEATS_PREFIX))
        return tuple(each for each in seen if each)

    def _read(self, key: str) -> HeartbeatSeen | None:
        try:
            with translated(f"reading {key}"):
                answer = self._s3.get_object(Bucket=self._bucket, Key=key)
                with answer["Body"] as body:
                    heartbeat = read_json(Heartbeat, body.read(), source=key)
        except ConfigError as error:
            _log.warning("a heartbeat cannot be read: %s", error)
            return None
        except NotFound:  # removed since it was listed
            return None
        if abs(heartbeat.at - answer["LastModified"]) > _MOST_WRONG:
            # Nothing could be reckoned with such a time, and one agent's must not keep others unseen.
            _log.warning("a heartbeat cannot be read: %s is of %s", key, heartbeat.at.isoformat())
            return None
        return HeartbeatSeen(heartbeat, answer["LastModified"])
