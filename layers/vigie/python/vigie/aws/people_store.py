"""The table's record of calls that had to do with known faces, and what searches suggested.

pk  #people#2026-01-31    sk  CALL#235959999#<random>     one call, kept as long as alerts
pk  hall#2026-01-31       sk  WHO#<visit id>              what a search gave, kept for a day as faces are
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from vigie.aws import items
from vigie.aws.table import Item, Table
from vigie.domain.instants import from_iso, to_iso, to_stamp, utc_days
from vigie.domain.people import FaceAction, FaceCall, Suggestion
from vigie.domain.sites import Retention

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from vigie.domain.visits import Visit

_PEOPLE, _CALL, _WHO = "#people#", "CALL#", "WHO#"
_SUGGESTED_DAYS = 1


class DynamoPeopleStore:
    """Implements `PeopleStore` on the table of reports."""

    def __init__(self, client: "DynamoDBClient", table: str, retention: Retention | None = None) -> None:
        self._table = Table(client, table)
        self._days = (retention or Retention()).alerts_days

    def record(self, call: FaceCall) -> None:
        """See `PeopleStore.record`."""
        item = {
            "pk": f"{_PEOPLE}{call.at:%Y-%m-%d}",
            "sk": f"{_CALL}{to_stamp(call.at)[9:18]}#{uuid4().hex[:8]}",
            "at": to_iso(call.at),
            "action": call.action.value,
            "faces": call.faces,
            "name": call.name,
            "note": call.note,
            **({} if call.threshold is None else {"threshold": Decimal(repr(call.threshold))}),
        }
        self._table.put(items.kept(item, call.at, self._days), "recording a call about faces")

    def calls(self, begin: datetime, end: datetime) -> tuple[FaceCall, ...]:
        """See `PeopleStore.calls`."""
        found = [
            _call_in(item)
            for day in (utc_days(begin, end) if begin < end else ())
            for item in self._table.query(f"{_PEOPLE}{day:%Y-%m-%d}", _CALL, f"{_CALL}~")
        ]
        return tuple(call for call in found if begin <= call.at < end)

    def suggest(self, visit: "Visit", suggestion: Suggestion | None) -> None:
        """See `PeopleStore.suggest`."""
        item: Item = _who_key(visit)
        if suggestion is not None:
            item |= {
                "name": suggestion.name,
                "similarity": Decimal(repr(suggestion.similarity)),
                "threshold": Decimal(repr(suggestion.threshold)),
            }
        self._table.put(items.kept(item, visit.started_at, _SUGGESTED_DAYS), "storing a suggestion")

    def suggestion(self, visit: "Visit") -> Suggestion | None:
        """See `PeopleStore.suggestion`."""
        item = self._table.get(**_who_key(visit))
        return _suggestion_in(item) if item else None

    def suggestions(self, camera_id: str, day: date) -> Mapping[str, Suggestion]:
        """See `PeopleStore.suggestions`."""
        found = {
            item["sk"].removeprefix(_WHO): _suggestion_in(item) for item in self._searched(camera_id, day)
        }
        return {visit_id: suggestion for visit_id, suggestion in found.items() if suggestion}

    def forget(self, name: str, camera_id: str, day: date) -> int:
        """See `PeopleStore.forget`."""
        there = [item for item in self._searched(camera_id, day) if item.get("name") == name]
        for item in there:
            nameless = {key: item[key] for key in ("pk", "sk", "ttl")}
            self._table.put(nameless, "taking a name out of a suggestion")
        return len(there)

    def was_searched(self, visit: "Visit") -> bool:
        """See `PeopleStore.was_searched`."""
        return self._table.get(**_who_key(visit)) is not None

    def _searched(self, camera_id: str, day: date) -> list[Item]:
        return list(self._table.query(items.partition(camera_id, day), _WHO, f"{_WHO}~"))


def _suggestion_in(item: Mapping[str, Any]) -> Suggestion | None:
    if "name" not in item:
        return None
    return Suggestion(item["name"], float(item["similarity"]), float(item["threshold"]))


def _who_key(visit: "Visit") -> dict[str, str]:
    return {"pk": items.partition(visit.camera_id, visit.started_at.date()), "sk": f"{_WHO}{visit.visit_id}"}


def _call_in(item: Mapping[str, Any]) -> FaceCall:
    return FaceCall(
        at=from_iso(item["at"]),
        action=FaceAction(item["action"]),
        threshold=float(item["threshold"]) if "threshold" in item else None,
        faces=int(item["faces"]),
        name=item["name"],
        note=item["note"],
    )
