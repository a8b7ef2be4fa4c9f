"""A function's own process: an event a line on standard input, an answer a line on standard output.

Standard library alone, as nothing else of ours is in its path. What the function prints goes to standard
error.
"""

import importlib
import json
import os
import sys
import traceback
from types import SimpleNamespace
from uuid import uuid4


def main() -> None:
    """Import the handler, then answer until standard input closes."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    module, _, name = os.environ["VIGIE_HANDLER"].partition(".")
    handler = getattr(importlib.import_module(module), name)
    function = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
    memory = int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"])
    for line in sys.stdin:
        context = SimpleNamespace(
            function_name=function,
            aws_request_id=str(uuid4()),
            memory_limit_in_mb=memory,
            invoked_function_arn="",
        )
        try:
            said = {"answer": handler(json.loads(line), context)}
        except Exception as error:  # noqa: BLE001 - the outermost loop: Lambda itself goes on after any error
            traceback.print_exc()
            said = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(said) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
