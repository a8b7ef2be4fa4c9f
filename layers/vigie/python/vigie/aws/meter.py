"""The meter: what a function's calls to AWS and its own time consume, counted as they go by.

DynamoDB is asked to say with each answer how many units it charged; S3 and SNS charge by the call. A call
that the client makes again after a lost answer counts once, which is as close as one can come from here.
Lambda's own overhead around the handler, its start, and what other services charge on the way (SQS, logs,
traces) are not seen by anybody inside a function.
"""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from vigie.domain.usage import NO_USAGE, Usage

_PUTS = frozenset({"PutObject", "CopyObject", "ListObjects", "ListObjectsV2", "ListObjectVersions"})
_GETS = frozenset({"GetObject", "HeadObject"})
_TABLE_READS = frozenset({"GetItem", "Query"})
_TABLE_WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"})
_SHADOWS = frozenset({"GetThingShadow", "UpdateThingShadow"})
_REFUSED = "ConditionalCheckFailedException"


class UsageMeter:
    """Implements `Meter`, for the one thread in which a function handles its messages.

    What its clients do outside of `working_for` is counted for nobody. `each` is what a message costs beside,
    of a function whose messages no frame's count tells of.
    """

    def __init__(
        self,
        memory_mb: int,
        *,
        each: Usage = NO_USAGE,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._memory_mb = memory_mb
        self._each = each
        self._steady = steady
        self._waiting: defaultdict[str, Usage] = defaultdict(lambda: NO_USAGE)
        self._camera_id: str | None = None
        self._since = 0.0

    def watch(self, client: Any) -> Any:  # noqa: ANN401 - any of boto3's clients
        """Count from now on what this client does; returns the client."""
        events = client.meta.events
        service = client.meta.service_model.service_id.hyphenize()
        if service == "dynamodb":
            events.register(f"provide-client-params.{service}", _ask_for_units)
        events.register(f"after-call.{service}", self._called)
        return client

    @contextmanager
    def working_for(self, camera_id: str) -> Iterator[None]:
        """Count on the camera's account until the end of the block."""
        self._camera_id, self._since = camera_id, self._steady()
        self._count(self._each)
        try:
            yield
        finally:
            self._count_time()
            self._camera_id = None

    def waiting(self, camera_id: str) -> Usage:
        """See `Meter.waiting`."""
        if camera_id == self._camera_id:
            self._count_time()
        return self._waiting[camera_id]

    def carried(self, camera_id: str, usage: Usage) -> None:
        """See `Meter.carried`."""
        self._waiting[camera_id] -= usage

    def _count_time(self) -> None:
        now = self._steady()
        self._count(Usage(megabyte_ms=round((now - self._since) * 1_000 * self._memory_mb)))
        self._since = now

    def _count(self, usage: Usage) -> None:
        if self._camera_id is not None:
            self._waiting[self._camera_id] += usage

    def _called(self, parsed: Mapping[str, Any], model: Any, **_: object) -> None:  # noqa: ANN401
        name = model.name
        if name in _PUTS:
            self._count(Usage(puts=1))
        elif name in _GETS:
            self._count(Usage(gets=1))
        elif name in _SHADOWS:
            self._count(Usage(shadow_operations=1))
        elif name == "Publish":
            self._count(Usage(publishes=1))
        elif name in _TABLE_READS:
            self._count(Usage(read_units=_units(parsed)))
        elif name in _TABLE_WRITES:
            self._count(Usage(write_units=_units(parsed)))


def _ask_for_units(params: dict[str, Any], model: Any, **_: object) -> dict[str, Any] | None:  # noqa: ANN401
    if model.name in _TABLE_READS | _TABLE_WRITES:
        return params | {"ReturnConsumedCapacity": "TOTAL"}
    return None


def _units(parsed: Mapping[str, Any]) -> int:
    consumed = parsed.get("ConsumedCapacity", ())
    each = [consumed] if isinstance(consumed, Mapping) else consumed
    units = math.ceil(sum(float(one.get("CapacityUnits", 0)) for one in each))
    # A write that a condition refused is charged, and its answer does not say how much.
    return units or int(parsed.get("Error", {}).get("Code") == _REFUSED)
