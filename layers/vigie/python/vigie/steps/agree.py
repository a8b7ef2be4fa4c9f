"""Gathers a day's comparisons of all cameras, and sums them up for the charts."""

from collections.abc import Iterable
from datetime import date

from vigie.domain.agreement import Agreement, sum_up
from vigie.domain.instants import day_bounds
from vigie.domain.sites import Site
from vigie.steps.compare_ports import ComparisonStore


def day_agreement(
    day: date,
    camera_ids: Iterable[str],
    *,
    site: Site,
    comparisons: ComparisonStore,
    our_usd_a_second: float,
) -> Agreement | None:
    """Sum up a local day; None when nothing was compared. A second of our engine costs `our_usd_a_second`."""
    begin, end = day_bounds(day, site.tz)
    found = [each for camera_id in camera_ids for each in comparisons.comparisons(camera_id, begin, end)]
    return sum_up(found, site.tz, our_usd_a_second=our_usd_a_second) if found else None
