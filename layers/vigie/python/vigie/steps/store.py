"""An edge that looks for itself has sent reports: store them, then tell the others, as of any frame."""

from dataclasses import replace

from vigie.domain.reports import FrameReport, camera_of_reports
from vigie.domain.rollups import is_settled
from vigie.domain.sites import Site
from vigie.errors import MessageError
from vigie.messages import read_report_lines
from vigie.steps.allowance import FrameBudget
from vigie.steps.budget_ports import Meter
from vigie.steps.detect import add_metered
from vigie.steps.minutes import keep_minutes
from vigie.steps.ports import Clock, ReportFiles, ReportPublisher, ReportStore, StaleDays


def store_reports(
    object_key: str,
    *,
    site: Site,
    files: ReportFiles,
    reports: ReportStore,
    stale: StaleDays,
    publisher: ReportPublisher,
    clock: Clock,
    budget: FrameBudget | None = None,
    meter: Meter | None = None,
) -> int:
    """Take one object of reports through the pipeline; return how many of its reports were stored.

    Doing so again changes nothing and publishes the same. A frame that has a report already keeps it: where
    the frame itself came first and was looked at here, that look stands. Reports count as frames before the
    `budget`, those of a repeated object once more. What it has nothing left for is not stored, and marks its
    minute.

    Raises:
        MessageError: the object holds no reports, or some of another camera than its key says, for which
            its sender has no rights.
        NotFound: the object is gone.
        CloudError: AWS refused a call; the event should be tried again.

    """
    try:
        camera_id = camera_of_reports(object_key)
    except ValueError as error:
        raise MessageError(str(error)) from error
    found = read_report_lines(files.load(object_key))
    strangers = {report.key.camera_id for report in found} - {camera_id}
    if strangers:
        raise MessageError(f"{object_key!r} holds reports of {', '.join(sorted(strangers))}")
    count = 0
    for report in found:
        is_late = is_settled(report.key.captured_at, clock(), site.tz)
        stored: FrameReport | None
        if budget is None or budget.allows(report.key, site=site, now=clock()):
            metered = replace(report, usage=meter.waiting(camera_id)) if meter else report
            stored = add_metered(metered, reports=reports, meter=meter)
        elif (stored := reports.report(report.key)) is None:
            budget.mark(report.key)
            if is_late:
                stale.mark(camera_id, report.key.captured_at)
            continue
        kept = keep_minutes(stored, store=reports, following=site.following(camera_id))
        if is_late:
            stale.mark(camera_id, stored.key.captured_at)
        tells_lamps = site.tells_lamps(kept.minute, kept.before, kept.change)
        publisher.publish_report(stored, kept.change, tells_lamps=tells_lamps)
        count += 1
    return count
