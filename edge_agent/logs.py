"""The agent's log: one JSON object a line on standard error, facts as fields, no credentials."""

import json
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from vigie.domain.instants import to_iso

_ORDINARY = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# Names that we gave: a password that happens to be a camera's name must not blank every line.
_NEVER_SECRET = frozenset({"camera_id", "frame_key"})


class JsonFormatter(logging.Formatter):
    """Writes a record and its `extra` fields as one JSON object."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        facts = {name: value for name, value in vars(record).items() if name not in _ORDINARY}
        line: dict[str, object] = {
            "at": to_iso(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname,
            "message": self._redact(record.getMessage()),
            **{name: v if name in _NEVER_SECRET else self._clean(v) for name, v in facts.items()},
        }
        if record.exc_info:
            line["traceback"] = self._redact(self.formatException(record.exc_info))
        return json.dumps(line, default=str)

    def _clean(self, value: object) -> object:
        match value:
            case str():
                return self._redact(value)
            case list() | tuple():
                return [self._clean(item) for item in value]
            case _:
                return value


def write_logs(redact: Callable[[str], str]) -> None:
    """Send the agent's records to standard error; of the libraries', only warnings."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(redact))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("edge_agent").setLevel(logging.INFO)
