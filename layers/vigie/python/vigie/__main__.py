"""The operator's commands, `python -m vigie ...`; each has its file in `commands/`."""

import argparse
import os
import sys
from collections.abc import Sequence

from vigie.commands import costs, detect, doctor, export, faces, model, people, review, snooze, subscribe
from vigie.errors import VigieError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. The exit status: 0, 1 when some inputs failed, 2 when the command could not run."""
    arguments = _parser().parse_args(argv)
    try:
        status: int = arguments.command(arguments)
    except VigieError as error:
        sys.stderr.write(f"vigie: {error}\n")
        return 2
    except BrokenPipeError:
        # The reader, such as `head`, has had enough; the interpreter must not fail on its last flush either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vigie", description="Cameras watched without running servers.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (detect, model, faces, doctor, export, snooze, subscribe, costs, review, people):
        command.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
