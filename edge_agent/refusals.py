"""What holds up frames or reports: of all cameras, or of those alone that S3 refuses.

Rights are given camera by camera, so one that S3 refuses says nothing of the others: it is left alone for a
while, and they go on.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Literal

log = logging.getLogger(__name__)


class HoldUps:
    """The sentences about what is held up, said once each; every method may be called from any thread.

    `show` gets all of them as one sentence, None when nothing is held up any more; `what` names it in the
    log. A refused camera is left alone for `slow_s`.
    """

    def __init__(
        self,
        show: Callable[[str | None], None],
        *,
        what: Literal["uploads", "reports"],
        slow_s: float,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._show = show
        self._what = what
        self._slow_s = slow_s
        self._steady = steady
        self._lock = threading.Lock()
        self._trouble: str | None = None
        self._refused: dict[str, str] = {}
        self._until: dict[str, float] = {}

    def left_alone(self) -> frozenset[str]:
        """Return the cameras that are not to be tried now."""
        with self._lock:
            now = self._steady()
            return frozenset(camera_id for camera_id, until in self._until.items() if until > now)

    def trouble(self, sentence: str, *, key: str) -> None:
        """Say what holds up every camera; `key` is the object's with which it was found."""
        with self._lock:
            new, self._trouble = sentence != self._trouble, sentence
            if new:
                self._say(sentence, key)

    def refused(self, camera_id: str, sentence: str, *, key: str) -> None:
        """Say that S3 refuses one camera."""
        with self._lock:
            self._until[camera_id] = self._steady() + self._slow_s
            new = sentence != self._refused.get(camera_id)
            self._refused[camera_id] = sentence
            if new:
                self._say(f"camera {camera_id}: {sentence}", key)

    def well(self, camera_id: str) -> None:
        """Say that something of a camera arrived."""
        with self._lock:
            mended = self._forget(camera_id) or self._trouble is not None
            self._trouble = None
            if mended:
                self._show(self._sentence())
                log.info(f"{self._what} work again", extra={"camera_id": camera_id})  # noqa: G004 - one of two

    def forget_idle(self, waiting: Callable[[str], int]) -> None:
        """Forget the refused cameras that have nothing left: nothing of theirs is held up any more."""
        with self._lock:
            idle = [camera_id for camera_id in self._refused if not waiting(camera_id)]
            if idle:
                for camera_id in idle:
                    self._forget(camera_id)
                self._show(self._sentence())

    def _forget(self, camera_id: str) -> bool:
        self._until.pop(camera_id, None)
        return self._refused.pop(camera_id, None) is not None

    def _say(self, sentence: str, key: str) -> None:
        # Said once, however often it is tried; the status file keeps showing it.
        self._show(self._sentence())
        log.error(f"{self._what} are held up", extra={"object_key": key, "error": sentence})  # noqa: G004 - too

    def _sentence(self) -> str | None:
        """Return all that is held up; cameras that are refused in the same words share them."""
        alike: dict[str, list[str]] = {}
        for camera_id, words in sorted(self._refused.items()):
            alike.setdefault(words, []).append(camera_id)
        said = [self._trouble] if self._trouble is not None else []
        said += [
            f"{'camera' if len(cameras) == 1 else 'cameras'} {', '.join(cameras)}: {words}"
            for words, cameras in alike.items()
        ]
        return "; ".join(said) or None
