"""A follower of the site document, with quick looks."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.site import KeptSite, SiteFollower, SiteObject
from edge_agent.status import StatusBoard
from vigie.domain.sites import Site

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Following:
    """A follower with quick looks, and what it gave to the cameras."""

    def __init__(self, s3: "S3Client", bucket: str, folder: Path) -> None:
        self.board = StatusBoard([], redact=str)
        self.sites: list[Site] = []
        self.stop = threading.Event()
        self.source = SiteObject(s3, bucket)
        kept = KeptSite(folder / "followed-site.json", bucket)
        self.follower = SiteFollower(self.source, kept, board=self.board, stop=self.stop, every_s=0.02)
        self.first = self.follower.begin()
        self._thread = threading.Thread(target=self.follower.run, args=(self.sites.append,))

    def __enter__(self) -> "Following":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self._thread.join(5)
        assert not self._thread.is_alive()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
