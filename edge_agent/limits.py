"""The tables `[spool]` and `[upload]` of `cameras.toml`: how much may wait, and how fast it leaves.

::

    clock = "correct"                      # or "refuse", "trust": what a clock does that is over 2 s off

    [spool]                                # or only: spool = "folder"
    folder = "spool"
    max_bytes = 2_000_000_000              # the oldest frames are dropped beyond it
    max_age_s = 259_200                    # three days; what is older is dropped, not uploaded
    folder_sync_s = 0                      # how many seconds of frames a power cut may take; 0 none

    [upload]
    connections = 2                        # 1 to 4
    max_bytes_per_s = 500_000              # without a limit when left out
    backlog_fps = 10.0                     # frames a second of what waited, beside what is fresh
    fresh_s = 10.0                         # how long a frame is fresh
"""

import math
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Strict

_NO_OTHER_KEYS = ConfigDict(extra="forbid")
_LEAST_SPOOL = 1_000_000
_LEAST_RATE = 1_000
_MOST_CONNECTIONS = 4
_MOST_SYNC_S = 60
_MOST_AGE_S = 315_576_000  # ten years; far more, and no calendar holds the time that long ago
_LEAST_BACKLOG_FPS = 1 / 86_400


@dataclass(frozen=True, slots=True)
class SpoolSettings:
    """How much may wait on disk; `folder` is relative to the file's own."""

    folder: str = "spool"
    max_bytes: Annotated[int, Strict()] = 2_000_000_000
    max_age_s: float = 259_200.0
    folder_sync_s: float = 0.0

    __pydantic_config__: ClassVar[ConfigDict] = _NO_OTHER_KEYS

    def __post_init__(self) -> None:
        if self.max_bytes < _LEAST_SPOOL:
            raise ValueError(f"max_bytes must be at least {_LEAST_SPOOL}, not {self.max_bytes}")
        if not 0 < self.max_age_s < math.inf:
            raise ValueError(f"max_age_s must be over 0, not {self.max_age_s:g}")
        if self.max_age_s > _MOST_AGE_S:
            raise ValueError(
                f"max_age_s must be at most {_MOST_AGE_S}, which is ten years, not {self.max_age_s:g}"
            )
        if not 0 <= self.folder_sync_s <= _MOST_SYNC_S:
            raise ValueError(f"folder_sync_s must be 0 to {_MOST_SYNC_S}, not {self.folder_sync_s:g}")


@dataclass(frozen=True, slots=True)
class UploadSettings:
    """How fast frames leave."""

    connections: Annotated[int, Strict()] = 2
    max_bytes_per_s: float = math.inf
    backlog_fps: float = 10.0
    fresh_s: float = 10.0

    __pydantic_config__: ClassVar[ConfigDict] = _NO_OTHER_KEYS

    def __post_init__(self) -> None:
        if not 1 <= self.connections <= _MOST_CONNECTIONS:
            raise ValueError(f"connections must be 1 to {_MOST_CONNECTIONS}, not {self.connections}")
        if not self.max_bytes_per_s >= _LEAST_RATE:
            raise ValueError(f"max_bytes_per_s must be at least {_LEAST_RATE}, not {self.max_bytes_per_s:g}")
        if not self.backlog_fps > 0:
            raise ValueError(f"backlog_fps must be over 0, not {self.backlog_fps:g}")
        if self.backlog_fps < _LEAST_BACKLOG_FPS:
            raise ValueError(
                f"backlog_fps must be at least {_LEAST_BACKLOG_FPS:.3g}, which is a frame a day, "
                f"not {self.backlog_fps:g}"
            )
        if not self.fresh_s > 0:
            raise ValueError(f"fresh_s must be over 0, not {self.fresh_s:g}")

    def of_files(self) -> "UploadSettings":
        """Return the same for a run of files alone, none of which is fresher than another."""
        return replace(self, backlog_fps=math.inf, fresh_s=math.inf)
