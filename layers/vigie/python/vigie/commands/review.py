"""`python -m vigie review`: frames about which the engines disagree, as a COCO data set with its pictures."""

import argparse
import json
import os
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from vigie.errors import ConfigError, NotFound, SetupError

if TYPE_CHECKING:
    from vigie.domain.comparison import FrameComparison
    from vigie.steps.compare_ports import ReviewShelf

_BUCKET, _TABLE = "VIGIE_BUCKET", "VIGIE_TABLE"  # as `settings.variable` makes them
_DAYS = 7


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser's."""
    command = commands.add_parser(
        "review",
        help="frames about which YOLO and Rekognition disagree, as COCO annotations with their pictures",
        epilog="Writes images/ and annotations.json; docs/rekognition.md says what is in them.",
    )
    command.set_defaults(command=review)
    command.add_argument("--out", required=True, type=Path, metavar="DIR", help="a new or empty folder")
    command.add_argument("--from", dest="first", type=_day, metavar="DAY", help="default: a week until --to")
    command.add_argument("--to", dest="last", type=_day, metavar="DAY", help="default: today")
    command.add_argument(
        "--camera", nargs="+", action="extend", default=[], metavar="ID", help="default: all"
    )
    command.add_argument("--bucket", help=f"the data bucket; default: {_BUCKET}")
    command.add_argument("--table", help=f"the table of reports; default: {_TABLE}")


def review(arguments: argparse.Namespace) -> int:
    """Write the review set, and say how large it is."""
    bucket = _named(arguments.bucket, "bucket", _BUCKET)
    table = _named(arguments.table, "table", _TABLE)
    folder: Path = arguments.out
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} holds other things; name a new or empty folder")

    from vigie.aws import clients
    from vigie.aws.comparison_store import DynamoComparisonStore
    from vigie.aws.frame_store import S3FrameStore
    from vigie.aws.review_shelf import S3ReviewShelf
    from vigie.aws.site_store import S3SiteSource
    from vigie.domain.instants import day_bounds
    from vigie.steps.chart import watched_cameras

    s3 = clients.s3()
    site = S3SiteSource(s3, bucket).site()
    last = arguments.last or datetime.now(UTC).astimezone(site.tz).date()
    first = arguments.first or last - timedelta(days=_DAYS - 1)
    if first > last:
        raise ConfigError(f"--from {first} is later than --to {last}")
    watched = watched_cameras(site, S3FrameStore(s3, bucket))
    unknown = sorted(set(arguments.camera) - set(watched))
    if unknown:
        raise ConfigError(f"there is no camera {unknown[0]!r}; there is {', '.join(watched) or 'none'}")
    store = DynamoComparisonStore(clients.dynamodb(), table)
    begin, end = day_bounds(first, site.tz)[0], day_bounds(last, site.tz)[1]
    compared = [
        each
        for camera_id in sorted(set(arguments.camera) or watched)
        for each in store.comparisons(camera_id, begin, end)
    ]
    disagreeing = [each for each in compared if each.disagrees]
    kept = write_review(disagreeing, folder, S3ReviewShelf(s3, bucket))
    gone = len(disagreeing) - kept
    sys.stdout.write(
        f"{kept} of {len(compared)} compared frames of {first} to {last} disagree, in {folder}"
        f"{f'; the pictures of {gone} more have expired' if gone else ''}\n"
    )
    return 0


def write_review(disagreeing: "list[FrameComparison]", folder: Path, shelf: "ReviewShelf") -> int:
    """Write pictures and annotations of the frames whose pictures are there still; return how many.

    Raises:
        SetupError: the folder cannot be written.

    """
    from vigie.domain.review import picture_name, to_coco

    written = []
    try:
        (folder / "images").mkdir(parents=True, exist_ok=True)
        for each in disagreeing:
            try:
                picture = shelf.picture(each.key)
            except NotFound:
                continue
            (folder / "images" / picture_name(each.key)).write_bytes(picture)
            written.append(each)
        document = json.dumps(to_coco(written), indent=1) + "\n"
        (folder / "annotations.json").write_text(document, encoding="utf-8")
    except OSError as error:
        raise SetupError(f"{folder} cannot be written: {error.strerror}") from error
    return len(written)


def _named(given: str | None, what: str, variable: str) -> str:
    name = given or os.environ.get(variable)
    if not name:
        raise ConfigError(f"which {what}? name it with --{what}, or in {variable}")
    return name


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no day such as 2026-01-31") from error
