"""Whether a cap holds, the ledger adds up, and what a month costs for 1 to 1,000 cameras.

Run it as `python tests/benchmarks/bench_bill.py [--frames 100000] [--moto 2000]`; it prints what it found,
and writes build/bench/bill.json and the chart build/bench/bill.svg, .png. Exits 1 when a call went over a
cap, or a sum of the ledger is not the number of the calls that were made.

The frames of 50 cameras are simulated: what each would cost is counted where it is spent, by eight workers
that are instances of functions, each with its own blocks of frames, before one purse. One call in two hundred
fails after it was paid for, and comes again. First the purse is the fake that shares the contract test of the
real one, then, for fewer frames, the real one on moto's server; there one call is made at a time, since moto
looks at a condition and writes in two steps, where DynamoDB does it in one.
"""

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from infra.local.cloud import local_cloud  # noqa: E402
from infra.local.resources import create_table  # noqa: E402
from tests.benchmarks.bill_months import chart, months, table  # noqa: E402
from tests.budget_fakes import FakePurse  # noqa: E402
from tests.one_at_a_time import OneAtATime  # noqa: E402
from vigie.aws import clients  # noqa: E402
from vigie.aws.purse_store import DynamoPurse  # noqa: E402
from vigie.charts.figures import to_png, to_svg  # noqa: E402
from vigie.domain.cameras import Camera  # noqa: E402
from vigie.domain.caps import Caps, Spending, spending_day  # noqa: E402
from vigie.domain.frames import FrameKey  # noqa: E402
from vigie.domain.instants import day_bounds, minute_of  # noqa: E402
from vigie.domain.ledger import days_spent  # noqa: E402
from vigie.domain.reports import FrameReport, Timings  # noqa: E402
from vigie.domain.rollups import day_totals  # noqa: E402
from vigie.domain.series import Minute, camera_day, fold_minute  # noqa: E402
from vigie.domain.sites import Site  # noqa: E402
from vigie.domain.usage import NO_USAGE, Usage  # noqa: E402
from vigie.steps.allowance import FrameAllowance, FrameBudget  # noqa: E402

OUT = CHECKOUT / "build" / "bench"
WORKERS, CAMERAS = 8, 50
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = date(2026, 11, 22)
# Of the frames' number: caps that are reached by most cameras, and by each of the site's kinds.
CAMERA_SHARE, REKOGNITION_SHARE, SMS_SHARE, EMAIL_SHARE = 0.015, 0.03, 0.001, 0.004
FAILS, COMPARED, ALERTS = 0.005, 0.1, 0.01
TELEPHONES, MAIL_BOXES = 3, 2

AnyPurse = FakePurse | DynamoPurse


@dataclass
class Made:
    """What one worker really did, counted where it did it."""

    looks: Counter[str] = field(default_factory=Counter)
    rekognition: Counter[str] = field(default_factory=Counter)
    sms: Counter[str] = field(default_factory=Counter)
    emails: Counter[str] = field(default_factory=Counter)
    refused: Counter[Spending] = field(default_factory=Counter)
    usage: Usage = NO_USAGE
    reports: list[FrameReport] = field(default_factory=list)


def work(keys: Sequence[FrameKey], purse: AnyPurse, site: Site, seed: int) -> Made:
    """Take frames as an instance of each function would: pay first, then call."""
    made, chance = Made(), random.Random(seed)
    budget = FrameBudget(FrameAllowance(purse), purse)
    for key in keys:
        while budget.allows(key, site=site, now=NOW):
            made.looks[key.camera_id] += 1
            if chance.random() >= FAILS:
                usage = Usage(*(chance.randrange(1, 9) for _ in astuple(NO_USAGE)))
                made.usage += usage
                made.reports.append(_report(key, usage))
                _spend(key, purse, site, made, chance)
                break
        else:
            budget.mark(key)
            made.refused[Spending.FRAMES] += 1
    return made


def _spend(key: FrameKey, purse: AnyPurse, site: Site, made: Made, chance: random.Random) -> None:
    asked: list[tuple[Spending, int, Counter[str]]] = []
    if chance.random() < COMPARED:
        asked.append((Spending.REKOGNITION, 1, made.rekognition))
    if chance.random() < ALERTS:
        asked += [(Spending.SMS, TELEPHONES, made.sms), (Spending.EMAIL, MAIL_BOXES, made.emails)]
    day = spending_day(NOW, site.tz)
    for kind, number, calls in asked:
        while True:
            if not purse.take(kind, camera_id=key.camera_id, day=day, cap=site.caps.of(kind), number=number):
                made.refused[kind] += 1
                break
            calls[key.camera_id] += number
            if chance.random() >= FAILS:
                break


def _report(key: FrameKey, usage: Usage) -> FrameReport:
    return FrameReport(key, 640, 360, (), "bench", Timings(1, 1, 1, 1), NOW, usage=usage)


def simulate(frames: int, purses: Sequence[AnyPurse]) -> dict[str, Any]:
    """Send the frames of all cameras through the workers; return what came of it, and what is wrong."""
    site = Site(
        cameras=tuple(Camera(f"camera-{n}") for n in range(CAMERAS)),
        caps=Caps(
            frames_a_camera=int(frames * CAMERA_SHARE),
            rekognition_calls=int(frames * REKOGNITION_SHARE),
            sms=int(frames * SMS_SHARE),
            emails=int(frames * EMAIL_SHARE),
        ),
    )
    begin, _ = day_bounds(DAY, site.tz)
    each = frames // CAMERAS
    keys = [
        FrameKey(camera.camera_id, begin + timedelta(seconds=n * 86_400 / each))
        for n, camera in product(range(each), site.cameras)
    ]
    random.Random(7).shuffle(keys)
    begun = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as workers:
        parts = [keys[n::WORKERS] for n in range(WORKERS)]
        sites, seeds = [site] * WORKERS, range(WORKERS)
        made = list(workers.map(work, parts, purses, sites, seeds))
    seconds = time.perf_counter() - begun
    wrong = [*_over(made, purses[0], site), *_unlike(made, purses[0], site)]
    sums = {
        "frames": len(keys),
        "looked_at": sum(one.looks.total() for one in made),
        "rekognition_calls": sum(one.rekognition.total() for one in made),
        "sms": sum(one.sms.total() for one in made),
        "emails": sum(one.emails.total() for one in made),
        "refused": {kind.value: sum(one.refused[kind] for one in made) for kind in Spending},
        "caps": {kind.value: site.caps.of(kind) for kind in Spending},
    }
    return {**sums, "seconds": round(seconds, 2), "wrong": wrong}


def _over(made: Sequence[Made], purse: AnyPurse, site: Site) -> Iterator[str]:
    """Yield what went over a cap, and caps that were not reached though something was refused."""
    looks = sum((one.looks for one in made), Counter[str]())
    cap = site.caps.frames_a_camera
    for camera_id, number in looks.items():
        if number > cap:
            yield f"{number} frames of {camera_id} were looked at, {number - cap} over the cap"
    for kind, calls in (
        (Spending.REKOGNITION, sum(one.rekognition.total() for one in made)),
        (Spending.SMS, sum(one.sms.total() for one in made)),
        (Spending.EMAIL, sum(one.emails.total() for one in made)),
    ):
        if calls > site.caps.of(kind):
            yield f"{calls} of {kind.value}, {calls - site.caps.of(kind)} over the cap"
    for account in purse.accounts(DAY):
        least = site.caps.of(account.kind) - {Spending.SMS: TELEPHONES, Spending.EMAIL: MAIL_BOXES}.get(
            account.kind, 1
        )
        if account.taken > site.caps.of(account.kind):
            yield f"the purse gave {account.taken} of {account.kind.value} {account.camera_id or ''}"
        if account.refused_at is not None and account.taken < least:
            yield f"{account.kind.value} was refused with {account.taken} taken"


def _unlike(made: Sequence[Made], purse: AnyPurse, site: Site) -> Iterator[str]:
    """Yield the sums of the ledger that are not those of the calls."""
    reports = [report for one in made for report in one.reports]
    totals = []
    for camera in site.cameras:
        own = sorted((r for r in reports if r.key.camera_id == camera.camera_id), key=lambda r: r.key)
        by_minute: dict[datetime, list[FrameReport]] = {}
        for report in own:
            by_minute.setdefault(minute_of(report.key.captured_at), []).append(report)
        minutes: list[Minute] = []
        for of_minute in by_minute.values():
            earlier = minutes[-1] if minutes else None
            minute = fold_minute(earlier, of_minute, site.following(camera.camera_id))
            minutes += [minute] if minute else []
        begin, end = day_bounds(DAY, site.tz)
        day = camera_day(
            camera,
            begin,
            end,
            minutes=minutes,
            reports=(),
            earlier=None,
            quarantined=0,
            following=site.following(camera.camera_id),
        )
        totals.append(day_totals(day, DAY, site.tz))
    spent = days_spent(totals, {DAY: purse.accounts(DAY)})
    for what, ledger, calls in (
        ("frames", sum(each.frames for each in spent), len(reports)),
        ("usage", sum((each.usage for each in spent), NO_USAGE), sum((one.usage for one in made), NO_USAGE)),
        (
            "Rekognition",
            {each.camera_id: each.rekognition_calls for each in spent if each.rekognition_calls},
            dict(sum((one.rekognition for one in made), Counter[str]())),
        ),
        (
            "SMS",
            {each.camera_id: each.sms for each in spent if each.sms},
            dict(sum((one.sms for one in made), Counter[str]())),
        ),
        (
            "e-mails",
            {each.camera_id: each.emails for each in spent if each.emails},
            dict(sum((one.emails for one in made), Counter[str]())),
        ),
    ):
        if ledger != calls:
            yield f"{what}: the ledger says {ledger}, {calls} were made"


def main() -> int:
    """Simulate, add up, print, draw; 1 when anything was over or unlike."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--moto", type=int, default=2_000)
    given = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    runs = {"the fake": simulate(given.frames, [FakePurse()] * WORKERS)}
    with (OUT / "moto.log").open("w") as log, local_cloud(log):
        create_table("purse")
        clients_of: list[Any] = [OneAtATime(clients.dynamodb()) for _ in range(WORKERS)]
        purses = [DynamoPurse(client, "purse") for client in clients_of]
        runs["moto"] = simulate(given.moto, purses)
    for name, run in runs.items():
        said = ", ".join(
            f"{run[key]:,} {key}" for key in ("frames", "looked_at", "rekognition_calls", "sms", "emails")
        )
        sys.stdout.write(
            f"{name}: {said}; caps {run['caps']}; refused {run['refused']}; {run['seconds']} s\n"
        )
        sys.stdout.writelines(f"  WRONG: {sentence}\n" for sentence in run["wrong"])
        if not run["wrong"]:
            sys.stdout.write(
                "  never one over a cap, and every sum of the ledger is that of the calls made\n"
            )
    rows = months()
    sys.stdout.write(table(rows))
    figure = chart(rows)
    (OUT / "bill.svg").write_bytes(to_svg(figure))
    (OUT / "bill.png").write_bytes(to_png(figure))
    (OUT / "bill.json").write_text(json.dumps({"runs": runs, "months": rows}, indent=2) + "\n")
    return int(any(run["wrong"] for run in runs.values()))


if __name__ == "__main__":
    sys.exit(main())
