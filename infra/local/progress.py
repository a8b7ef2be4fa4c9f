"""The demo's words on the terminal: a live table while it runs, a closing one when it ends."""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from infra.local.watch import CameraView
from vigie.domain.instants import from_iso, seconds_between

_STATES = {"running": "green", "ended": "dim", "failed": "bold red", "waiting": "yellow"}
_SHOWN_VISITS = 20


def live_view(cameras: Mapping[str, CameraView], *, waiting: int, place: str) -> RenderableType:
    """Draw the state of a run; `place` says where the page is served, or where the files will be."""
    table = Table(title="Vigie", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("camera")
    table.add_column("state")
    for heading in ("frames", "reports", "people now", "visits", "alerts", "lag"):
        table.add_column(heading, justify="right")
    for camera in cameras.values():
        table.add_row(
            camera.edge.camera_id,
            Text(camera.edge.state, style=_STATES.get(camera.edge.state, "")),
            str(max(camera.edge.sampled, camera.reported)),  # the status file is half a second old
            str(camera.reported),
            str(camera.people_now),
            str(len(camera.visits)),
            str(len(camera.alerts)),
            f"{camera.lag_s:.1f} s" if camera.lag_s is not None else "-",
        )
    troubles = [Text(trouble, style="yellow") for trouble in _troubles(cameras)]
    return Group(table, *troubles, Text(f"messages in the queues: {waiting}; {place}", style="dim"))


def plain_line(cameras: Mapping[str, CameraView], *, waiting: int) -> str:
    """Say the same in one line, for output that is no terminal."""
    parts = [
        f"{camera_id}: {view.edge.state}, {view.reported}/{view.edge.sampled} frames, "
        f"{len(view.visits)} visits, {len(view.alerts)} alerts"
        for camera_id, view in cameras.items()
    ]
    return " | ".join([*parts, f"{waiting} waiting", *_troubles(cameras)])


def closing_view(summary: Mapping[str, Any], *, tz: tzinfo) -> RenderableType:
    """Draw what a run came to, from its summary."""
    frames = Table(title="Frames", title_justify="left", box=SIMPLE_HEAD)
    frames.add_column("camera")
    for heading in ("sampled", "uploaded", "processed", "quarantined", "most people", "visits"):
        frames.add_column(heading, justify="right")
    for row in summary["cameras"]:
        numbers = ("sampled", "uploaded", "processed", "quarantined", "most_people", "visits")
        frames.add_row(row["camera"], *(str(row[number]) for number in numbers))
    visits = Table(title=f"Visits ({tz})", title_justify="left", box=SIMPLE_HEAD)
    for heading in ("camera", "who", "from", "to"):
        visits.add_column(heading)
    visits.add_column("seconds", justify="right")
    visits.add_column("told")
    told = {alert["visit_id"]: alert["state"].replace("_", " ") for alert in summary["alerts"]}
    for visit in summary["visits"][:_SHOWN_VISITS]:
        began, ended = from_iso(visit["started_at"]), from_iso(visit["last_seen_at"])
        visits.add_row(
            visit["camera"],
            visit["label"],
            f"{began.astimezone(tz):%H:%M:%S}",
            f"{ended.astimezone(tz):%H:%M:%S}",
            f"{seconds_between(began, ended):.1f}",
            told.get(visit["visit_id"], "-"),
        )
    more = len(summary["visits"]) - _SHOWN_VISITS
    parts: list[RenderableType] = [frames, Text(), visits]
    if more > 0:
        parts.append(Text(f"and {more} more in summary.json", style="dim"))
    lines = [_timing_line(summary), _proof_line(summary), *_comparison_lines(summary)]
    return Group(*parts, Text(), *map(Text, lines))


def say(console: Console, text: str) -> None:
    """Print one line as it stands: no markup, no wrapping."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _troubles(cameras: Mapping[str, CameraView]) -> list[str]:
    return [f"{camera_id}: {view.edge.error}" for camera_id, view in cameras.items() if view.edge.error]


def _proof_line(summary: Mapping[str, Any]) -> str:
    seconds = summary["alerts_proven_s"]
    if seconds is None:
        return "Alerts are not proven: the canary sent at the start did not come out as an alert."
    return f"Alerts are proven: a canary came out as an alert {seconds:.1f} s after it was sent."


def _comparison_lines(summary: Mapping[str, Any]) -> list[str]:
    compared = summary["comparison"]
    if not compared or compared["agreement"] is None:
        return []
    whose = "recorded answers, not the service's" if compared["recorded"] else "the service's answers"
    return [
        f"YOLO and Rekognition ({whose}) agree on {compared['agreement']:.0%} of {compared['things']} things "
        f"in {compared['frames']} frames."
    ]


def _timing_line(summary: Mapping[str, Any]) -> str:
    parts = []
    for name, value in summary["timings_s"].items():
        if value:
            parts.append(f"{name.replace('_', ' ')} {value['p50']:.1f} s (p95 {value['p95']:.1f} s)")
    note = ", the wait behind frames read ahead included" if summary["pace"] == "fast" else ""
    return "; ".join(parts) + note if parts else "no frame was processed"
