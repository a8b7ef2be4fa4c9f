"""Frames are paid for in blocks: one write for many of them, and never one over the cap."""

import threading
from dataclasses import dataclass, field
from datetime import date, datetime

from vigie.domain.caps import Spending, spending_day
from vigie.domain.frames import FrameKey
from vigie.domain.sites import Site
from vigie.steps.budget_ports import BudgetMarks, Purse

_BLOCK = 25
# What instances hold and never use must stay small beside the cap.
_BLOCKS_OF_A_CAP = 200


@dataclass(slots=True)
class FrameAllowance:
    """What one instance of a function may still look at, by camera, out of blocks taken from the purse.

    An instance that ends, or sees no more of a camera that day, wastes at most the rest of one block:
    25 frames, and a two-hundredth of the cap.
    """

    purse: Purse
    _left: dict[str, tuple[date, int]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, camera_id: str, *, day: date, cap: int) -> bool:
        """Pay for one frame; false when the camera's frames of that day are used up.

        Raises:
            CloudError: nobody knows; the frame may not be looked at.

        """
        with self._lock:
            of_day, left = self._left.get(camera_id, (day, 0))
            if of_day != day or left == 0:
                block = max(1, min(_BLOCK, cap // _BLOCKS_OF_A_CAP))
                left = self.purse.take_some(
                    Spending.FRAMES, camera_id=camera_id, day=day, cap=cap, most=block
                )
            self._left[camera_id] = (day, max(0, left - 1))
            return left > 0


@dataclass(frozen=True, slots=True)
class FrameBudget:
    """Says which frames may be looked at, and marks the minutes of those that may not."""

    allowance: FrameAllowance
    marks: BudgetMarks

    def allows(self, key: FrameKey, *, site: Site, now: datetime) -> bool:
        """Pay for a frame; false when its camera's frames of this day are used up.

        Raises:
            CloudError: nobody knows; the event should be tried again.

        """
        day = spending_day(now, site.tz)
        return self.allowance.take(key.camera_id, day=day, cap=site.caps.of(Spending.FRAMES))

    def mark(self, key: FrameKey) -> None:
        """Mark the minute of a frame that is not looked at."""
        self.marks.mark(Spending.FRAMES, camera_id=key.camera_id, captured_at=key.captured_at)
