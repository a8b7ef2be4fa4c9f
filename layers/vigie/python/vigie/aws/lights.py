"""AWS IoT device shadows: what each lamp group is asked for, where the edges that drive lamps follow it.

A group is a thing of its own, named by a prefix and its id, so that any edge may drive its lamps and any
camera light them. Its classic shadow holds, under `desired`, what `messages.write_desired` writes::

    {"level": 100, "until": "2026-01-31T21:04:30.000Z", "reason": "person before hall",
     "watched": {"hall": "2026-01-31T21:04:30.000Z"}, "group": "yard"}

An update is merged into what is there: a key goes when it is written as null.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from vigie.aws.clients import translated
from vigie.domain.lamp_findings import LampFacts
from vigie.domain.lighting import Desired
from vigie.errors import Conflict, NotFound
from vigie.messages import read_desired, write_desired

if TYPE_CHECKING:
    from mypy_boto3_iot_data import IoTDataPlaneClient


class IotLampShadows:
    """Implements `LampShadows` on the shadows of the things named `prefix` and the group's id."""

    def __init__(self, client: "IoTDataPlaneClient", prefix: str) -> None:
        self._iot = client
        self._prefix = prefix
        # The cameras that each shadow names as it was last read, be their words instants or not.
        self._named: dict[str, set[str]] = {}

    def desired(self, group_id: str) -> tuple[Desired | None, int]:
        """See `LampShadows.desired`."""
        document = self.document(group_id)
        state = _section(document, "desired")
        watched = state.get("watched")
        self._named[group_id] = set(watched) if isinstance(watched, dict) else set()
        return read_desired(state), int(document.get("version", 0))

    def facts(self, group_id: str) -> LampFacts:
        """Return what a group's shadow says, whoever wrote it."""
        document = self.document(group_id)
        reported = _section(document, "reported")
        level, error = reported.get("level"), reported.get("error")
        metadata = document.get("metadata")
        written = metadata if isinstance(metadata, dict) else {}
        return LampFacts(
            desired=read_desired(_section(document, "desired")),
            desired_at=_newest(written.get("desired")),
            level=level if isinstance(level, int) else None,
            error=error if isinstance(error, str) else None,
            reported_at=_newest(written.get("reported")),
        )

    def document(self, group_id: str) -> dict[str, Any]:
        """Return the whole shadow; an empty one when there is none."""
        try:
            with translated(f"reading the shadow of lamp group {group_id}"):
                answer = self._iot.get_thing_shadow(thingName=self._prefix + group_id)
                document: dict[str, Any] = json.loads(answer["payload"].read())
        except NotFound:
            return {}
        return document

    def ask(self, group_id: str, desired: Desired, *, replaces: tuple[Desired | None, int]) -> None:
        """See `LampShadows.ask`.

        Raises:
            NotFound: there is no such thing, so that nobody can drive lamps of the group.

        """
        _, version = replaces
        if not version:
            # Merged into whatever another one has written meanwhile, this changes nothing of it.
            self._update(group_id, {"state": {"desired": {"group": group_id}}})
            raise Conflict(f"the shadow of lamp group {group_id} is there only now")
        state = write_desired(desired)
        gone = self._named.get(group_id, set()) - desired.lease.watched.keys()
        state["watched"] |= dict.fromkeys(sorted(gone))
        self._update(group_id, {"state": {"desired": state}, "version": version})

    def report(self, group_id: str, reported: dict[str, Any]) -> None:
        """Say what the lamps of a group do, over what was said before."""
        self._update(group_id, {"state": {"reported": reported}})

    def _update(self, group_id: str, document: dict[str, Any]) -> None:
        with translated(f"writing the shadow of lamp group {group_id}"):
            self._iot.update_thing_shadow(
                thingName=self._prefix + group_id, payload=json.dumps(document, separators=(",", ":"))
            )


def _section(document: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a part of a shadow's state; empty when it is none, whatever a person made of it."""
    state = document.get("state")
    part = state.get(name) if isinstance(state, dict) else None
    return part if isinstance(part, dict) else {}


def _newest(metadata: object) -> datetime | None:
    """Return when the newest part of a section was written, by the time that a shadow keeps of each."""
    newest = max(_stamps(metadata), default=None)
    return None if newest is None else datetime.fromtimestamp(newest, UTC)


def _stamps(metadata: object) -> Iterator[int]:
    if isinstance(metadata, dict):
        for name, value in metadata.items():
            if name == "timestamp" and isinstance(value, int):
                yield value
            else:
                yield from _stamps(value)
