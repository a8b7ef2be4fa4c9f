"""How soon a lamp lights up, how often lamps switch, and what is saved, by simulated nights.

Run it as `python tests/benchmarks/bench_lights.py`; it prints tables and writes build/bench/lights.json.

Latency: an edge's report is put into moto's S3 and goes through `store_reports`, SNS, `set_lights`, the
shadow, the keeper and HTTP to a WLED, VISITS times before a camera that has seen nobody.
Nights: walkers and cars through 14 winter hours at three traffics, frames as a motion gate sends them.
Cars: how long those that cross in 4 to 9 s have driven before they have light, at two rates.

Exits 1 when the median light-up takes more than a second, a visit more than two switches, or somebody whom
the detector has surely seen is not lit.
"""

import json
import os
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from infra.catalog import CATALOG  # noqa: E402
from infra.local.cloud import local_cloud  # noqa: E402
from infra.local.resources import create  # noqa: E402
from infra.local.runner import QUEUES_VARIABLE  # noqa: E402
from tests.lamp_chain import chain, chain_site  # noqa: E402
from tests.simulated_nights import LATE_S, Lived, Night, busy_night, first_sure, live  # noqa: E402
from vigie.domain.cameras import Camera, Zone  # noqa: E402
from vigie.domain.energy import group_energy  # noqa: E402
from vigie.domain.hours import Hours  # noqa: E402
from vigie.domain.instants import day_bounds  # noqa: E402
from vigie.domain.lamps import Covering, LampGroup  # noqa: E402
from vigie.domain.sites import Site  # noqa: E402
from vigie.domain.sun import Position  # noqa: E402
from vigie.settings import variable  # noqa: E402

OUT = CHECKOUT / "build" / "bench" / "lights.json"
VISITS, MOST_S = 20, 1.0
PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 1, 31, 12, tzinfo=PARIS)
ROAD = Zone("road", ((0, 0), (1, 0), (1, 1), (0, 1)))
# A street of ten lamps of 60 W; dimmed as far as can be they take a tenth.
STREET = LampGroup(
    group_id="street",
    covered_by=(Covering(camera="street", zones=("road",)),),
    watts=((0, 0), (1, 60), (100, 600)),
    timer=(Hours(begin="17:00", end="23:30"), Hours(begin="05:30", end="08:30")),
)
SITE = Site(
    time_zone="Europe/Paris",
    cameras=(Camera("street", zones=(ROAD,)),),
    position=Position(latitude=48.86, longitude=2.35),
    lamp_groups=(STREET,),
)
TRAFFICS = {"quiet": 6.0, "usual": 1.5, "busy": 0.4}


def light_ups() -> list[float]:
    """Return the seconds from a report to light, visit by visit."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (folder / "moto.log").open("w") as words, local_cloud(words):
            resources = create(CATALOG, prefix="bench")
            os.environ |= resources.environ(CATALOG) | {
                variable("model"): "none",
                QUEUES_VARIABLE: json.dumps(resources.queue_urls),
            }
            with (folder / "runner.log").open("w") as log:
                command = [sys.executable, "-m", "infra.local.runner"]
                runner = subprocess.Popen(command, cwd=CHECKOUT, stdout=log, stderr=log)
                try:
                    with chain(resources, folder, chain_site(VISITS)) as lamps:
                        return [lamps.light_up(number) for number in range(VISITS)]
                finally:
                    runner.terminate()
                    runner.wait(20)


def night_row(name: str, sparseness: float) -> dict[str, Any]:
    """Live through a night from noon to noon, and say what came of it."""
    dusk = NOON + timedelta(hours=6, minutes=30)
    crossings = busy_night(dusk, 13, seed=7, sparseness=sparseness)
    night = Night(NOON, NOON + timedelta(days=1), ("street",), crossings)
    lived = live(night, night.frames(fps=1), SITE)
    sure = [c for c in crossings if c.seconds > 8 + LATE_S]
    dark = sum(not _lit(lived, c.begin + timedelta(seconds=8 + LATE_S), c.end) for c in sure)
    begins = sum(level == STREET.active for _, level in lived.switches["street"])
    used = full = timer = 0.0
    for day in (NOON.date(), NOON.date() + timedelta(days=1)):
        begin, end = day_bounds(day, PARIS)
        energy = group_energy(
            STREET,
            {"street": lived.store.minutes("street", begin - timedelta(hours=1), end)},
            day=day,
            tz=PARIS,
            position=SITE.position,
            limits=SITE.visits,
            until=night.end,
            since=night.begin,
        )
        used, full, timer = used + energy.used_kwh, full + energy.full_kwh, timer + (energy.timer_kwh or 0)
    return {
        "traffic": name,
        "crossings": len(crossings),
        "activations": begins,
        "switches_a_visit": round(2 * begins / len(crossings), 2),
        "in_the_dark": dark,
        "reports_that_tell": lived.told,
        "shadow_writes": lived.writes,
        "kwh": round(used, 2),
        "kwh_full": round(full, 2),
        "kwh_timer": round(timer, 2),
        "saved_percent": round(100 * (1 - used / full), 1),
    }


def car_row(fps: float, nights: int = 12) -> dict[str, Any]:
    """Live through nights of six hours, and say when cars had light."""
    begin, waits, gone, dark = NOON + timedelta(hours=8), list[float](), 0, 0
    for seed in range(nights):
        crossings = busy_night(begin, 6, seed=seed)
        night = Night(begin, begin + timedelta(hours=6, minutes=10), ("street",), crossings)
        frames = night.frames(fps=fps, seed=seed)
        lived = live(night, frames, SITE)
        for car in (each for each in crossings if each.label == "car"):
            sure = first_sure(car, frames)
            if sure is None:
                gone += 1
                continue
            lit = sure + timedelta(seconds=LATE_S)
            dark += not _lit(lived, lit, max(car.end, lit))
            gone += lit > car.end
            waits.append((lit - car.begin).total_seconds())
    waits.sort()
    return {
        "fps": fps,
        "cars": len(waits),
        "p50_s": round(waits[len(waits) // 2], 1),
        "p95_s": round(waits[int(len(waits) * 0.95)], 1),
        "gone_before": gone,
        "in_the_dark": dark,
    }


def _lit(lived: Lived, begin: datetime, end: datetime) -> bool:
    return set(lived.levels("street", begin, end)) <= {STREET.active}


def main() -> int:
    seconds = sorted(light_ups())
    latency = {
        "p50": seconds[len(seconds) // 2],
        "p95": seconds[int(len(seconds) * 0.95)],
        "max": seconds[-1],
    }
    print("report to light, s:", {name: round(value, 3) for name, value in latency.items()})  # noqa: T201
    rows = [night_row(name, sparseness) for name, sparseness in TRAFFICS.items()]
    for row in rows:
        print(row)  # noqa: T201
    cars = [car_row(fps) for fps in (1.0, 2.0)]
    for row in cars:
        print(row)  # noqa: T201
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(
        json.dumps({"light_up_s": {**latency, "all": seconds}, "nights": rows, "cars": cars}, indent=2) + "\n"
    )
    well = latency["p50"] <= MOST_S
    well = well and not any(row["in_the_dark"] for row in (*rows, *cars))
    return 0 if well and all(row["switches_a_visit"] <= 2 for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
