"""How much of a stream is decoded: keyframes alone where they come often enough, else as little as will do.

Which is found out by trying. A camera's keyframe interval is a setting of the camera, and many stretch it
while nothing moves, so that a measurement would not hold; and a probe is one more connection, of which
cameras have few. A run begins with keyframes alone, and gives up as soon as most of its last pictures came
more slowly than is wanted (a single late one says something of the network alone); then the machine's
hardware decodes, if it has any that works, else the cores do: all pictures on which others build, then every
one. Minutes later that run ends and it begins anew, each time in vain more rarely, until keyframes have
sufficed for a while. A silence after pictures that came on time is the network's more often than the
camera's: the same is tried once more, and given up only when that goes wrong within a minute.
"""

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from edge_agent.hardware import Hardware
from edge_agent.settings import CameraSettings

KEYFRAMES_FPS = 2.0  # above it no camera has as many keyframes
_REFERENCES_FPS = 5.0
_GAPS = 10
TOLERANCE = 1.3  # of the wanted interval, by the median of the last gaps
PATIENT_INTERVALS = 2.5  # without any picture at all
_FIRST_REST_S, _LONGEST_REST_S = 600.0, 86_400.0
_GOOD_S = 600.0  # of the first way, which forgets what was in vain before
_FEW_GAPS = 3  # which tell whether pictures came on time before they came no more
_TRIAL_S = 60.0  # after a stall


class Decoding(Enum):
    """What one run of ffmpeg decodes; the value is what its decoders skip, in their own words."""

    KEYFRAMES = "nokey"
    REFERENCES = "noref"
    ALL = "default"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to decode a stream: how much, and in which hardware."""

    decoding: Decoding
    hardware: Hardware | None = None


class DecodeOtherwise(Exception):  # noqa: N818 - no error: the run is to go on in another way
    """The way that was tried gives too few pictures, or none, and there is another."""


class DecodingChoice:
    """Chooses anew for each run of one camera; `clock` gives seconds that never go back."""

    def __init__(
        self,
        *,
        find: Callable[[CameraSettings], tuple[Hardware, ...]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._find = find
        self._clock = clock
        self._given_up: set[Way] = set()
        self._rest_s = _FIRST_REST_S
        self._again_at = 0.0
        self._now = self._last = Way(Decoding.ALL)
        self._came_at: float | None = None
        self._gaps: deque[float] = deque(maxlen=_GAPS)
        self._good_since: float | None = None
        self._stalled_at = -math.inf

    def begin(self, camera: CameraSettings) -> Way:
        """Return how the next run decodes."""
        self._came_at = None
        self._gaps.clear()
        if self._is_time_again():
            self._given_up.clear()
        ways = self._ways(camera)
        self._last = ways[-1]
        self._now = next(way for way in ways if way not in self._given_up or way is self._last)
        return self._now

    @property
    def has_another(self) -> bool:
        """Whether there is a way to go on when this run's fails."""
        return self._now is not self._last

    @property
    def may_be_sparse(self) -> bool:
        """Whether this run leaves out pictures that another way would decode."""
        return self.has_another and self._now.decoding is not Decoding.ALL

    def picture(self, interval_s: float) -> None:
        """Say that a picture came.

        Raises:
            DecodeOtherwise: they come too slowly, and more could be decoded; or it is time to try with less.

        """
        now = self._clock()
        if self._is_time_again():
            raise DecodeOtherwise
        if self._good_since is None and not self._given_up:
            self._good_since = now
        if self._came_at is not None:
            self._gaps.append(now - self._came_at)
        self._came_at = now
        # The median is known as soon as more than half of the gaps are too long.
        if self.may_be_sparse and sum(gap > TOLERANCE * interval_s for gap in self._gaps) > _GAPS // 2:
            self.give_up()

    def failed(self) -> None:
        """Say that the run failed.

        Raises:
            DecodeOtherwise: it was in hardware, which may be why; the cores are to try at once.

        """
        if self._now.hardware is not None and self.has_another:
            self.give_up()

    def stalled(self, interval_s: float) -> None:
        """Say that pictures came and then came no more.

        Raises:
            DecodeOtherwise: always: the next run begins at once, in the same way if this one's pictures came
                on time and it is the first stall for a minute.

        """
        now = self._clock()
        late = sum(gap > TOLERANCE * interval_s for gap in self._gaps)
        # What comes in bursts, as of HLS, says nothing of the time at which the next one comes.
        steady = sum(self._gaps) >= len(self._gaps) * interval_s / 2
        on_time = len(self._gaps) >= _FEW_GAPS and late <= len(self._gaps) // 2 and steady
        if not on_time or self._is_on_trial(now):
            self.give_up()
        self._stalled_at = now
        raise DecodeOtherwise

    def mute(self) -> None:
        """Say that no picture came of all that were decoded: what was given up may not have been at fault."""
        self._rest_s = _FIRST_REST_S
        self._again_at = min(self._again_at, self._clock() + _FIRST_REST_S)

    def give_up(self) -> None:
        """Go on in another way from the next run on.

        Raises:
            DecodeOtherwise: always.

        """
        if not self._given_up:
            now = self._clock()
            if self._good_since is not None and now - self._good_since >= _GOOD_S:
                self._rest_s = _FIRST_REST_S
            self._good_since = None
            self._again_at = now + self._rest_s
            if not self._is_on_trial(now):
                self._rest_s = min(2 * self._rest_s, _LONGEST_REST_S)
        self._given_up.add(self._now)
        raise DecodeOtherwise

    def _is_on_trial(self, now: float) -> bool:
        """Tell whether there was a stall of late, which may be why this one or what followed went wrong."""
        return now - self._stalled_at < _TRIAL_S

    def _is_time_again(self) -> bool:
        """Tell whether what was given up is to be tried again."""
        return bool(self._given_up) and self._clock() >= self._again_at

    def _ways(self, camera: CameraSettings) -> tuple[Way, ...]:
        """Return what may be tried, the cheapest first."""
        if not camera.kind.has_keyframes:
            return (Way(Decoding.ALL),)
        if camera.decode == "keyframes":
            return (Way(Decoding.KEYFRAMES),)
        ways: list[Way] = []
        if camera.decode == "auto" and camera.fps <= KEYFRAMES_FPS:
            ways.append(Way(Decoding.KEYFRAMES))
        # Only asked for once keyframes do not suffice: to ask costs a process.
        if not ways or ways[0] in self._given_up:
            ways += [Way(Decoding.ALL, hardware) for hardware in self._find(camera)]
        if camera.decode == "auto" and camera.fps <= _REFERENCES_FPS:
            ways.append(Way(Decoding.REFERENCES))
        return (*ways, Way(Decoding.ALL))
