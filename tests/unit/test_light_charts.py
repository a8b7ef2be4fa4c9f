"""What people are shown of lamp groups: the chart, the page's lines and the exports."""

import csv
import io
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from matplotlib.path import Path

from tests.camera_days import NOVEMBER, PARIS, a_day, a_minute, a_visit
from tests.page_rig import Page
from vigie.charts.daily import render_day
from vigie.charts.energy import month_of_energy
from vigie.charts.figures import to_png
from vigie.charts.lights import lamp_levels
from vigie.domain.cameras import Camera
from vigie.domain.energy import EnergyTotals, GroupEnergy, group_energies
from vigie.domain.hours import Hours
from vigie.domain.instants import day_bounds
from vigie.domain.lamps import Covering, LampGroup
from vigie.domain.series import MINUTE, CameraDay
from vigie.domain.sites import Site
from vigie.steps.chart import DrawnDay

BEGIN, END = day_bounds(NOVEMBER, PARIS)
GROUP = LampGroup(
    group_id="street",
    name="=Main street",  # a spreadsheet would run it
    covered_by=(Covering(camera="hall"),),
    hours=(Hours(begin="18:00", end="06:00"),),
    watts=((0, 0), (100, 1000)),
    timer=(Hours(begin="18:00", end="23:00"),),
)
SITE = Site(time_zone="Europe/Paris", cameras=(Camera("hall"),), lamp_groups=(GROUP,))


def evening() -> CameraDay:
    """Return a day whose camera sends from 20:00 to 22:00, and sees somebody at 21:00 for 10 minutes."""
    eight = BEGIN + timedelta(hours=20)
    nine = eight + timedelta(hours=1)
    visit = a_visit(nine, 600)
    there = [
        a_minute(
            eight + n * MINUTE,
            visits=(replace(visit, last_seen_at=min(visit.last_seen_at, eight + (n + 1) * MINUTE)),)
            if 60 <= n < 70
            else (),
        )
        for n in range(120)
    ]
    return a_day(there)


def energies_of(site: Site, now: datetime = END) -> tuple[GroupEnergy, ...]:
    return tuple(
        group_energies(
            site.lamp_groups,
            {"hall": evening().minutes},
            day=NOVEMBER,
            tz=PARIS,
            position=None,
            limits=site.visits,
            until=now,
        )
    )


def files(site: Site, *, now_h: float = 24, history: tuple[EnergyTotals, ...] = ()) -> dict[str, str]:
    drawn = DrawnDay(
        day=NOVEMBER,
        cameras=(evening(),),
        totals=(),
        exports={},
        shelved=(),
        newest=True,
        energies=energies_of(site, BEGIN + timedelta(hours=now_h)),
        lamp_history=history,
    )
    rendered = render_day(site, drawn, clock=lambda: BEGIN + timedelta(hours=now_h))
    return {
        file.path: file.content.decode() if not file.path.endswith("png") else file.path for file in rendered
    }


def test_the_page_says_what_each_group_used_and_links_to_more() -> None:
    made = files(SITE)
    page = Page(made["charts/index.html"])
    # 12 h lit at 1 kW; of them 2 h 1 min watched (the last word holds 2 min), 12 min active; else safe.
    watched_h = 119 / 60 + 2 / 60 - 0.2
    used = 0.2 * 1 + watched_h * 0.2 + (12 - 0.2 - watched_h) * 0.7
    assert f"=Main street used {used:.1f} kWh, {12 - used:.1f} kWh less than full light" in page.text
    assert f"and {abs(5 - used):.1f} kWh more than its timer." in page.text
    linked = [href for href in page.all("a", "href") if "lights" in href or "lamps" in href]
    assert set(linked) == {
        "../exports/lights/2026-11-22.csv",
        "../exports/lights/2026-11-22-levels.csv",
        "2026-11-22/lamps.svg",
        "2026-11-22/lamps.png",
    }
    assert {f"charts/{NOVEMBER}/lamps.svg", "exports/lights/2026-11-22.csv"} <= set(made)
    (row,) = csv.DictReader(io.StringIO(made["exports/lights/2026-11-22.csv"]))
    assert (row["group_id"], row["active_s"], row["off_s"]) == ("street", "720", "43200")
    assert float(row["used_kwh"]) == pytest.approx(used, rel=1e-4)
    assert float(row["full_light_kwh"]) == 12
    assert float(row["timer_kwh"]) == 5
    levels = list(csv.DictReader(io.StringIO(made["exports/lights/2026-11-22-levels.csv"])))
    assert [level["phase"] for level in levels] == ["safe", "day", "safe", "idle", "active", "idle", "safe"]
    assert sum(float(level["seconds"]) for level in levels) == 86_400


def test_without_lamps_or_watts_nothing_is_said_of_them_and_a_day_under_way_ends_now() -> None:
    for groups in ((), (replace(GROUP, watts=()),)):
        made = files(replace(SITE, lamp_groups=groups))
        assert not [path for path in made if "lamps" in path or "lights" in path]
        assert "Lamps" not in made["charts/index.html"]
    (row,) = csv.DictReader(io.StringIO(files(SITE, now_h=6)["exports/lights/2026-11-22.csv"]))
    assert float(row["full_light_kwh"]) == 6


def test_each_group_has_a_row_that_shows_why_it_had_its_level() -> None:
    site = replace(SITE, lamp_groups=(GROUP, replace(GROUP, group_id="yard", name="")))
    energies = energies_of(site)
    figure = lamp_levels(energies, NOVEMBER, PARIS)
    first, second = figure.axes
    assert first.get_title(loc="left").startswith("=Main street: ")
    assert second.get_title(loc="left").startswith("yard: ")
    active, idle, safe = first.collections
    assert [len(each.get_paths()) for each in (active, idle, safe)] == [1, 2, 3]
    box = active.get_paths()[0].get_extents()
    assert (box.x0, box.x1, box.y1) == (21 * 3600, 21 * 3600 + 720, 100)
    legend = figure.legends[0]
    assert [text.get_text() for text in legend.get_texts()] == [
        "somebody is there",
        "nobody is there",
        "safe: no reports",
    ]


def totals(
    days_before: int, used: float, full: float, timer: float | None, hours: float = 24
) -> EnergyTotals:
    return EnergyTotals(
        group_id="street",
        day=NOVEMBER - timedelta(days=days_before),
        active_s=hours * 3600,
        idle_s=0.0,
        safe_s=0.0,
        off_s=0.0,
        used_kwh=used,
        full_kwh=full,
        timer_kwh=timer,
    )


def test_a_month_shows_used_and_saved_by_day_and_hatches_what_nobody_knows() -> None:
    days = [NOVEMBER - timedelta(days=n) for n in range(30, -1, -1)]
    # All of the day before yesterday, nothing of yesterday, of today the quarter until now.
    own = [totals(2, 3.0, 12.0, 5.0), totals(0, 2.0, 3.0, None, hours=6)]
    now = BEGIN + timedelta(hours=6)
    figure = month_of_energy([("street", "=Main street", own), ("yard", "yard", [])], days, PARIS, now=now)
    first, second = figure.axes
    assert first.get_title(loc="left") == "=Main street: 5.0 kWh in 2 days, 67% less than full light"
    assert second.get_title(loc="left") == "yard: nothing is known"
    holes, saved, used, timers = first.collections
    tops = [[(box.y0, box.y1) for box in map(Path.get_extents, each.get_paths())] for each in (used, saved)]
    assert tops == [[(0, 3), (0, 2)], [(3, 12), (2, 3)]]
    assert [path.get_extents().y0 for path in timers.get_paths()] == [5.0]
    assert len(holes.get_paths()) == 29, "all but the two"
    assert len(second.collections[0].get_paths()) == 31
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "used",
        "saved of full light",
        "what the timer takes",
        "not known",
    ]
    cut_short = month_of_energy([("street", "street", [totals(1, 1, 2, None, 18)])], days, PARIS, now=now)
    (hole,) = (
        box for box in map(Path.get_extents, cut_short.axes[0].collections[0].get_paths()) if 0 < box.y0 < 1
    )
    assert (hole.y0, hole.y1) == (0.75, 1), "what came after its last drawing"
    assert to_png(figure)


def test_the_page_shows_the_month_and_leads_to_its_table() -> None:
    made = files(SITE, history=(totals(2, 3.0, 12.0, 5.0), totals(0, 2.0, 3.0, None)))
    page = Page(made["charts/index.html"])
    alt = next(each for each in page.all("img", "alt") if "used and saved" in each)
    assert alt.endswith("=Main street: 5.0 kWh in 2 days, 67% less than full light")
    assert "../exports/lights/2026-11-22-days.csv" in page.all("a", "href")
    assert f"charts/{NOVEMBER}/energy.svg" in made
    rows = list(csv.DictReader(io.StringIO(made["exports/lights/2026-11-22-days.csv"])))
    assert [row["day"] for row in rows[-3:]] == ["2026-11-20", "2026-11-21", "2026-11-22"]
    assert len(rows) == 31
    assert [row["used_kwh"] for row in rows[-3:]] == ["3", "", "2"], "nobody knows is no 0"
    assert [row["timer_kwh"] for row in rows[-3:]] == ["5", "", ""]
