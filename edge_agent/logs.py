"""The agent's log: one JSON object a line on standard error, facts as fields, no credentials.

Where standard error is systemd's journal, each line begins with its priority, as in `<4>{"at": ...`; the
journal takes that away and files the line by it, so that `journalctl -p warning` works.
"""

import json
import logging
import os
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from vigie.domain.instants import to_iso

_ORDINARY = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# Names that we gave: a password that happens to be a camera's name must not blank every line.
_NEVER_SECRET = frozenset({"camera_id", "frame_key"})


class JsonFormatter(logging.Formatter):
    """Writes a record and its `extra` fields as one JSON object."""

    def __init__(self, redact: Callable[[str], str], *, priorities: bool = False) -> None:
        super().__init__()
        self._redact = redact
        self._priorities = priorities

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
        text = json.dumps(line, default=str)
        return f"<{_priority(record.levelno)}>{text}" if self._priorities else text

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
    handler.setFormatter(JsonFormatter(redact, priorities=into_journal(os.environ, sys.stderr.fileno())))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("edge_agent").setLevel(logging.INFO)
    # With each call that fails for want of credentials it writes a traceback; `identity` says it once.
    logging.getLogger("botocore.credentials").setLevel(logging.ERROR)


def into_journal(environ: Mapping[str, str], descriptor: int) -> bool:
    """Tell whether an open file is the journal's: `JOURNAL_STREAM` names its device and inode."""
    try:
        facts = os.fstat(descriptor)
    except OSError:
        return False
    return environ.get("JOURNAL_STREAM") == f"{facts.st_dev}:{facts.st_ino}"


def _priority(level: int) -> int:
    """Return syslog's number of a level: 3 error, 4 warning, 6 information, 7 debugging."""
    steps = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
    return next((number for least, number in steps if level >= least), 7)
