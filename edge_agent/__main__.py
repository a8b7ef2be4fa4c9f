"""`python -m edge_agent run / check / snapshot --config cameras.toml`."""

import argparse
import sys
from pathlib import Path

from vigie.errors import VigieError

_FAULT = 2
_INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Run a command; 0 well, 1 a camera failed, 2 the command could not be carried out."""
    chosen = _parser().parse_args(arguments)
    try:
        return _carry_out(chosen)
    except VigieError as error:
        sys.stderr.write(f"{error}\n")
        return _FAULT
    except KeyboardInterrupt:
        return _INTERRUPTED


def _carry_out(chosen: argparse.Namespace) -> int:
    # Here and not above: --help need not wait for pydantic and boto3.
    from edge_agent import commands

    match chosen.command:
        case "run":
            return commands.run(chosen.config, pace=chosen.pace, spool=chosen.spool, status=chosen.status)
        case "check":
            return commands.check(chosen.config)
        case _:
            return commands.snapshot(chosen.config, camera_id=chosen.camera, output=chosen.output)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m edge_agent", description="Takes pictures from cameras and brings them to S3."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    config = argparse.ArgumentParser(add_help=False)
    config.add_argument("--config", type=Path, required=True, metavar="FILE", help="cameras.toml")
    run = commands.add_parser(
        "run", parents=[config], help="watch the cameras; logs are JSON lines on stderr"
    )
    run.add_argument(
        "--pace", choices=("real", "fast"), help="of every file: its own pace, or as fast as it goes"
    )
    run.add_argument(
        "--spool", type=Path, metavar="DIR", help="where frames wait for S3, in place of the file's"
    )
    run.add_argument(
        "--status", type=Path, metavar="FILE", help="status.json; beside the spool when left out"
    )
    commands.add_parser("check", parents=[config], help="read the file, open every source, upload nothing")
    picture = commands.add_parser("snapshot", parents=[config], help="take one picture of one camera")
    picture.add_argument("--camera", required=True, metavar="ID", help="its camera_id")
    picture.add_argument("--output", type=Path, metavar="FILE", help="where it goes; ID.jpg when left out")
    return parser


if __name__ == "__main__":
    sys.exit(main())
