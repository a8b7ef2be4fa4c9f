"""Frames for a spool, and what it says that it lost."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from vigie.domain.frames import FrameKey

# A file without the end marker of a JPEG counts as torn.
END = b"\xff\xd9"
JPEG = b"jpeg" + END
TEN = datetime(2026, 1, 31, 10, tzinfo=UTC)
NOW = datetime(2026, 2, 1, 12, 0, 0, 123_000, tzinfo=UTC)


def key(camera_id: str, seconds: float) -> FrameKey:
    return FrameKey(camera_id, TEN + timedelta(seconds=seconds))


class Losses(Counter[str]):
    why: str = ""

    def count(self, camera_id: str, why: str) -> None:
        self[camera_id] += 1
        self.why = why
