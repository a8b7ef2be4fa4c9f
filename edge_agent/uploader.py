"""Brings frames from the spool to S3, and lets go of each only when it has arrived.

What is fresh goes first, in the order of capture; the backlog of an outage follows at a limited rate (see
`rates`). A frame that could not be uploaded goes back into the spool's order, and is never dropped for it.
"""

import contextlib
import logging
import math
import random
import threading
import time

from edge_agent.backoff import Backoff
from edge_agent.clock import Clock, ClockMark
from edge_agent.frame_bucket import FrameBucket, Throttled
from edge_agent.limits import UploadSettings
from edge_agent.rates import Brakes, ByteLimit, Turns
from edge_agent.refusals import HoldUps
from edge_agent.spool import Spool
from edge_agent.spool_folder import SpooledFrame
from edge_agent.status import StatusBoard
from vigie.domain.frames import FRAMES_PREFIX, Frame
from vigie.errors import AccessDenied, CloudError, Unavailable

log = logging.getLogger(__name__)

_IDLE_S = 0.5
_BETWEEN_S = 0.05
_HOUSE_S = 1.0
_ANSWERS, _ASK_AGAIN_S = 3, 5.0
_NO_LIMITS = UploadSettings(connections=1, backlog_fps=math.inf)


class Uploader:
    """The loops from spool to bucket; `run` is the body of one thread, which starts the others.

    `slow_s` is the wait after a refusal that only a person can mend: of the camera alone whose rights are
    refused, else of all. With a `clock`, frames older than
    `max_age_s` are dropped: only S3's time says how old one is.
    """

    def __init__(
        self,
        *,
        spool: Spool,
        bucket: FrameBucket,
        board: StatusBoard,
        settings: UploadSettings = _NO_LIMITS,
        clock: Clock | None = None,
        mark: ClockMark | None = None,
        max_age_s: float = math.inf,
        backoff: Backoff | None = None,
        slow_s: float = 30.0,
    ) -> None:
        self._spool = spool
        self._bucket = bucket
        self._board = board
        self._settings = settings
        self._clock = clock
        self._mark = mark
        self._max_age_s = max_age_s
        self._slow_s = slow_s
        steady = time.monotonic
        self._bytes = ByteLimit(settings.max_bytes_per_s, steady)
        self._turns = Turns(settings.backlog_fps, steady)
        self._brakes = Brakes(backoff or Backoff(0.5, 60.0, random.random), slow_s=slow_s, steady=steady)
        self._spooled = threading.Condition()
        self._news = 0
        self._no_more = threading.Event()
        self._hurry = threading.Event()
        self._leave = threading.Event()
        self._hold_ups = HoldUps(board.upload_trouble, what="uploads", slow_s=slow_s, steady=steady)
        self._house_at = -math.inf
        self._ask_at = -math.inf

    def notify(self) -> None:
        """Say that a frame was spooled, so that it need not wait for the next look."""
        with self._spooled:
            self._news += 1
            self._spooled.notify_all()

    def finish(self) -> None:
        """Say that no more frames come: `run` returns when the spool is empty."""
        self._no_more.set()
        self.notify()

    def hurry(self) -> None:
        """Say that the agent is stopping: `run` empties the spool while S3 takes frames, and then returns."""
        self._hurry.set()
        self.finish()

    def leave(self) -> None:
        """Say that time is up: `run` returns after the frames in hand; the others stay on disk."""
        self._leave.set()
        self.hurry()

    def run(self) -> None:
        """Upload until told otherwise."""
        others = [
            threading.Thread(target=self._work, daemon=True) for _ in range(self._settings.connections - 1)
        ]
        for thread in others:
            thread.start()
        self._work(keeps_house=True)
        for thread in others:
            thread.join()

    def _work(self, *, keeps_house: bool = False) -> None:
        while not self._leave.is_set():
            try:
                if keeps_house:
                    self._keep_house()
                if not self._next():
                    return
            except Exception as error:  # the outermost loop: without it no frame would leave any more
                self._board.fault("uploads", error)
                log.exception("uploader failed and goes on")
                self._hurry.wait(self._slow_s)

    def _next(self) -> bool:
        """Upload one frame, or wait a while; false when this thread has nothing to do any more."""
        # Both asked before the look, or a frame that is spooled in between would be left behind.
        last_look, news = self._no_more.is_set(), self._news
        if not last_look and not self._spool.left():
            self._wait_for_news(news, _IDLE_S)
            return True
        hold_s = self._brakes.hold_s()
        if hold_s > 0:
            return not self._hurry.wait(min(hold_s, _HOUSE_S))
        frame = self._take(limited=not last_look)
        if frame is not None:
            return self._upload(frame)
        if last_look and (self._hurry.is_set() or not self._spool.left()):
            return False
        # The others have what is left, or the backlog must wait for its turn.
        self._wait_for_news(news, min(_IDLE_S, max(_BETWEEN_S, self._turns.wait_s())))
        return True

    def _take(self, *, limited: bool) -> SpooledFrame | None:
        refused = self._hold_ups.left_alone()
        fresh, backlog = (self._spool.any(fresh=which, but_of=refused) for which in (True, False))
        turn = self._turns.choose(fresh=fresh, backlog=backlog, limited=limited)
        return None if turn is None else self._spool.take(fresh=turn, but_of=refused)

    def _upload(self, spooled: SpooledFrame) -> bool:
        """Try once; false when the agent is stopping and S3 takes no more frames."""
        try:
            frame = spooled.load()
        except FileNotFoundError:
            self._spool.remove(spooled)
            return True
        except OSError:
            self._spool.set_aside(spooled)
            return True
        arrived = False
        try:
            arrived = not self._leave.wait(self._bytes.claim(len(frame.jpeg))) and self._arrived(frame)
        finally:
            if arrived:
                self._spool.remove(spooled)
                self._board.uploaded(frame.key.camera_id)
            else:
                self._spool.give_back(spooled)
        # One camera's refusal keeps no other from emptying its part of the spool.
        return arrived or not self._hurry.is_set() or frame.key.camera_id in self._hold_ups.left_alone()

    def _arrived(self, frame: Frame) -> bool:
        begun = time.monotonic()
        camera_id, frame_key = frame.key.camera_id, str(frame.key)
        try:
            self._bucket.put(frame)
        except Unavailable as error:
            self._hold_ups.trouble(_sentence(error, frame_key), key=frame_key)
            advice_s = error.retry_after_s if isinstance(error, Throttled) else None
            self._brakes.fault(begun, slow_down=isinstance(error, Throttled), retry_after_s=advice_s)
            return False
        except AccessDenied as error:
            self._hold_ups.refused(camera_id, _sentence(error, frame_key), key=frame_key)
            return False
        except CloudError as error:
            self._hold_ups.trouble(_sentence(error, frame_key), key=frame_key)
            self._brakes.refused()
            return False
        self._brakes.well()
        self._hold_ups.well(camera_id)
        return True

    def _wait_for_news(self, seen: int, seconds: float) -> None:
        with self._spooled:
            self._spooled.wait_for(lambda: self._news != seen, seconds)

    def _keep_house(self) -> None:
        """Flush, drop what is too old, and see to the clock: once a second, and between two uploads."""
        now = time.monotonic()
        if now < self._house_at:
            return
        self._house_at = now + _HOUSE_S
        with contextlib.suppress(OSError):  # a disk that refuses: the next frame says so in a sentence
            self._spool.flush()
        self._hold_ups.forget_idle(self._spool.waiting)
        clock = self._clock
        if clock is None:
            return
        if clock.wants_answer() and now >= self._ask_at:
            # Three answers make a time; one that is missing will be missing for the next seconds too.
            answered = [True]
            while len(answered) <= _ANSWERS and answered[-1] and not self._hurry.is_set():
                answered.append(self._bucket.ask_time())
            self._ask_at = time.monotonic() + _ASK_AGAIN_S
        confirmed = clock.confirmed()
        if confirmed is not None and math.isfinite(self._max_age_s):
            self._spool.drop_older(self._max_age_s, now=clock.corrected())
        self._board.clock(clock.ahead_s(), clock.trouble())
        if self._mark is not None:
            self._mark.write(confirmed)


def _sentence(error: CloudError, frame_key: str) -> str:
    # botocore names the whole address, which would make each frame's trouble another one.
    return str(error).replace(frame_key, f"{FRAMES_PREFIX}...")
