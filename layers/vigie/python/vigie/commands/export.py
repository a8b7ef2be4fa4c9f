"""`python -m vigie export`: detections, visits and minutes as Parquet or CSV, by camera and day."""

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from vigie.errors import ConfigError, SetupError

if TYPE_CHECKING:
    from vigie.domain.sites import Site
    from vigie.steps.export import Exported, TableFormat
    from vigie.steps.ports import ExportShelf, FrameStore, RollupStore

_BUCKET, _TABLE = "VIGIE_BUCKET", "VIGIE_TABLE"  # as `settings.variable` makes them
_S3 = "s3://"
_DESCRIPTION = """\
Writes what cameras saw on local days of the site, a file for each table, camera and day:

  detections/camera=hall/day=2026-01-31/part-0.parquet
  visits/camera=hall/day=2026-01-31/part-0.parquet
  minutes/camera=hall/day=2026-01-31/part-0.parquet

Exporting a day again writes the same files again. docs/exports.md has the columns, and
how to read the files with pandas and Athena.
"""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser's."""
    command = commands.add_parser(
        "export",
        help="detections, visits and minutes as Parquet or CSV",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(command=export)
    command.add_argument(
        "--from", dest="first", type=_day, required=True, metavar="DAY", help="such as 2026-01-01"
    )
    command.add_argument(
        "--to", dest="last", type=_day, required=True, metavar="DAY", help="the last day, itself in it"
    )
    command.add_argument(
        "--camera",
        nargs="+",
        action="extend",
        default=[],
        metavar="ID",
        help="default: all cameras",
    )
    command.add_argument(
        "--out", default="export", help="a folder, or s3://bucket/prefix; default: %(default)s"
    )
    command.add_argument(
        "--format", choices=("parquet", "csv"), default="parquet", help="default: %(default)s"
    )
    command.add_argument("--bucket", help=f"the data bucket; default: {_BUCKET}")
    command.add_argument("--table", help=f"the table of reports; default: {_TABLE}")


def export(arguments: argparse.Namespace) -> int:
    """Export the days, and name each file with its rows."""
    if arguments.first > arguments.last:
        raise ConfigError(f"--from {arguments.first} is later than --to {arguments.last}")
    bucket = _named(arguments.bucket, "bucket", _BUCKET)
    table = _named(arguments.table, "table", _TABLE)
    form = _format(arguments.format)
    shelf = _shelf(arguments.out)

    from vigie.aws import clients
    from vigie.aws.frame_store import S3FrameStore
    from vigie.aws.purse_store import DynamoPurse
    from vigie.aws.report_store import DynamoReportStore
    from vigie.aws.rollup_store import DynamoRollupStore
    from vigie.aws.site_store import S3SiteSource
    from vigie.steps.export import export_days

    now = datetime.now(UTC)
    s3, dynamodb = clients.s3(), clients.dynamodb()
    site = S3SiteSource(s3, bucket).site()
    today = now.astimezone(site.tz).date()
    if arguments.last > today:
        raise ConfigError(f"--to {arguments.last} has not come yet: it is {today} in {site.time_zone}")
    days = [arguments.first + timedelta(days=n) for n in range((arguments.last - arguments.first).days + 1)]
    frames, rollups = S3FrameStore(s3, bucket), DynamoRollupStore(dynamodb, table)
    cameras = _cameras(arguments.camera, site, frames, rollups, days)
    files = export_days(
        cameras,
        days,
        site=site,
        reports=DynamoReportStore(dynamodb, table),
        shelf=shelf,
        form=form,
        now=now,
        marks=DynamoPurse(dynamodb, table),
    )
    _tell(files, site)
    return 0


def _tell(files: Iterable["Exported"], site: "Site") -> None:
    written = rows = 0
    for file in files:
        if file.expired:
            kept = site.retention.reports_days if file.table == "detections" else site.retention.minutes_days
            why = f"expired, at least in part: {kept} days are kept"
            sys.stdout.write(f"{file.table} of {file.camera_id} on {file.day}: {why}\n")
        else:
            sys.stdout.write(f"{file.where}: {_count(file.rows, 'row')}\n")
            written, rows = written + 1, rows + file.rows
    sys.stdout.write(f"{_count(written, 'file')} with {_count(rows, 'row')} written\n")


def _cameras(
    asked: Sequence[str],
    site: "Site",
    frames: "FrameStore",
    rollups: "RollupStore",
    days: Sequence[date],
) -> list[str]:
    """Return the cameras to export; one that is gone is known as long as its days are."""
    from vigie.steps.chart import watched_cameras

    watched = watched_cameras(site, frames)
    for camera_id in asked:
        if camera_id not in watched and not rollups.totals(camera_id, days[0], days[-1]):
            raise ConfigError(f"there is no camera {camera_id!r}; there is {', '.join(watched) or 'none'}")
    return sorted(set(asked) or watched)


def _format(name: str) -> "TableFormat":
    from vigie.steps.export import TableFormat

    if name == "csv":
        from vigie.charts.tables import detections_csv, minutes_csv, visits_csv

        return TableFormat(suffix=name, detections=detections_csv, visits=visits_csv, minutes=minutes_csv)
    try:
        from vigie.exports.parquet import detections_parquet, minutes_parquet, visits_parquet
    except ModuleNotFoundError as error:
        raise SetupError(
            f"Parquet needs the package {error.name}: pip install 'vigie[export]', or choose --format csv"
        ) from error

    return TableFormat(
        suffix=name, detections=detections_parquet, visits=visits_parquet, minutes=minutes_parquet
    )


def _shelf(out: str) -> "ExportShelf":
    from vigie.domain.frames import FRAMES_PREFIX

    if not out.startswith(_S3):
        from vigie.exports.folder import ExportFolder

        return ExportFolder(Path(out))
    from vigie.aws import clients
    from vigie.aws.export_store import S3ExportShelf

    bucket, _, prefix = out.removeprefix(_S3).partition("/")
    if not bucket:
        raise ConfigError(f"--out {out} names no bucket; write s3://bucket/prefix")
    if f"{prefix.strip('/')}/".startswith(FRAMES_PREFIX):
        raise ConfigError(f"--out {out} lies under {FRAMES_PREFIX}, where the edge alone writes")
    return S3ExportShelf(clients.s3(), bucket, prefix)


def _named(given: str | None, what: str, variable: str) -> str:
    name = given or os.environ.get(variable)
    if not name:
        raise ConfigError(f"which {what}? name it with --{what}, or in {variable}")
    return name


def _count(number: int, one: str) -> str:
    return f"{number:,} {one if number == 1 else one + 's'}"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no day such as 2026-01-31") from error
