"""DynamoDB's calls are one step each; moto's are not."""

import threading
from typing import Any

_LOCK = threading.Lock()


class OneAtATime:
    """A client whose calls are one step each, among all such clients of the process.

    moto looks at a condition and writes without a lock: of 16 calls that a cap left, 8 threads bought 17.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        if name == "get_paginator":
            return call

        def locked(**arguments: Any) -> Any:
            with _LOCK:
                return call(**arguments)

        return locked
