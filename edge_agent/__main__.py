"""`python -m edge_agent run / check / snapshot --config cameras.toml`, and status, credentials, enroll."""

import argparse
import os
import sys
from pathlib import Path

from vigie.errors import ConfigError, VigieError

# Where the unit file has it.
_SERVICE_STATUS = Path("/run/vigie/status.json")
_FAULT = 2
_INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Run a command; 0 well, 1 a camera failed, 2 the command could not be carried out."""
    chosen = _parser().parse_args(arguments)
    _forget_empty()
    try:
        return _carry_out(chosen)
    except VigieError as error:
        sys.stderr.write(f"{error}\n")
        return _FAULT
    except KeyboardInterrupt:
        return _INTERRUPTED


def _forget_empty() -> None:
    """Take an empty AWS_... as unset: the installer's template has one, and botocore stumbles over it."""
    for name in [name for name, value in os.environ.items() if name.startswith("AWS_") and not value]:
        del os.environ[name]


def _carry_out(chosen: argparse.Namespace) -> int:
    # Here and not above: --help need not wait for pydantic and boto3.
    from edge_agent import commands

    match chosen.command:
        case "run":
            return commands.run(
                chosen.config,
                pace=chosen.pace,
                spool=chosen.spool,
                status=chosen.status,
                local=chosen.detect == "local",
                model=chosen.model,
            )
        case "check":
            return commands.check(chosen.config)
        case "status":
            from edge_agent.monitor import show_status

            return show_status(chosen.status, watch=chosen.watch)
        case "credentials":
            from edge_agent.purse import print_credentials

            sys.stdout.write(print_credentials(chosen.identity) + "\n")
            return 0
        case "enroll":
            sys.stdout.write(_enrol(chosen))
            return 0
        case _:
            return commands.snapshot(chosen.config, camera_id=chosen.camera, output=chosen.output)


def _enrol(chosen: argparse.Namespace) -> str:
    from edge_agent import commands

    if chosen.revoke:
        return commands.revoke(chosen.thing)
    if not chosen.camera or not chosen.bucket:
        raise ConfigError("enroll needs --bucket, and a --camera for each camera that the agent will have")
    return commands.enrol(
        chosen.thing,
        cameras=chosen.camera,
        bucket=chosen.bucket,
        role_alias=chosen.role_alias,
        key_arn=chosen.key,
        lamps=chosen.lamps,
        lamp_prefix=chosen.lamp_things,
        folder=chosen.out or Path(f"identity-{chosen.thing}"),
    )


class _Version(argparse.Action):
    """Says the version, which takes a look at the installed package only when somebody asks."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from edge_agent.machine import installed_version

        sys.stdout.write(installed_version() + "\n")
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m edge_agent", description="Takes pictures from cameras and brings them to S3."
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="say which version this is")
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
    run.add_argument(
        "--detect",
        choices=("cloud", "local"),
        default="cloud",
        help="where frames are looked at; in the cloud",
    )
    run.add_argument(
        "--model", type=Path, metavar="FILE", help="of --detect local; else the one that is found"
    )
    commands.add_parser("check", parents=[config], help="read the file, open every source, upload nothing")
    picture = commands.add_parser("snapshot", parents=[config], help="take one picture of one camera")
    picture.add_argument("--camera", required=True, metavar="ID", help="its camera_id")
    picture.add_argument("--output", type=Path, metavar="FILE", help="where it goes; ID.jpg when left out")
    status = commands.add_parser("status", help="what the agent on this machine does; 0 when all is well")
    status.add_argument(
        "--status",
        type=Path,
        default=_SERVICE_STATUS,
        metavar="FILE",
        help=f"the agent's status.json; {_SERVICE_STATUS} when left out",
    )
    purse = commands.add_parser("credentials", help="temporary credentials, as boto3's credential_process")
    purse.add_argument("--identity", type=Path, required=True, metavar="DIR", help="what `enroll` made")
    enrol = commands.add_parser("enroll", help="for the owner: give an agent an identity, or take it away")
    enrol.add_argument("--thing", required=True, metavar="NAME", help="the agent's name")
    enrol.add_argument(
        "--lamps", action="append", default=[], metavar="GROUP", help="one for each lamp group it drives"
    )
    enrol.add_argument(
        "--lamp-things",
        metavar="PREFIX",
        help="what the names of lamp groups' things begin with; vigie-lights- when left out",
    )
    enrol.add_argument(
        "--camera", action="append", default=[], metavar="ID", help="one for each of its cameras"
    )
    enrol.add_argument("--bucket", metavar="NAME", help="the data bucket")
    enrol.add_argument(
        "--key", metavar="ARN", help="the bucket's KMS key, where it has one of yours; who has it keeps it"
    )
    enrol.add_argument("--out", type=Path, metavar="DIR", help="identity-NAME when left out")
    enrol.add_argument(
        "--role-alias", metavar="NAME", help="an alias that is there already; else one is made"
    )
    enrol.add_argument("--revoke", action="store_true", help="make the agent's certificates worthless")
    status.add_argument("--watch", action="store_true", help="a live table in a terminal, until Ctrl-C")
    return parser


if __name__ == "__main__":
    sys.exit(main())
