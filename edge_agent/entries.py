"""What a person may write for a key of `cameras.toml`: looked at before pydantic does.

Each passes what is allowed, and raises ValueError otherwise. No sentence repeats what may be a password.
"""

from datetime import datetime

from vigie.domain.instants import from_iso, whole_milliseconds

_FIRST_YEAR, _LAST_YEAR = 1970, 9998  # so that no clip runs out of the calendar


def private_text(value: object) -> object:
    """Pass a text; pydantic's own sentence would show what else it is, and that may hold a password."""
    if not isinstance(value, str):
        raise ValueError("must be a text in quotes")  # noqa: TRY004 - pydantic takes ValueError alone
    return value


def private_texts(value: object) -> object:
    """Pass a table of texts, such as headers."""
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise ValueError('must be a table of texts, such as { User-Agent = "..." }')
    return value


def tables(value: object) -> object:
    """Pass the list that `[[camera]]` makes."""
    if not isinstance(value, list) or not all(isinstance(table, dict) for table in value):
        raise ValueError("each camera is a table of its own under [[camera]], in double brackets")
    return value


def folder_alone(value: object) -> object:
    """Take a folder's name for the table that holds nothing else."""
    return {"folder": value} if isinstance(value, str) else value


def instant(value: object) -> object:
    """Bring an instant, or its text, to UTC and whole milliseconds."""
    if not isinstance(value, str | datetime):
        # pydantic would take a date for its midnight in UTC, and a number for seconds since 1970.
        raise ValueError("must be an instant with a time zone, such as 2026-01-31T10:00:00Z")  # noqa: TRY004
    try:
        moment = from_iso(value) if isinstance(value, str) else whole_milliseconds(value)
    except OverflowError:
        moment = None
    if moment is None or not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(f"its year, in UTC, must be {_FIRST_YEAR} to {_LAST_YEAR}")
    return moment
