"""The status for people: a table on a terminal, plain lines elsewhere, and what of it is not well."""

import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from edge_agent.status import read_status
from vigie.domain.heartbeats import CameraLife, Heartbeat
from vigie.domain.instants import seconds_between, to_iso
from vigie.errors import NotFound

# The file is written at least every ten seconds.
_SILENCE = timedelta(seconds=30)
# What was lost before that is counted, and a complaint no more: nobody can mend it.
_LATELY = timedelta(hours=1)
_UNWELL = frozenset({"waiting", "failing", "failed"})
# Beyond this S3 will soon refuse the agent's signatures, and times in charts are wrong.
_CLOCK_S = 2.0
_HOT_C = 80.0  # at which a Raspberry Pi begins to slow down
_EVERY_S = 1.0
_STYLES = {"running": "green", "starting": "cyan", "ended": "dim", "waiting": "yellow"}


def show_status(path: Path, *, watch: bool) -> int:
    """Show the status; 0 when all is well, 1 when something is not or the agent does not run.

    Raises:
        ConfigError: the file cannot be read, or holds something else.

    """
    console = Console()
    if watch and console.is_terminal:
        _watch(path, console)
    try:
        life = read_status(path)
    except NotFound as error:
        sys.stderr.write(f"{error}\n")
        return 1
    now = datetime.now(UTC)
    if console.is_terminal:
        if not watch:
            console.print(table(life, now))
    else:
        sys.stdout.writelines(f"{line}\n" for line in lines(life, now))
    return 1 if complaints(life, now) else 0


def complaints(life: Heartbeat, now: datetime) -> tuple[str, ...]:
    """Return a sentence about each thing that is not well; none means that all is."""
    found = []
    over = life.cameras and all(camera.state in {"ended", "failed"} for camera in life.cameras)
    if not over and now - life.at > _SILENCE:
        found.append(f"the agent has said nothing since {to_iso(life.at)}: it does not run")
    for camera in life.cameras:
        if camera.state in _UNWELL:
            found.append(
                f"camera {camera.camera_id} is {camera.state}: {camera.error or 'no reason is known'}"
            )
        if camera.dropped_at is not None and abs(now - camera.dropped_at) <= _LATELY:
            found.append(
                f"camera {camera.camera_id} has lost {camera.dropped} frames, "
                f"the last at {to_iso(camera.dropped_at)}: {camera.dropped_why}"
            )
    if life.upload_error is not None:
        found.append(f"uploads: {life.upload_error}")
    if life.report_error is not None:
        found.append(f"reports: {life.report_error}")
    if life.heartbeat_error is not None:
        found.append(f"heartbeats: {life.heartbeat_error}")
    if life.site_error is not None:
        found.append(f"the site document is refused: {life.site_error}")
    if life.site_denied is not None:
        found.append(f"the site document is not followed: {life.site_denied}")
    if life.agent_error is not None:
        found.append(f"a fault of the agent's own, which its log tells: {life.agent_error}")
    if life.lamps_error is not None:
        found.append(f"lamps keep to the last they heard: {life.lamps_error}")
    found += [f"lamps of {lamp.group_id}: {lamp.error}" for lamp in life.lamps if lamp.error]
    if life.clock_ahead_s is not None and abs(life.clock_ahead_s) > _CLOCK_S:
        way = "ahead of" if life.clock_ahead_s > 0 else "behind"
        found.append(f"this machine's clock is {abs(life.clock_ahead_s):.1f} s {way} S3's")
    if life.temperature_c is not None and life.temperature_c >= _HOT_C:
        found.append(f"this machine is {life.temperature_c:.0f} °C hot")
    return tuple(found)


def table(life: Heartbeat, now: datetime) -> RenderableType:
    """Draw the status for a terminal."""
    drawn = Table(title=_title(life), title_justify="left", box=SIMPLE_HEAD)
    drawn.add_column("camera")
    drawn.add_column("state")
    for heading in ("sampled", "gated out", "uploaded", "waiting", "lost", "newest picture"):
        drawn.add_column(heading, justify="right")
    for camera in life.cameras:
        drawn.add_row(
            camera.camera_id,
            Text(camera.state, style=_STYLES.get(camera.state, "bold red")),
            str(camera.sampled),
            _share(camera),
            str(camera.uploaded),
            str(camera.spooled),
            str(camera.dropped),
            _age(camera, now),
        )
    lamps = (Text(sentence) for sentence in _lamps(life))
    return Group(drawn, *lamps, *(Text(sentence, style="yellow") for sentence in complaints(life, now)))


def lines(life: Heartbeat, now: datetime) -> Sequence[str]:
    """Say the same line by line, for output that is no terminal."""
    said = [_title(life)]
    said += [
        f"{camera.camera_id}: {camera.state}, {camera.sampled} sampled, {_share(camera)} gated out, "
        f"{_held(camera)}{camera.uploaded} uploaded, {camera.spooled} waiting, {camera.dropped} lost, "
        f"newest picture {_age(camera, now)}"
        for camera in life.cameras
    ]
    return [*said, *_lamps(life), *(complaints(life, now) or ("all is well",))]


def _lamps(life: Heartbeat) -> Sequence[str]:
    return [
        f"lamps of {lamp.group_id}: {'-' if lamp.level is None else f'{lamp.level} %'}, {lamp.reason}, "
        f"{lamp.switches} switches"
        for lamp in life.lamps
    ]


def _title(life: Heartbeat) -> str:
    parts = [life.agent_id, f"Vigie {life.version}", f"spool {life.spool_bytes / 1e6:.1f} MB"]
    if life.temperature_c is not None:
        parts.append(f"{life.temperature_c:.0f} °C")
    return ", ".join(parts)


def _share(camera: CameraLife) -> str:
    return f"{camera.gated_out / camera.sampled:.0%}" if camera.sampled else "-"


def _held(camera: CameraLife) -> str:
    return f"{camera.held_back} held back by the day's cap, " if camera.held_back else ""


def _age(camera: CameraLife, now: datetime) -> str:
    if camera.last_captured_at is None:
        return "-"
    seconds = max(0.0, seconds_between(camera.last_captured_at, now))
    if seconds < 120:
        return f"{seconds:.0f} s ago"
    return f"{seconds / 60:.0f} min ago" if seconds < 7200 else f"{seconds / 3600:.0f} h ago"


def _watch(path: Path, console: Console) -> None:
    """Draw the table anew each second until Ctrl-C; the last one stays on the screen."""
    with Live(console=console, auto_refresh=False) as live:
        while True:
            try:
                live.update(table(read_status(path), datetime.now(UTC)), refresh=True)
            except NotFound as error:
                live.update(Text(str(error), style="yellow"), refresh=True)
            try:
                time.sleep(_EVERY_S)
            except KeyboardInterrupt:
                return
