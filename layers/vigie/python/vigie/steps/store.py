"""An edge that looks for itself has sent reports: store them, then tell the others, as of any frame."""

from vigie.domain.reports import camera_of_reports
from vigie.domain.rollups import is_settled
from vigie.domain.sites import Site
from vigie.errors import MessageError
from vigie.messages import read_report_lines
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
) -> int:
    """Take one object of reports through the pipeline; return how many reports it brought.

    Doing so again changes nothing and publishes the same. A frame that has a report already keeps it: where
    the frame itself came first and was looked at here, that look stands.

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
    for report in found:
        stored = reports.add_report(report)
        kept = keep_minutes(stored, store=reports, following=site.following(camera_id))
        if is_settled(stored.key.captured_at, clock(), site.tz):
            stale.mark(camera_id, stored.key.captured_at)
        publisher.publish_report(stored, kept.change)
    return len(found)
