"""DynamoDB write units a frame with two detections, through the real step and store on moto's server.

Run it as `python tests/benchmarks/bench_writes.py`; it prints a table and writes build/bench/writes.json.
Two minutes at 1 frame a second, of which the first is not counted. Units follow from the items' sizes by
AWS's rule (`tests/write_units.py`), since moto says 1 for every write.

Exits 1 when a frame costs more than 3 units in the mean of any stream.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

import boto3  # noqa: E402

from infra.local.cloud import local_cloud  # noqa: E402
from infra.local.resources import create_table  # noqa: E402
from tests.builders import at  # noqa: E402
from tests.fakes import FakeArtist, FakeFrameStore, FakePictureStore, FakePublisher  # noqa: E402
from tests.write_units import WriteMeter  # noqa: E402
from vigie.aws import clients  # noqa: E402
from vigie.aws.meter import UsageMeter  # noqa: E402
from vigie.aws.purse_store import DynamoPurse  # noqa: E402
from vigie.aws.report_store import DynamoReportStore  # noqa: E402
from vigie.aws.rollup_store import DynamoRollupStore  # noqa: E402
from vigie.domain.cameras import Camera, Zone  # noqa: E402
from vigie.domain.detections import Box, Detection  # noqa: E402
from vigie.domain.frames import Frame, FrameKey  # noqa: E402
from vigie.domain.reports import Timings  # noqa: E402
from vigie.domain.rules import AlertRule  # noqa: E402
from vigie.domain.sites import Site  # noqa: E402
from vigie.steps.allowance import FrameAllowance, FrameBudget  # noqa: E402
from vigie.steps.detect import detect_frame  # noqa: E402
from vigie.steps.ports import Sighting  # noqa: E402

OUT = CHECKOUT / "build" / "bench" / "writes.json"
CAMERA = "entrance-hall"
SECONDS, COUNTED_FROM = 120, 60
MOST_UNITS = 3.0
KINDS = ("report", "minute")
CAMERAS = (Camera(CAMERA, zones=(Zone("door", ((0, 0), (0.5, 0), (0.5, 1), (0, 1))),)),)
SITE = Site(cameras=CAMERAS)
THREE_RULES = Site(
    cameras=CAMERAS,
    rules=(
        AlertRule(rule_id="people"),
        AlertRule(rule_id="lingers", zones=("door",), min_stay_s=20),
        AlertRule(rule_id="crowd", min_number=2),
    ),
)


def standing(second: int) -> tuple[Detection, ...]:
    """Two people who stay."""
    return _person(second, 0.3141), _person(second + 7, 0.6877)


def passing(second: int, *, every: int) -> tuple[Detection, ...]:
    """Two people at any time, each 2 x `every` seconds in the picture: one leaves as the next one comes."""
    return tuple(
        _person(second + 7 * offset, 0.05 + 0.9 * ((second + offset) % (2 * every)) / (2 * every))
        for offset in (0, every)
    )


# 12 s to cross the picture are a hall in which somebody new comes ten times a minute.
STREAMS: dict[str, Callable[[int], tuple[Detection, ...]]] = {
    "two stand": standing,
    "two pass, 5 begin a minute": partial(passing, every=12),
    "two pass, 10 begin a minute": partial(passing, every=6),
    "the same, three rules": partial(passing, every=6),
}
SITES = {"the same, three rules": THREE_RULES}


def _person(second: int, x: float) -> Detection:
    sway = (second * 37 % 100) / 10_000
    box = Box(round(x - 0.03, 4), round(0.3 + sway, 4), round(x + 0.0412, 4), round(0.7113 + sway, 4))
    return Detection("person", round(0.9137 - sway, 4), box)


@dataclass
class ScriptedDetector:
    """Sees what the stream holds at the second that the picture's bytes name."""

    stream: Callable[[int], tuple[Detection, ...]]
    name: str = "yolov8n-dynamic@0123456789ab"

    def detect(self, jpeg: bytes) -> Sighting:
        """Look at a second; the timings have as many digits as a clock gives."""
        return Sighting(
            1280,
            720,
            self.stream(int(jpeg)),
            Timings(4.2133190482, 1.3418899849, 68.7519102357, 0.6188720930),
        )


def main() -> int:
    """Measure every stream; returns the exit status."""
    OUT.parent.mkdir(parents=True, exist_ok=True)
    with (OUT.parent / "moto.log").open("w") as log, local_cloud(log):
        results = [measure(number, name) for number, name in enumerate(STREAMS)]
    OUT.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(table(results))
    return 1 if any(one["units"] > MOST_UNITS for one in results) else 0


def measure(number: int, name: str) -> dict[str, Any]:
    """Take one stream through the step, and count what it writes."""
    table_name = f"writes-{number}"
    create_table(table_name)
    client = clients.dynamodb()
    meter = WriteMeter(plain=boto3.client("dynamodb"))
    meter.watch(client)
    reports, frames = DynamoReportStore(client, table_name), FakeFrameStore()
    # As the function has them: frames are paid for in blocks, and reports carry what was used.
    purse, usage = DynamoPurse(client, table_name), UsageMeter(memory_mb=1_769)
    usage.watch(client)
    budget = FrameBudget(FrameAllowance(purse), purse)
    publisher = FakePublisher()
    per_frame: list[list[tuple[str, int, int]]] = []
    for second in range(SECONDS):
        frame = Frame(
            FrameKey(CAMERA, at(second)),
            str(second).encode(),
            interval_s=1.0,
            sampled_at=at(second) + timedelta(milliseconds=123),
        )
        frames.frames[str(frame.key)] = frame
        meter.written.clear()
        take = partial(
            detect_frame,
            str(frame.key),
            site=SITES.get(name, SITE),
            detector=ScriptedDetector(STREAMS[name]),
            frames=frames,
            reports=reports,
            artist=FakeArtist(),
            pictures=FakePictureStore(),
            stale=DynamoRollupStore(client, table_name),
            publisher=publisher,
            clock=lambda second=second: at(second + 0.8),  # type: ignore[misc]
            budget=budget,
            meter=usage,
        )
        with usage.working_for(CAMERA):
            take()
        per_frame.append(list(meter.written))
    counted = per_frame[COUNTED_FROM:]
    totals = [sum(units for _, _, units in writes) for writes in counted]
    return {
        "stream": name,
        "visits": sum(len(change.begun) for _, change in publisher.published[COUNTED_FROM:]),
        "units": round(sum(totals) / len(totals), 3),
        "most_units": max(totals),
        "by_kind": {kind: by_kind(counted, kind) for kind in (*KINDS, "other")},
    }


def by_kind(frames: list[list[tuple[str, int, int]]], kind: str) -> dict[str, float]:
    """Return the mean units a frame, and the largest item in bytes, of one kind of item."""
    chosen = [write for writes in frames for write in writes if kind_of(write[0]) == kind]
    return {
        "units": round(sum(units for _, _, units in chosen) / len(frames), 3),
        "most_bytes": max((size for _, size, _ in chosen), default=0),
    }


def kind_of(sort_key: str) -> str:
    """Return the kind of item by its sort key's prefix."""
    word = sort_key.partition("#")[0].lower()
    return word if word in KINDS else "other"


def table(results: list[dict[str, Any]]) -> str:
    """Lay the results out for a terminal."""
    lines = [f"{'stream':<30}{'visits':>8}{'units':>8}{'most':>6}"]
    lines[0] += "".join(f"{kind + ' (largest)':>22}" for kind in (*KINDS, "other"))
    for one in results:
        kinds = (f"{part['units']:.2f} ({part['most_bytes']:.0f} bytes)" for part in one["by_kind"].values())
        lines.append(
            f"{one['stream']:<30}{one['visits']:>8}{one['units']:>8.2f}{one['most_units']:>6}"
            + "".join(f"{cell:>22}" for cell in kinds)
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
