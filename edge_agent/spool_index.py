"""Which frames wait in the spool, in memory: the disk is looked through once, when the agent starts.

A frame is *fresh* for as long as it was spooled within the last `fresh_s`, else it is *backlog*: the two are
handed out apart, each in the order of capture, so that after an outage what happens now is not kept waiting
by what happened then.
"""

import heapq
import math
from collections import defaultdict
from collections.abc import Iterator, Set
from typing import NamedTuple

_STAMP = len("20260131T235959999Z")


class Waiting(NamedTuple):
    """A frame on disk; compares by its name, which begins with the capture stamp."""

    name: str
    camera_id: str
    size: int  # bytes
    since: float  # monotonic seconds at which it was spooled; -inf by an earlier run

    @property
    def stamp(self) -> str:
        """The capture stamp."""
        return self.name[:_STAMP]


class SpoolIndex:
    """Frames by camera and capture time; about 400 bytes each. For one thread at a time.

    A camera's fresh frame waits for the one before it to arrive, as long as at most `in_order` of them wait:
    frames that overtake each other can make one visit look like two, and be told twice.
    """

    def __init__(self, *, fresh_s: float = math.inf, in_order: float = 0) -> None:
        self._fresh_s = fresh_s
        self._in_order = in_order
        self._known: defaultdict[str, dict[str, Waiting]] = defaultdict(dict)
        # What was taken or discarded stays in its heap until it comes to the top, and is passed over there.
        # A heap for each camera, so that one which is passed over costs the same however much it has waiting.
        self._fresh: defaultdict[str, list[Waiting]] = defaultdict(list)
        self._backlog: defaultdict[str, list[Waiting]] = defaultdict(list)
        self._taken: dict[tuple[str, str], bool] = {}  # whether it was taken as a fresh one
        self.size = 0  # bytes of all frames, those that are being uploaded included

    def __len__(self) -> int:
        return sum(len(frames) for frames in self._known.values())

    def __iter__(self) -> Iterator[Waiting]:
        return (frame for frames in self._known.values() for frame in frames.values())

    def count(self, camera_id: str) -> int:
        """Return how many frames of a camera are on disk."""
        return len(self._known[camera_id])

    def has(self, camera_id: str, stamp: str) -> bool:
        """Tell whether a camera's frame of that capture time is on disk."""
        return stamp in self._known[camera_id]

    def add(self, frame: Waiting) -> None:
        """Take in a frame that is on disk now."""
        self._known[frame.camera_id][frame.stamp] = frame
        self.size += frame.size
        self._push(frame)

    def discard(self, camera_id: str, stamp: str) -> None:
        """Forget a frame, because it has arrived or was dropped; one that is not known is no fault."""
        frame = self._known[camera_id].pop(stamp, None)
        self._taken.pop((camera_id, stamp), None)
        if frame is not None:
            self.size -= frame.size

    def take(self, *, fresh: bool, now: float, but_of: Set[str] = frozenset()) -> Waiting | None:
        """Hand out the oldest fresh frame, or the oldest of the backlog; it is in one caller's hands only.

        Cameras in `but_of` are passed over, and of fresh frames those whose turn has not come.
        """
        frame = self._peek(fresh=fresh, now=now, but_of=but_of | self._in_turn(fresh=fresh))
        if frame is not None:
            heapq.heappop((self._fresh if fresh else self._backlog)[frame.camera_id])
            self._taken[frame.camera_id, frame.stamp] = fresh
        return frame

    def any(self, *, fresh: bool, now: float, but_of: Set[str] = frozenset()) -> bool:
        """Tell whether `take` would hand out a frame."""
        return self._peek(fresh=fresh, now=now, but_of=but_of | self._in_turn(fresh=fresh)) is not None

    def give_back(self, camera_id: str, stamp: str) -> None:
        """Let a frame wait again that could not be uploaded."""
        frame = self._known[camera_id].get(stamp)
        if frame is not None and (camera_id, stamp) in self._taken:
            del self._taken[camera_id, stamp]
            self._push(frame)

    def oldest(self, *, now: float) -> Waiting | None:
        """Return the frame that is dropped first when room is needed: none that is being uploaded."""
        tops = (self._peek(fresh=fresh, now=now, but_of=frozenset()) for fresh in (True, False))
        return min((top for top in tops if top is not None), default=None)

    def _in_turn(self, *, fresh: bool) -> Set[str]:
        """Return the cameras whose next frame waits for the one that is under way."""
        under_way = {camera_id for (camera_id, _), was_fresh in self._taken.items() if fresh and was_fresh}
        return {camera_id for camera_id in under_way if len(self._fresh[camera_id]) <= self._in_order}

    def _push(self, frame: Waiting) -> None:
        heaps = self._backlog if math.isinf(frame.since) else self._fresh
        heapq.heappush(heaps[frame.camera_id], frame)

    def _peek(self, *, fresh: bool, now: float, but_of: Set[str]) -> Waiting | None:
        self._let_age(now)
        tops = []
        for camera_id, heap in (self._fresh if fresh else self._backlog).items():
            while heap and not self._waits(heap[0]):
                heapq.heappop(heap)
            if heap and camera_id not in but_of:
                tops.append(heap[0])
        return min(tops, default=None)

    def _let_age(self, now: float) -> None:
        for camera_id, heap in self._fresh.items():
            while heap and heap[0].since < now - self._fresh_s:
                heapq.heappush(self._backlog[camera_id], heapq.heappop(heap))

    def _waits(self, frame: Waiting) -> bool:
        known = self._known[frame.camera_id].get(frame.stamp)
        return known is frame and (frame.camera_id, frame.stamp) not in self._taken
