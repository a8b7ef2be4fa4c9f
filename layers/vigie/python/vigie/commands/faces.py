"""`python -m vigie faces delete`: forget the faces of a visit, a camera, a day."""

import argparse
import os
import sys
from datetime import date

from vigie.domain.pictures import FaceSelection
from vigie.errors import ConfigError

_BUCKET = "VIGIE_BUCKET"  # as `settings.variable` makes it, whose imports would slow `--help` down


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser's."""
    faces = commands.add_parser("faces", help="the faces that are kept of visits")
    actions = faces.add_subparsers(required=True, metavar="ACTION")
    command = actions.add_parser(
        "delete",
        help="remove the faces of a visit, a camera, a day, from the bucket, with all their versions",
    )
    command.set_defaults(command=delete)
    command.add_argument("--visit", metavar="ID", help="such as hall-20260131T120000000Z-person-1")
    command.add_argument("--camera", metavar="ID", help="all of a camera, or with --day those of one day")
    command.add_argument(
        "--day", type=_day, metavar="YYYY-MM-DD", help="of visits that began on that day, in UTC"
    )
    command.add_argument("--bucket", help=f"the data bucket; default: {_BUCKET}")
    command.add_argument("--dry-run", action="store_true", help="only name what would be removed")


def delete(arguments: argparse.Namespace) -> int:
    """Remove faces, and say how many."""
    from vigie.aws import clients
    from vigie.aws.picture_store import S3PictureStore
    from vigie.steps.forget import forget_faces

    bucket = arguments.bucket or os.environ.get(_BUCKET)
    if not bucket:
        raise ConfigError(f"which bucket? name it with --bucket, or in {_BUCKET}")
    try:
        selection = FaceSelection(visit_id=arguments.visit, camera_id=arguments.camera, day=arguments.day)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    store = S3PictureStore(clients.s3(), bucket)
    keys = forget_faces(selection, pictures=store, dry_run=arguments.dry_run)
    if arguments.dry_run:
        sys.stdout.writelines(f"{key}\n" for key in keys)
    count = f"{len(keys)} {'face' if len(keys) == 1 else 'faces'}"
    sys.stdout.write(f"{count} would be removed\n" if arguments.dry_run else f"{count} removed\n")
    return 0


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no day such as 2026-01-31") from error
