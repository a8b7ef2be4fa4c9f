"""Reads what people write (site.json, cameras.toml, environment) into dataclasses; errors become sentences.

A dataclass that refuses unknown keys says so itself, with `__pydantic_config__ = {"extra": "forbid"}`.
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError

from vigie.errors import ConfigError

T = TypeVar("T")

# What AWS asks, on the day that it says: the one list of prices, which comes with the package.
PRICE_LIST = Path(__file__).resolve().parent / "prices.toml"

_adapters: dict[object, TypeAdapter[Any]] = {}


def read_object(kind: type[T], data: object, *, source: str) -> T:
    """Build a `kind` from plain data.

    Raises:
        ConfigError: one sentence for each fault, joined: the source, the key, what was wrong.

    """
    try:
        return _adapter(kind).validate_python(data)
    except ValidationError as error:
        faults = "; ".join(_sentence(kind, fault) for fault in error.errors(include_url=False))
        raise ConfigError(f"{source}: {faults}") from error


def read_json(kind: type[T], text: str | bytes, *, source: str) -> T:
    """Build a `kind` from a JSON document; bytes are UTF-8, as everywhere else, and may begin with its mark.

    Raises:
        ConfigError: it is no JSON, or does not fit; JSON's faults name the line.

    """
    try:
        # `json.loads` would guess UTF-16 and UTF-32 too, which no other reader of the same document does.
        words = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        return read_object(kind, json.loads(words), source=source)
    except ValueError as error:  # besides its own, Python's over an integer of thousands of digits
        raise ConfigError(f"{source} is no JSON: {error}") from error
    except RecursionError as error:
        raise ConfigError(f"{source} is nested too deeply") from error


def read_toml(kind: type[T], path: Path) -> T:
    """Build a `kind` from a TOML file.

    Raises:
        ConfigError: the file cannot be read, is no TOML, or does not fit.

    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no TOML: {error}") from error
    except ValueError as error:
        raise ConfigError(f"{path} holds a number with more digits than can be read") from error
    except RecursionError as error:
        raise ConfigError(f"{path} is nested too deeply") from error
    return read_object(kind, data, source=str(path))


def to_json(kind: type[T], value: T) -> bytes:
    """Write a dataclass as the JSON that `read_json` reads, indented for people."""
    return _adapter(kind).dump_json(value, indent=2)


def _adapter(kind: type[T]) -> TypeAdapter[T]:
    # To build one takes milliseconds, and an agent writes its status twice a second.
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


def _sentence(kind: object, fault: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in fault["loc"])
    match fault["type"]:
        case "unexpected_keyword_argument" | "extra_forbidden":
            known = _known_keys(kind, fault["loc"][:-1])
            return f"{place} is no known key" + (f"; {', '.join(known)} are" if known else "")
        case "missing" | "missing_argument":
            return f"{place} is missing"
        case "value_error" | "assertion_error":
            words = str(fault["ctx"]["error"])
            return f"{place}: {words}" if place else words
        case _:
            message: str = fault["msg"]
            words = f"{message[0].lower()}{message[1:]}, not {fault['input']!r}"
            return f"{place}: {words}" if place else words


def _known_keys(kind: object, path: Sequence[str | int]) -> tuple[str, ...]:
    """Return the keys of the dataclass at the place: what is allowed there."""
    for part in path:
        if isinstance(part, int):
            kind = next(iter(get_args(kind)), None)
        else:
            kind = get_type_hints(kind).get(part) if is_dataclass(kind) else None
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()
