"""The site's folder on this machine: a copy of what lies under site/ in the bucket, served on loopback."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3

from vigie.domain.pictures import PICTURES_PREFIX

_PREFIXES = ("site/charts/", "site/exports/", PICTURES_PREFIX)


class Mirror:
    """Copies the bucket's charts, exports and pictures into a folder, each version once."""

    def __init__(self, bucket: str, folder: Path) -> None:
        self._s3 = boto3.client("s3")
        self._bucket = bucket
        self._folder = folder
        self._seen: dict[str, str] = {}

    def refresh(self) -> None:
        """Fetch what is new or has changed."""
        for prefix in _PREFIXES:
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            for item in (item for page in pages for item in page.get("Contents", ())):
                if self._seen.get(item["Key"]) == item["ETag"]:
                    continue
                target = self._folder / item["Key"].removeprefix("site/")
                target.parent.mkdir(parents=True, exist_ok=True)
                # Under another name first, so that a browser never sees half a file.
                half = target.with_name(f".{target.name}")
                self._s3.download_file(self._bucket, item["Key"], str(half))
                half.replace(target)
                self._seen[item["Key"]] = item["ETag"]


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the folder on a free loopback port; give the address of its charts page."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_QuietHandler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True, name="page")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/charts/index.html"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - the base class's names
        """Say nothing: the terminal belongs to the live table."""
