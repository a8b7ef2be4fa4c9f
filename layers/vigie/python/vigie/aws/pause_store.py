"""The table's pauses.

pk  #pause     sk  rekognition#engine     the last pause of a use; goes a day after its end
"""

from datetime import timedelta
from typing import TYPE_CHECKING

from vigie.aws import items
from vigie.aws.table import Table
from vigie.domain.instants import from_iso, to_iso
from vigie.domain.pauses import Pause

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PAUSE = "#pause"
_DAYS = 1


class DynamoPauseStore:
    """Implements `PauseStore` on the table of reports."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._table = Table(client, table)

    def pause(self, use: str) -> Pause | None:
        """See `PauseStore.pause`."""
        item = self._table.get(_PAUSE, use)
        if item is None:
            return None
        length = timedelta(seconds=int(item["length_s"]))
        return Pause(until=from_iso(item["until"]), length=length, reason=item["reason"])

    def keep(self, use: str, pause: Pause) -> None:
        """See `PauseStore.keep`."""
        item = {
            "pk": _PAUSE,
            "sk": use,
            "until": to_iso(pause.until),
            "length_s": int(pause.length.total_seconds()),
            "reason": pause.reason,
        }
        self._table.put(items.kept(item, pause.until, _DAYS), f"pausing {use}")

    def lift(self, use: str) -> None:
        """See `PauseStore.lift`."""
        self._table.delete(_PAUSE, use, f"lifting the pause of {use}")
