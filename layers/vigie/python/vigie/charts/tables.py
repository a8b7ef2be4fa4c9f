"""Exports as CSV: the detections, visits and minutes of a camera's day, the energy of lamp groups.

UTF-8 with a row of headings; instants are UTC. Empty cells are what nobody knows, never 0. Names are data
of other people: one that a spreadsheet would run gets an apostrophe before it.
"""

import csv
import io
import re
from collections.abc import Iterable
from datetime import date, tzinfo

from vigie.domain.energy import EnergyTotals, GroupEnergy
from vigie.domain.exports import DetectionRow, MinuteRow, VisitRow
from vigie.domain.instants import to_iso

_DETECTIONS = (
    "captured_at",
    "camera_id",
    "label",
    "confidence",
    "x1",
    "y1",
    "x2",
    "y2",
    "width",
    "height",
    "zone",
    "visit",
    "frames_in_minute",
    "interval_s",
)
_VISITS = (
    "visit",
    "camera_id",
    "label",
    "started_at",
    "last_seen_at",
    "confidence",
    "zone",
    "best_frame",
    "minutes",
    "covered_minutes",
    "place_visit",
)
_MINUTES = (
    "begins_at",
    "local_time",
    "camera_id",
    "covered",
    "frames",
    "people",
    "vehicles",
    "visits_of_people",
    "visits_of_vehicles",
    "expected_frames",
    "over_budget",
)

_ENERGY = (
    "day",
    "group_id",
    "active_s",
    "idle_s",
    "safe_s",
    "off_s",
    "used_kwh",
    "full_light_kwh",
    "timer_kwh",
    "saved_kwh",
)
_LEVELS = ("begins_at", "local_time", "group_id", "phase", "percent", "seconds")

_Cell = str | int | None

# A spreadsheet reads a cell that begins with one of these as a formula (OWASP, "CSV Injection"); the last
# four are their full-width twins, which Japanese settings treat alike.
_FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# Also what would end a cell before its time: French and German spreadsheets split at ';', whatever the
# quotes, and so would split our own joining of names.
_BREAKS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029;]+")


def detections_csv(rows: Iterable[DetectionRow], camera_id: str) -> bytes:
    """List detections; boxes are in pixels, `zone` joins the names with ';'."""
    return _csv(
        _DETECTIONS,
        (
            (
                to_iso(row.captured_at),
                camera_id,
                _harmless(row.label),
                f"{row.confidence:.4f}",
                *(f"{corner:.1f}" for corner in (row.x1, row.y1, row.x2, row.y2)),
                row.width,
                row.height,
                _joined(row.zones),
                _harmless(row.visit) if row.visit else None,
                row.frames_in_minute,
                _number(row.interval_s),
            )
            for row in rows
        ),
    )


def visits_csv(rows: Iterable[VisitRow], camera_id: str) -> bytes:
    """List visits; `zone` joins the names with ';'."""
    return _csv(
        _VISITS,
        (
            (
                _harmless(row.visit),
                camera_id,
                _harmless(row.label),
                to_iso(row.started_at),
                to_iso(row.last_seen_at),
                f"{row.confidence:.4f}",
                _joined(row.zones),
                row.best_frame,
                row.minutes,
                row.covered_minutes,
                _harmless(row.place_visit) if row.place_visit else None,
            )
            for row in rows
        ),
    )


def minutes_csv(rows: Iterable[MinuteRow], camera_id: str) -> bytes:
    """List minutes; `local_time` bears its offset from UTC."""
    return _csv(
        _MINUTES,
        (
            (
                to_iso(row.begins_at),
                row.local_time,
                camera_id,
                int(row.covered),
                row.frames,
                row.people,
                row.vehicles,
                row.visits_of_people,
                row.visits_of_vehicles,
                _number(row.expected_frames),
                int(row.over_budget),
            )
            for row in rows
        ),
    )


def energy_csv(rows: Iterable[tuple[date, str, EnergyTotals | None]]) -> bytes:
    """List what lamp groups used on days; `saved_kwh` is against full light in the same hours."""
    return _csv(
        _ENERGY,
        ((day.isoformat(), group_id, *map(_number, _used(totals))) for day, group_id, totals in rows),
    )


def _used(totals: EnergyTotals | None) -> tuple[float | None, ...]:
    if totals is None:
        return (None,) * (len(_ENERGY) - 2)
    return (
        *(totals.active_s, totals.idle_s, totals.safe_s, totals.off_s),
        *(totals.used_kwh, totals.full_kwh, totals.timer_kwh, totals.saved_kwh),
    )


def levels_csv(energies: Iterable[GroupEnergy], tz: tzinfo) -> bytes:
    """List the levels of lamp groups over time; `local_time` bears its offset from UTC."""
    return _csv(
        _LEVELS,
        (
            (
                to_iso(span.begins_at),
                span.begins_at.astimezone(tz).isoformat(timespec="seconds"),
                energy.group.group_id,
                span.phase.value,
                span.percent,
                _number(span.seconds),
            )
            for energy in energies
            for span in energy.spans
        ),
    )


def _csv(headings: tuple[str, ...], rows: Iterable[tuple[_Cell, ...]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(headings)
    writer.writerows(rows)
    return text.getvalue().encode()


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:g}"


def _joined(zones: Iterable[str]) -> str:
    return ";".join(_harmless(zone) for zone in zones)


def _harmless(name: str) -> str:
    """Return the name on one line, without ';', and never the beginning of a formula."""
    line = _BREAKS.sub(" ", name).strip()
    return f"'{line}" if line.startswith(_FORMULA_STARTS) else line
