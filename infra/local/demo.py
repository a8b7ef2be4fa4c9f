"""`make demo`: the whole system on this machine, from a camera's clip to reports, visits, alerts and charts.

Real ffmpeg, the real model and the real handlers, with moto's server in AWS's place. The edge agent and the
runner of the functions are programs of their own, as they are in life.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from zoneinfo import ZoneInfo

import boto3
from rich.console import Console
from rich.live import Live

from edge_agent.settings import read_settings
from infra.catalog import CATALOG
from infra.local.cloud import local_cloud
from infra.local.footage import CHECKOUT
from infra.local.options import Options, read_options
from infra.local.page import Mirror, served
from infra.local.programs import program, render_charts, send_canary, stop
from infra.local.progress import closing_view, live_view, plain_line, say
from infra.local.rekognition_server import local_rekognition
from infra.local.resources import Resources, bucket_name, create, create_lamp_things
from infra.local.runner import QUEUES_VARIABLE
from infra.local.summary import summarise
from infra.local.watch import CameraView, Watch
from vigie.aws.site_store import SITE_DOCUMENT
from vigie.documents import to_json
from vigie.domain.sites import Site
from vigie.errors import VigieError
from vigie.settings import variable
from vigie.vision.detector import YoloDetector
from vigie.vision.faces import find_face_model
from vigie.vision.models import find_model

# A message that failed comes again after this, not after minutes.
_PREFIX = "vigie-demo"
_VISIBILITY = timedelta(seconds=15)
_CHART_EVERY_S = 10
_LOOK_EVERY_S = 0.5
_MIRROR_EVERY_S = 5.0
_LINE_EVERY_S = 5.0
# Without any change for so long, what is left in the queues will not be dealt with.
_STUCK_S = 180.0

Cameras = Mapping[str, CameraView]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; 0 when every source was read, and every uploaded frame processed or quarantined."""
    console = Console()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        options = read_options(argv)
        with ExitStack() as stack:
            return _run(options, console, stack)
    except VigieError as error:
        say(console, f"vigie demo: {error}")
        return 2
    except KeyboardInterrupt:
        say(console, "vigie demo: stopped")
        return 130


def _run(options: Options, console: Console, stack: ExitStack) -> int:
    model = find_model(environ=os.environ, checkout=CHECKOUT)
    YoloDetector(model=model)  # here, where a broken file is one sentence
    folder = options.folder
    folder.prepare()
    say(
        console,
        f"Watching {', '.join(options.footage.sources)} with {model.name}, moto's server in AWS's place.",
    )
    if options.footage.credit:
        say(console, f"({options.footage.credit})")
    bucket = bucket_name(CATALOG, _PREFIX)
    secrets = folder.write_config(
        options.footage.sources, bucket=bucket, fps=options.fps, start_at=options.start_at
    )
    read_settings(folder.config, {**os.environ, **secrets})  # likewise: a source or pace that cannot be
    stack.enter_context(local_cloud(stack.enter_context(folder.log("moto"))))
    stack.enter_context(local_rekognition(stack.enter_context(folder.log("rekognition"))))
    resources = create(CATALOG, prefix=_PREFIX, visibility=_VISIBILITY)
    os.environ |= resources.environ(CATALOG) | {
        variable("model"): str(model),
        **_face_model(),
        variable("recorded_answers"): "true",
        variable("page_refresh_s"): "0" if options.headless else str(_CHART_EVERY_S),
        QUEUES_VARIABLE: json.dumps(resources.queue_urls),
    }
    _put_site(options, resources)
    create_lamp_things(options.site.lamp_groups)
    runner = ["infra.local.runner", "--every", f"render_charts={_CHART_EVERY_S}", *_days_asked(options)]
    functions = stack.enter_context(program(runner, stack.enter_context(folder.log("functions"))))
    send_canary()
    agent = stack.enter_context(
        program(
            _agent_command(options), stack.enter_context(folder.log("agent")), environ=os.environ | secrets
        )
    )
    watch = Watch(CATALOG, resources, folder.status, tuple(options.footage.sources))
    mirror = Mirror(resources.bucket, folder.site)
    page = None if options.headless else stack.enter_context(served(folder.site))
    with _display(console, page) as show:
        try:
            _until_done(watch, agent, functions, mirror, show, forever=not options.headless)
        except KeyboardInterrupt:
            stop(agent)
            _until_done(watch, agent, functions, mirror, show, forever=False)
    if functions.poll() is not None:
        say(console, f"the functions' runner died; {folder.path / 'logs' / 'functions.log'} may say why")
    return _close(options, watch, mirror, console, agent_status=agent.returncode)


def _until_done(
    watch: Watch,
    agent: subprocess.Popen[str],
    functions: subprocess.Popen[str],
    mirror: Mirror,
    show: Callable[[Cameras, int], None],
    *,
    forever: bool,
) -> None:
    """Show what happens until the agent has ended and the queues are empty; `forever`: until Ctrl-C.

    Without the functions' runner nothing more will happen.
    """
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
        done = ended and (not waiting or now - changed_at > _STUCK_S)
        if (done and not forever) or functions.poll() is not None:
            return
        if now - mirrored_at > _MIRROR_EVERY_S:
            mirror.refresh()
            mirrored_at = now
        time.sleep(_LOOK_EVERY_S)


def _close(options: Options, watch: Watch, mirror: Mirror, console: Console, *, agent_status: int) -> int:
    """Draw the charts of what was seen, write the summary, and say where everything lies."""
    cameras = watch.cameras()
    tz = options.tz
    charts = render_charts(sorted(_days_seen(watch, cameras, tz)))
    mirror.refresh()
    summary = summarise(watch, cameras, pace=options.pace, chart_files=charts)
    folder = options.folder
    folder.write_summary(summary)
    console.print(closing_view(summary, tz=tz))
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


def _put_site(options: Options, resources: Resources) -> None:
    boto3.client("s3").put_object(
        Bucket=resources.bucket,
        Key=SITE_DOCUMENT,
        Body=to_json(Site, options.site),
        ContentType="application/json",
    )


def _face_model() -> dict[str, str]:
    model = find_face_model(environ=os.environ, checkout=CHECKOUT)
    return {variable("face_model"): str(model)} if model else {}


def _days_asked(options: Options) -> list[str]:
    if options.start_at is None:
        return []
    day = options.start_at.astimezone(options.tz).date().isoformat()
    return ["--input", f"render_charts={json.dumps({'days': [day]})}"]


def _days_seen(watch: Watch, cameras: Cameras, tz: ZoneInfo) -> set[str]:
    days: set[str] = set()
    for view in cameras.values():
        for instant in watch.span(view.edge) or ():
            days.add(instant.astimezone(tz).date().isoformat())
    return days


def _agent_command(options: Options) -> list[str]:
    folder = options.folder
    places = ["--config", folder.config, "--spool", folder.spool, "--status", folder.status]
    return ["edge_agent", "run", "--pace", options.pace, *map(str, places)]


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
