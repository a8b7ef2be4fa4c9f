"""`make demo`: the whole system on this machine, from a camera's clip to reports, visits, alerts and charts.

Real ffmpeg, the real model and the real handlers, with moto's server in AWS's place. The edge agent and the
runner of the functions are programs of their own, as they are in life.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

import boto3
from rich.console import Console
from rich.live import Live

from infra.catalog import CATALOG
from infra.local.cloud import local_cloud
from infra.local.footage import CHECKOUT, Footage, parse_sources, sample_footage
from infra.local.page import Mirror, served
from infra.local.place import DemoFolder, local_time_zone
from infra.local.programs import program, render_charts, stop
from infra.local.progress import closing_view, live_view, plain_line, say
from infra.local.resources import Resources, create
from infra.local.runner import QUEUES_VARIABLE
from infra.local.summary import summarise
from infra.local.watch import CameraView, Watch
from vigie.aws.frame_store import SITE_DOCUMENT
from vigie.documents import to_json
from vigie.domain.cameras import Camera
from vigie.domain.instants import from_iso
from vigie.domain.sites import Site
from vigie.errors import ConfigError, VigieError
from vigie.settings import variable
from vigie.vision.models import find_model

# A message that failed comes again after this, not after minutes.
_VISIBILITY = timedelta(seconds=15)
_CHART_EVERY_S = 10
_LOOK_EVERY_S = 0.5
_MIRROR_EVERY_S = 5.0
_LINE_EVERY_S = 5.0
# Without any change for so long, what is left in the queues will not be dealt with.
_STUCK_S = 180.0
# A repeated run from a START in the past is not a late one: its alerts are sent.
_REPLAY_ALERT_AGE_S = 100 * 365 * 86_400.0

Cameras = Mapping[str, CameraView]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the person asked for."""

    footage: Footage
    folder: DemoFolder
    headless: bool
    pace: str
    fps: float
    start_at: datetime | None
    time_zone: str


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; 0 when every source was read, and every uploaded frame processed or quarantined."""
    console = Console()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        options = _options(argv)
        with ExitStack() as stack:
            return _run(options, console, stack)
    except VigieError as error:
        say(console, f"vigie demo: {error}")
        return 2
    except KeyboardInterrupt:
        say(console, "vigie demo: stopped before it began")
        return 130


def _run(options: Options, console: Console, stack: ExitStack) -> int:
    model = find_model(environ=os.environ, checkout=CHECKOUT)
    folder = options.folder
    folder.prepare()
    say(
        console,
        f"Watching {', '.join(options.footage.sources)} with {model.name}, moto's server in AWS's place.",
    )
    if options.footage.credit:
        say(console, f"({options.footage.credit})")
    stack.enter_context(local_cloud(stack.enter_context(folder.log("moto"))))
    resources = create(CATALOG, prefix="vigie-demo", visibility=_VISIBILITY)
    os.environ |= resources.environ(CATALOG) | {
        variable("model"): str(model),
        variable("page_refresh_s"): "0" if options.headless else str(_CHART_EVERY_S),
        QUEUES_VARIABLE: json.dumps(resources.queue_urls),
    }
    _put_site(options, resources)
    runner = ["infra.local.runner", "--every", str(_CHART_EVERY_S), *_days_asked(options)]
    stack.enter_context(program(runner, stack.enter_context(folder.log("functions"))))
    agent = stack.enter_context(_agent(options, resources, stack.enter_context(folder.log("agent"))))
    watch = Watch(CATALOG, resources, folder.status, tuple(options.footage.sources))
    mirror = Mirror(resources.bucket, folder.site)
    page = None if options.headless else stack.enter_context(served(folder.site))
    with _display(console, page) as show:
        try:
            _until_done(watch, agent, mirror, show, forever=not options.headless)
        except KeyboardInterrupt:
            stop(agent)
            _until_done(watch, agent, mirror, show, forever=False)
    return _close(options, watch, mirror, console, agent_status=agent.returncode)


def _until_done(
    watch: Watch,
    agent: subprocess.Popen[str],
    mirror: Mirror,
    show: Callable[[Cameras, int], None],
    *,
    forever: bool,
) -> None:
    """Show what happens until the agent has ended and the queues are empty; `forever`: until Ctrl-C."""
    changed_at = mirrored_at = time.monotonic()
    before: object = None
    while True:
        ended = agent.poll() is not None
        waiting, cameras = watch.waiting(), watch.cameras()
        show(cameras, waiting)
        now = time.monotonic()
        state = (waiting, [(view.edge.sampled, view.reported) for view in cameras.values()])
        if state != before:
            before, changed_at = state, now
        if not forever and ended and (not waiting or now - changed_at > _STUCK_S):
            return
        if now - mirrored_at > _MIRROR_EVERY_S:
            mirror.refresh()
            mirrored_at = now
        time.sleep(_LOOK_EVERY_S)


def _close(options: Options, watch: Watch, mirror: Mirror, console: Console, *, agent_status: int) -> int:
    """Draw the charts of what was seen, write the summary, and say where everything lies."""
    cameras = watch.cameras()
    zone = ZoneInfo(options.time_zone)
    charts = render_charts(sorted(_days_seen(watch, cameras, zone)))
    mirror.refresh()
    summary = summarise(watch, cameras, pace=options.pace, chart_files=charts)
    folder = options.folder
    folder.write_summary(summary)
    console.print(closing_view(summary, zone=zone))
    for row in summary["cameras"]:
        if row["error"]:
            say(console, f"camera {row['camera']}: {row['error']}")
    lost = sum(row["uploaded"] - row["processed"] - row["quarantined"] for row in summary["cameras"])
    if lost:
        say(console, f"{lost} uploaded frames have no report; {folder.path / 'logs'} says why")
    say(console, f"Charts: {folder.page}")
    say(console, f"Summary: {folder.summary}")
    if agent_status:
        say(
            console,
            f"the edge agent ended with status {agent_status}; {folder.path / 'logs' / 'agent.log'} says why",
        )
    return 0 if summary["complete"] and not agent_status else 1


def _options(argv: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="python -m infra.local.demo", description=__doc__)
    parser.add_argument("--sources", default="", help="cam1=clip.mp4 cam2=rtsp://...; else sample clips")
    parser.add_argument("--out", default="build/demo", help="folder for everything that the run leaves")
    parser.add_argument("--headless", action="store_true", help="no page; end when the sources end")
    parser.add_argument(
        "--pace", choices=("real", "fast"), help="of files: real, or fast as they can be read"
    )
    parser.add_argument("--fps", type=float, default=2.0, help="frames sampled a second")
    parser.add_argument(
        "--start", default="", help="capture time at which files begin, to repeat a run exactly"
    )
    parser.add_argument(
        "--time-zone", default="", help="the site's, such as Europe/Paris; else this machine's"
    )
    given = parser.parse_args(argv)
    try:
        start_at = from_iso(given.start) if given.start else None
    except ValueError as error:
        raise ConfigError(f"START={given.start} is no time such as 2026-01-31T12:00:00Z: {error}") from error
    return Options(
        footage=parse_sources(given.sources)
        if given.sources
        else sample_footage(CHECKOUT.parent / "shared", CHECKOUT / "build" / "footage"),
        folder=DemoFolder(Path(given.out)),
        headless=given.headless,
        pace=given.pace or ("fast" if given.headless else "real"),
        fps=given.fps,
        start_at=start_at,
        time_zone=given.time_zone or local_time_zone(),
    )


def _put_site(options: Options, resources: Resources) -> None:
    try:
        site = Site(
            name="Vigie demo",
            time_zone=options.time_zone,
            cameras=tuple(Camera(camera_id) for camera_id in options.footage.sources),
        )
    except ValueError as error:
        raise ConfigError(f"TIME_ZONE: {error}") from error
    if options.start_at:
        site = replace(site, max_alert_age_s=_REPLAY_ALERT_AGE_S)
    boto3.client("s3").put_object(
        Bucket=resources.bucket, Key=SITE_DOCUMENT, Body=to_json(Site, site), ContentType="application/json"
    )


def _days_asked(options: Options) -> list[str]:
    if options.start_at is None:
        return []
    return ["--days", options.start_at.astimezone(ZoneInfo(options.time_zone)).date().isoformat()]


def _days_seen(watch: Watch, cameras: Cameras, zone: ZoneInfo) -> set[str]:
    days: set[str] = set()
    for view in cameras.values():
        for instant in watch.span(view.edge) or ():
            days.add(instant.astimezone(zone).date().isoformat())
    return days


def _agent(options: Options, resources: Resources, log: IO[str]) -> Any:  # noqa: ANN401
    folder = options.folder
    secrets = folder.write_config(
        options.footage.sources, bucket=resources.bucket, fps=options.fps, start_at=options.start_at
    )
    arguments = ["--config", folder.config, "--spool", folder.spool, "--status", folder.status]
    command = ["edge_agent", "run", "--pace", options.pace, *map(str, arguments)]
    return program(command, log, environ={**os.environ, **secrets})


@contextmanager
def _display(console: Console, page: str | None) -> Iterator[Callable[[Cameras, int], None]]:
    """Give a function that shows the state: a live table on a terminal, else a line now and then."""
    place = f"page: {page} (Ctrl-C ends)" if page else "ends by itself"
    if console.is_terminal:
        with Live(console=console, auto_refresh=False) as live:
            yield lambda cameras, waiting: live.update(
                live_view(cameras, waiting=waiting, place=place), refresh=True
            )
        return
    if page:
        say(console, place)
    said_at = -_LINE_EVERY_S

    def line(cameras: Cameras, waiting: int) -> None:
        nonlocal said_at
        if time.monotonic() - said_at >= _LINE_EVERY_S:
            said_at = time.monotonic()
            say(console, plain_line(cameras, waiting=waiting))

    yield line


if __name__ == "__main__":
    sys.exit(main())
