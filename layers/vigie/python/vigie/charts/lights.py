"""Lamp groups on a day: the levels over time, what that took, and both as CSV; also of the days before."""

from collections.abc import Iterator, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from vigie.charts.clock import date_words
from vigie.charts.sheet import ACTIVE_WORD, IDLE_WORD, SAFE_WORD, Sheet
from vigie.charts.style import LIT, LIT_IDLE, LIT_SAFE, drawable, house_style
from vigie.charts.tables import energy_csv, levels_csv
from vigie.domain.energy import EnergyTotals, GroupEnergy
from vigie.domain.instants import day_bounds
from vigie.domain.lighting import Phase
from vigie.steps.ports import SiteFile

_LONGEST_TITLE = 48
_ROW_IN, _LOW_ROW_IN = 1.1, 0.6
_MOST_TALL_ROWS = 6
_CSV = "text/csv; charset=utf-8"
_PHASES = ((Phase.ACTIVE, LIT), (Phase.IDLE, LIT_IDLE), (Phase.SAFE, LIT_SAFE))


def lamp_levels(energies: Sequence[GroupEnergy], day: date, tz: ZoneInfo) -> Figure:
    """Draw the level of every group over the day, a row each, coloured by why it had that level."""
    extent = day_bounds(day, tz)
    tall = len(energies) <= _MOST_TALL_ROWS
    with house_style():
        sheet = Sheet(
            f"Lamps, {date_words(*extent, tz)}",
            extent=extent,
            tz=tz,
            heights_in=[_ROW_IN if tall else _LOW_ROW_IN] * len(energies),
            gap_in=0.34,
            head_in=0.86,
        )
        for axes, energy in zip(sheet.rows, energies, strict=True):
            for phase, colour in _PHASES:
                corners = [
                    [(left, 0), (left, span.percent), (right, span.percent), (right, 0)]
                    for span in energy.spans
                    if span.phase is phase
                    for left, right in ((sheet.second(span.begins_at), sheet.second(span.ends_at)),)
                ]
                # An edge of its own colour keeps visible what is narrower than a pixel.
                bars = PolyCollection(corners, facecolors=colour, edgecolors=colour, linewidths=0.4, zorder=2)
                axes.add_collection(bars)
            axes.set_ylim(0, 105)
            axes.set_yticks([0, 50, 100], ["0", "50", "100 %"])
            axes.spines["left"].set_visible(False)
            name = drawable(energy.group.title, energy.group.group_id, most=_LONGEST_TITLE)
            saved = f", {_share(energy):.0%} less than full light" if energy.full_kwh else ""
            axes.set_title(f"{name}: {energy.used_kwh:.2f} kWh{saved}", loc="left", pad=3)
        return sheet.finish(key=[ACTIVE_WORD, IDLE_WORD, SAFE_WORD])


def lamp_exports(energies: Sequence[GroupEnergy], day: date, tz: ZoneInfo) -> Iterator[SiteFile]:
    """List what each group used on the day, and its levels."""
    rows = [(day, energy.group.group_id, energy.totals) for energy in energies]
    yield SiteFile(f"exports/lights/{day}.csv", energy_csv(rows), _CSV)
    yield SiteFile(f"exports/lights/{day}-levels.csv", levels_csv(energies, tz), _CSV)


def lamp_history_export(
    group_ids: Sequence[str], history: Sequence[EnergyTotals], days: Sequence[date]
) -> SiteFile:
    """List what each group used on each of the days, known or not."""
    known = {(totals.group_id, totals.day): totals for totals in history}
    rows = [(day, group_id, known.get((group_id, day))) for group_id in group_ids for day in days]
    return SiteFile(f"exports/lights/{days[-1]}-days.csv", energy_csv(rows), _CSV)


def _share(energy: GroupEnergy) -> float:
    return energy.saved_kwh / energy.full_kwh
