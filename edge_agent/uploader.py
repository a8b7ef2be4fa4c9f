"""Brings frames from the spool to S3, oldest first, and lets go of each only when it has arrived.

A frame's object is written once: `If-None-Match: *` makes S3 refuse a second copy, so that a retry after a
lost answer is no second event. Whoever reads it finds two metadata: `interval-s`, the seconds between two
sampled pictures, and `sampled-at`, the edge's clock when it took this one.
"""

import logging
import random
import threading
from typing import TYPE_CHECKING

from edge_agent.backoff import Backoff
from edge_agent.spool import Spool, SpooledFrame
from edge_agent.status import StatusBoard
from vigie.aws.clients import translated
from vigie.domain.frames import Frame
from vigie.errors import AccessDenied, CloudError, Conflict, NotFound, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)

_BATCH = 100
_IDLE_S = 0.5


class FrameBucket:
    """Where frames go. The client should not retry on its own: waiting is the uploader's matter."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, frame: Frame) -> None:
        """Store a frame under its key; one that is already there counts as stored.

        Raises:
            Unavailable: throttled, timed out, out of reach.
            AccessDenied: the credentials are missing, or do not allow it.
            NotFound: there is no such bucket.
            CloudError: refused for another reason.

        """
        try:
            with translated(f"an upload to the bucket {self._bucket!r}"):
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=str(frame.key),
                    Body=frame.jpeg,
                    ContentType="image/jpeg",
                    IfNoneMatch="*",
                    Metadata=frame.metadata(),
                )
        except Conflict:
            return
        except NotFound as error:
            raise NotFound(f"the bucket {self._bucket!r} does not exist") from error
        except AccessDenied as error:
            raise AccessDenied(f"{error}; s3:PutObject on frames/* is needed") from error


class Uploader:
    """The loop from spool to bucket; `run` is the body of one thread.

    `slow_s` is the wait after a refusal that only a person can mend.
    """

    def __init__(
        self,
        *,
        spool: Spool,
        bucket: FrameBucket,
        board: StatusBoard,
        backoff: Backoff | None = None,
        slow_s: float = 30.0,
    ) -> None:
        self._spool = spool
        self._bucket = bucket
        self._board = board
        self._backoff = backoff or Backoff(0.5, 60.0, random.random)
        self._slow_s = slow_s
        self._news = threading.Event()
        self._no_more = threading.Event()
        self._hurry = threading.Event()
        self._leave = threading.Event()
        self._trouble: str | None = None

    def notify(self) -> None:
        """Say that a frame was spooled, so that it need not wait for the next look."""
        self._news.set()

    def finish(self) -> None:
        """Say that no more frames come: `run` returns when the spool is empty."""
        self._no_more.set()
        self._news.set()

    def hurry(self) -> None:
        """Say that the agent is stopping: `run` empties the spool while S3 takes frames, and then returns."""
        self._hurry.set()
        self.finish()

    def leave(self) -> None:
        """Say that time is up: `run` returns after the frame in hand; the others stay on disk."""
        self._leave.set()
        self.hurry()

    def run(self) -> None:
        """Upload until told otherwise."""
        while not self._leave.is_set():
            # Asked before the look, or a frame that is spooled in between would be left behind.
            last_look = self._no_more.is_set()
            self._news.clear()
            try:
                if not self._upload_all(self._spool.oldest(_BATCH)):
                    return
                if last_look and not self._spool.oldest(1):
                    return
            except Exception:  # the outermost loop of this thread: without it no frame would leave any more
                log.exception("uploader failed and goes on")
                self._hurry.wait(self._slow_s)

    def _upload_all(self, frames: list[SpooledFrame]) -> bool:
        if not frames and not self._no_more.is_set():
            self._news.wait(_IDLE_S)
        return all(self._upload(frame) and not self._leave.is_set() for frame in frames)

    def _upload(self, spooled: SpooledFrame) -> bool:
        """Try until the frame has arrived; false when the agent is stopping and S3 does not take it."""
        try:
            frame = spooled.load()
        except FileNotFoundError:
            self._spool.remove(spooled)
            return True
        while not self._arrived(frame):
            if self._hurry.is_set():
                return False
        self._spool.remove(spooled)
        self._board.uploaded(frame.key.camera_id)
        return True

    def _arrived(self, frame: Frame) -> bool:
        try:
            self._bucket.put(frame)
        except Unavailable as error:
            self._complain(error, frame)
            self._hurry.wait(self._backoff.next_s())
            return False
        except CloudError as error:
            self._complain(error, frame)
            self._hurry.wait(self._slow_s)
            return False
        self._backoff.reset()
        if self._trouble is not None:
            self._trouble = None
            self._board.upload_trouble(None)
            log.info("uploads work again")
        return True

    def _complain(self, error: CloudError, frame: Frame) -> None:
        sentence = str(error)
        # Said once, however often it is tried; the status file keeps showing it.
        if sentence != self._trouble:
            self._trouble = sentence
            self._board.upload_trouble(sentence)
            log.error("uploads are held up", extra={"frame_key": str(frame.key), "error": sentence})
