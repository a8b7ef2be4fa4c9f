"""Exports: the detections of a camera's day as CSV."""

import csv
import io
import re

from vigie.domain.instants import to_iso
from vigie.domain.series import CameraDay, OwnedDetection

COLUMNS = (
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
)

# A spreadsheet reads a cell that begins with one of these as a formula (OWASP, "CSV Injection"); the last
# four are their full-width twins, which Japanese settings treat alike.
_FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# Also what would end a cell before its time: French and German spreadsheets split at ';', whatever the
# quotes, and so would split our own joining of names.
_BREAKS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029;]+")


def detections_csv(day: CameraDay) -> bytes:
    """List the day's detections, one a row, in order of capture time, as UTF-8 with a row of headings.

    Boxes are in pixels; `zone` joins the names with ';', `visit` is empty for a detection too weak to begin
    one. Names are data of other people: one that a spreadsheet would run gets an apostrophe before it.
    """
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(COLUMNS)
    rows.writerows(_row(sight) for sight in sorted(day.detections, key=lambda sight: sight.report.key))
    return text.getvalue().encode()


def _row(sight: OwnedDetection) -> tuple[str | int, ...]:
    report, detection = sight.report, sight.detection
    corners = detection.box.in_pixels(report.width, report.height)
    return (
        to_iso(report.key.captured_at),
        report.key.camera_id,
        _harmless(detection.label),
        f"{detection.confidence:.4f}",
        *(f"{corner:.1f}" for corner in corners),
        report.width,
        report.height,
        ";".join(_harmless(zone) for zone in detection.zones),
        _harmless(sight.visit.visit_id) if sight.visit else "",
    )


def _harmless(name: str) -> str:
    """Return the name on one line, without ';', and never the beginning of a formula."""
    line = _BREAKS.sub(" ", name).strip()
    return f"'{line}" if line.startswith(_FORMULA_STARTS) else line
