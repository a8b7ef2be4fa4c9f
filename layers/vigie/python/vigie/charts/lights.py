"""Lamp groups on a day: the levels over time, what that took in words, and both as CSV."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from vigie.charts.clock import date_words
from vigie.charts.sheet import ACTIVE_WORD, IDLE_WORD, SAFE_WORD, Sheet
from vigie.charts.style import LIT, LIT_IDLE, LIT_SAFE, drawable, house_style
from vigie.charts.tables import energy_csv, levels_csv
from vigie.domain.energy import GroupEnergy, group_energies
from vigie.domain.instants import day_bounds
from vigie.domain.lighting import Phase
from vigie.domain.series import CameraDay
from vigie.domain.sites import Site
from vigie.steps.ports import SiteFile

_LONGEST_TITLE = 48
_ROW_IN, _LOW_ROW_IN = 1.1, 0.6
_MOST_TALL_ROWS = 6
_CSV = "text/csv; charset=utf-8"
_PHASES = ((Phase.ACTIVE, LIT), (Phase.IDLE, LIT_IDLE), (Phase.SAFE, LIT_SAFE))


def energies_of(site: Site, cameras: Sequence[CameraDay], day: date, *, now: datetime) -> list[GroupEnergy]:
    """See `energy.group_energies`."""
    return group_energies(
        site.lamp_groups,
        {camera.camera.camera_id: camera.minutes for camera in cameras},
        day=day,
        tz=site.tz,
        position=site.position,
        limits=site.visits,
        until=now,
    )


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
    yield SiteFile(f"exports/lights/{day}.csv", energy_csv(energies), _CSV)
    yield SiteFile(f"exports/lights/{day}-levels.csv", levels_csv(energies, tz), _CSV)


def _share(energy: GroupEnergy) -> float:
    return energy.saved_kwh / energy.full_kwh
