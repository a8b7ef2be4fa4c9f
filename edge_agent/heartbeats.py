"""Life signs: what the agent knows of itself, in one document, and the thread that sends it each minute.

A heartbeat that does not arrive harms nothing: it is said once, and the next one comes in a minute. It has a
connection and a thread of its own, so that it never waits for frames, nor they for it.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from edge_agent.machine import installed_version, temperature_c
from edge_agent.spool import Spool
from edge_agent.status import StatusBoard
from vigie.aws.clients import translated
from vigie.documents import to_json
from vigie.domain.heartbeats import Heartbeat, heartbeat_key
from vigie.domain.instants import whole_milliseconds
from vigie.errors import AccessDenied, CloudError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)

_EVERY_S = 60.0
# After the start: the cameras have pictures by then, or a reason why not.
_FIRST_S = 10.0


class LifeSigns:
    """Puts an agent's heartbeat together from its board, its spool and its machine."""

    def __init__(self, agent_id: str, board: StatusBoard, spool: Spool) -> None:
        self._agent_id = agent_id
        self._board = board
        self._spool = spool
        self._version = installed_version()

    def now(self) -> Heartbeat:
        """Return the heartbeat of this instant."""
        troubles = self._board.troubles
        return Heartbeat(
            agent_id=self._agent_id,
            at=whole_milliseconds(datetime.now(UTC)),
            version=self._version,
            cameras=tuple(
                replace(camera, spooled=self._spool.waiting(camera.camera_id))
                for camera in self._board.cameras()
            ),
            spool_bytes=self._spool.size(),
            upload_error=troubles.upload_error or troubles.clock_error,
            clock_ahead_s=troubles.clock_ahead_s,
            temperature_c=temperature_c(),
            site_etag=troubles.site_etag,
            site_error=troubles.site_error,
            report_error=troubles.report_error,
            heartbeat_error=troubles.heartbeat_error,
            site_denied=troubles.site_denied,
            agent_error=troubles.agent_error,
            lamps=self._board.lamps(),
            lamps_error=troubles.lamps_error,
        )


class HeartbeatObject:
    """Where an agent's newest heartbeat lies in the data bucket."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._s3 = client
        self._bucket = bucket

    def put(self, heartbeat: Heartbeat) -> None:
        """Store the heartbeat over the last one.

        Raises:
            AccessDenied: the credentials are missing, or do not allow it.
            CloudError: refused for another reason, or out of reach.

        """
        key = heartbeat_key(heartbeat.agent_id)
        try:
            with translated(f"storing {key}"):
                self._s3.put_object(
                    Bucket=self._bucket,
                    Key=key,
                    Body=to_json(Heartbeat, heartbeat),
                    ContentType="application/json",
                )
        except AccessDenied as error:
            raise AccessDenied(f"{error}; s3:PutObject on {key} is needed") from error


class Heart:
    """Sends a heartbeat each minute; `run` is the body of one thread.

    `show` gets the sentence that says why they do not arrive, and None when they do again.
    """

    def __init__(
        self,
        now: Callable[[], Heartbeat],
        put: Callable[[Heartbeat], None],
        *,
        show: Callable[[str | None], None],
        every_s: float = _EVERY_S,
        first_s: float = _FIRST_S,
    ) -> None:
        self._now = now
        self._put = put
        self._show = show
        self._every_s = every_s
        self._first_s = first_s
        self._stop = threading.Event()
        self._lost = 0

    def stop(self) -> None:
        """Say that the agent has ended: one last heartbeat says how, and `run` returns."""
        self._stop.set()

    def run(self) -> None:
        """Send heartbeats until told otherwise, and a last one then."""
        wait_s = self._first_s
        while not self._stop.wait(wait_s):
            self._beat()
            wait_s = self._every_s
        self._beat()

    def _beat(self) -> None:
        try:
            # One that arrives says by that what became of the one before.
            self._put(replace(self._now(), heartbeat_error=None))
        except CloudError as error:
            self._lost += 1
            self._show(str(error))
            if self._lost == 1:  # said once, however often it is tried
                log.warning("heartbeats do not arrive", extra={"error": str(error)})
        except Exception:  # the outermost loop of this thread: without it the agent would seem dead
            self._lost += 1
            self._show("a fault of the agent's own, which its log tells")
            log.exception("heartbeat failed")
        else:
            if self._lost:
                self._show(None)
                log.info("heartbeats arrive again", extra={"lost": self._lost})
            self._lost = 0
