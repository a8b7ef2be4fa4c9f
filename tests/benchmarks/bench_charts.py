"""What a drawing reads: DynamoDB's units and time for one camera's full day at 1 frame a second.

Run as `python tests/benchmarks/bench_charts.py`. Units are those of strongly consistent queries, 4 KB each,
from the sizes of the table's items as DynamoDB counts them; seconds are what Python takes to read the items
and to fold them, without the network, DynamoDB and the drawing itself. Prints a table, and writes JSON to
build/bench/charts.json.
"""

import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

REPO = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPO))

from tests.camera_days import NOVEMBER, PARIS  # noqa: E402 - the checkout is no package
from tests.fakes import FakeFrameStore, FakeReportStore, FakeRollupStore, FakeShelf  # noqa: E402
from tests.simulated_days import reports_of, stored  # noqa: E402
from vigie.aws import items  # noqa: E402
from vigie.aws.table import Item  # noqa: E402
from vigie.domain.cameras import Camera  # noqa: E402
from vigie.domain.instants import day_bounds  # noqa: E402
from vigie.domain.reports import FrameReport  # noqa: E402
from vigie.domain.series import Minute, camera_day  # noqa: E402
from vigie.domain.sites import Site  # noqa: E402
from vigie.steps.chart import chart_days  # noqa: E402

SITE = Site(time_zone="Europe/Paris", cameras=(Camera("hall"),))
UNIT = 4096
Attributes = Mapping[str, Any]


@dataclass
class MeteredStore(FakeReportStore):
    """A report store that reads items as the real one does, and counts their bytes."""

    read: int = 0
    written: dict[object, Attributes] = field(default_factory=dict)

    def prepare(self) -> None:
        """Make the items of all that is stored."""
        to_attribute = TypeSerializer().serialize
        for key, item in (
            *((key, items.report_out(report)) for key, report in self._reports.items()),
            *((key, items.minute_out(minute)) for key, minute in self._minutes.items()),
        ):
            self.written[key] = {name: to_attribute(value) for name, value in item.items()}

    def reports(self, camera_id: str, begin: datetime, end: datetime) -> tuple[FrameReport, ...]:
        """See `MinuteStore.reports`."""
        found = super().reports(camera_id, begin, end)
        return tuple(map(items.report_in, self._take(report.key for report in found)))

    def minutes(self, camera_id: str, begin: datetime, end: datetime) -> tuple[Minute, ...]:
        """See `MinuteStore.minutes`."""
        found = super().minutes(camera_id, begin, end)
        keys = ((minute.camera_id, minute.begins_at) for minute in found)
        return tuple(map(items.minute_in, self._take(keys)))

    def _take(self, keys: Iterable[object]) -> Iterable[Item]:
        from_attribute = TypeDeserializer().deserialize
        for key in keys:
            self.read += size(self.written[key])
            yield {name: from_attribute(value) for name, value in self.written[key].items()}


def size(item: Attributes) -> int:
    """Return an item's size as DynamoDB counts it: names and values, 3 for a list, 1 for each thing in it."""
    return sum(len(name) + value_size(value) for name, value in item.items())


def value_size(value: Attributes) -> int:
    """Return the size of one attribute value."""
    ((kind, content),) = value.items()
    if kind == "N":
        return (len(content.replace(".", "").lstrip("-0")) + 1) // 2 + 1
    if kind == "L":
        return 3 + sum(1 + value_size(each) for each in content)
    return len(str(content))


def main() -> None:
    """Measure, print and store."""
    day = stored(reports_of(NOVEMBER, interval_s=1))
    store = MeteredStore(day._reports, day._minutes)
    store.prepare()
    begin, end = day_bounds(NOVEMBER, PARIS)
    rollups = FakeRollupStore()

    def from_reports() -> None:
        camera_day(
            SITE.cameras[0],
            begin,
            end,
            minutes=store.minutes("hall", begin, end),
            reports=store.reports("hall", begin, end),
            earlier=None,
            quarantined=0,
            following=SITE.following("hall"),
        )

    def draw() -> None:
        chart_days(
            [NOVEMBER],
            site=SITE,
            frames=FakeFrameStore(),
            reports=store,
            rollups=rollups,
            shelf=FakeShelf(),
            render=lambda _site, _drawn: (),
            clock=lambda: end - timedelta(seconds=1),
        )

    rows = {
        "all reports, as each drawing read them before": measure(store, from_reports),
        "minutes and reports: exports have fallen behind": measure(store, draw),
        "minutes: every other drawing": measure(store, draw),
    }
    for name, row in rows.items():
        print(f"{name:50}{row['units']:10,.1f} units{row['seconds']:8.2f} s")  # noqa: T201
    folder = REPO / "build" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "charts.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def measure(store: MeteredStore, action: Callable[[], None]) -> dict[str, float]:
    """Return the units that the action read, and its seconds."""
    store.read, start = 0, time.perf_counter()
    action()
    return {"units": round(store.read / UNIT, 1), "seconds": round(time.perf_counter() - start, 2)}


if __name__ == "__main__":
    main()
