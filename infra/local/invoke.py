"""Calls the real handlers in this process, as Lambda would."""

import importlib
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from infra.catalog import CATALOG
from infra.parts import Function

Handler = Callable[[dict[str, Any], object], Any]


@dataclass(frozen=True, slots=True)
class LocalContext:
    """What Lambda tells a handler about the call."""

    function_name: str
    aws_request_id: str
    memory_limit_in_mb: int
    invoked_function_arn: str = ""


def load(function: Function) -> Handler:
    """Import the function's handler module; nothing else happens until it is called."""
    handler: Handler = importlib.import_module(function.module).handler
    return handler


def invoke(function: Function, event: dict[str, Any]) -> Any:  # noqa: ANN401 - what handlers return is JSON
    """Call the function once with the event; return what it returns, raise what it raises."""
    return load(function)(event, LocalContext(function.name, str(uuid4()), function.memory_mb))


def main(arguments: Sequence[str]) -> int:
    """`python -m infra.local.invoke FUNCTION EVENT`: print the result as the last line, after the log."""
    name, event = arguments
    function = next(function for function in CATALOG.functions if function.name == name)
    sys.stdout.write(json.dumps(invoke(function, json.loads(event))) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
