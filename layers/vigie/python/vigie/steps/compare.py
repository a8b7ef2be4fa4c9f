"""A frame was chosen: let Rekognition look at it too, once, and store how the two looks compare."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from enum import StrEnum
from typing import TypedDict

from vigie.domain.caps import Spending, spending_day
from vigie.domain.comparison import LABELS_THERE, ComparisonState, FrameComparison, obstacle
from vigie.domain.frames import FrameKey
from vigie.domain.reports import FrameReport
from vigie.domain.sites import Site
from vigie.errors import CloudError, Conflict, NotFound, PictureError, Unavailable
from vigie.steps.budget_ports import Purse
from vigie.steps.compare_ports import ComparisonStore, LabelService, Look, ReviewShelf
from vigie.steps.pausing import COMPARISON, Pauses
from vigie.steps.ports import Clock, ReportStore

# Longer than the function may run. A worker that died half-way may have paid: who takes its place pays again.
LEASE = timedelta(seconds=90)


class _Account(TypedDict):
    camera_id: str
    day: date
    cap: int


class Outcome(StrEnum):
    """What became of a frame that was to be compared."""

    COMPARED = "compared"
    NOT_COMPARABLE = "not comparable"
    KNOWN = "known"
    NOT_CHOSEN = "not chosen"
    OVER_BUDGET = "over budget"
    GONE = "gone"


def compare_labels(
    key: FrameKey,
    *,
    site: Site,
    reports: ReportStore,
    comparisons: ComparisonStore,
    service: LabelService,
    shelf: ReviewShelf,
    purse: Purse,
    micro_usd: int,
    clock: Clock,
    pauses: Pauses | None = None,
) -> Outcome:
    """Compare one frame, of which a look costs `micro_usd` millionths of a dollar; again, nothing is called.

    The purse is asked before the service. What the service does not take is recorded with its reason and
    never tried again; what may succeed later raises, and passes the purse again when the event comes again.
    While one of the `pauses` holds, which such a failure begins, nobody is called and nothing charged.

    Raises:
        Conflict: another worker compares the frame right now.
        Unavailable: the service is left alone for a while.
        CloudError: AWS refused a call; the event should be tried again.

    """
    report = reports.report(key)
    if report is None:
        return Outcome.GONE
    if not site.comparison.chooses(report, site.tz):
        return Outcome.NOT_CHOSEN
    known = comparisons.comparison(key)
    if known is not None:
        _keep_if_it_disagrees(known, shelf)
        return Outcome.KNOWN
    why_not = obstacle(width=report.width, height=report.height)
    if why_not:
        comparisons.put(_not_comparable(report, why_not, clock))
        return Outcome.NOT_COMPARABLE
    if purse.has_refused(Spending.REKOGNITION, **_account(report, site, clock)):
        return Outcome.OVER_BUDGET
    if pauses and (pause := pauses.under_way(COMPARISON)):
        raise Unavailable(f"Rekognition is left alone until {pause.until:%H:%M:%S} UTC: {pause.reason}")
    if not comparisons.claim(key, now=clock(), lease=LEASE):
        if comparisons.comparison(key) is not None:
            return Outcome.KNOWN
        raise Conflict(f"another worker compares {key}")
    with _released_by_failure(key, comparisons):
        if not purse.take(Spending.REKOGNITION, **_account(report, site, clock)):
            comparisons.release(key)
            return Outcome.OVER_BUDGET
        try:
            look = service.look(key, least=site.comparison.min_confidence)
        except (PictureError, NotFound) as error:
            comparisons.put(_not_comparable(report, str(error), clock))
            return Outcome.NOT_COMPARABLE
        except CloudError as error:
            if pauses:
                pauses.after(COMPARISON, error)
            raise
    compared = _compared(report, look, site=site, micro_usd=micro_usd, clock=clock)
    # What was paid for first: a picture that could not be kept is kept when the event comes again.
    comparisons.put(compared)
    _keep_if_it_disagrees(compared, shelf)
    return Outcome.COMPARED


@contextmanager
def _released_by_failure(key: FrameKey, comparisons: ComparisonStore) -> Iterator[None]:
    try:
        yield
    except CloudError:
        comparisons.release(key)
        raise


def _account(report: FrameReport, site: Site, clock: Clock) -> _Account:
    return {
        "camera_id": report.key.camera_id,
        "day": spending_day(clock(), site.tz),
        "cap": min(site.caps.rekognition_calls, site.comparison.per_day),
    }


def _compared(
    report: FrameReport, look: Look, *, site: Site, micro_usd: int, clock: Clock
) -> FrameComparison:
    least = site.comparison.min_confidence
    asked = set(site.labels) & set(LABELS_THERE.values())
    timings = report.timings
    return FrameComparison(
        key=report.key,
        width=report.width,
        height=report.height,
        compared_at=clock(),
        # By the same measure: labels that both engines look for, from the confidence on that theirs is asked.
        ours=tuple(each for each in report.detections if each.label in asked and each.confidence >= least),
        theirs=tuple(each for each in look.detections if each.label in asked),
        our_model=report.model,
        their_model=look.model,
        our_ms=timings.decode_ms + timings.prepare_ms + timings.infer_ms + timings.select_ms,
        their_ms=look.ms,
        micro_usd=micro_usd,
        min_overlap=site.comparison.min_overlap,
    )


def _not_comparable(report: FrameReport, reason: str, clock: Clock) -> FrameComparison:
    return FrameComparison(
        key=report.key,
        width=report.width,
        height=report.height,
        compared_at=clock(),
        state=ComparisonState.NOT_COMPARABLE,
        reason=reason,
        our_model=report.model,
    )


def _keep_if_it_disagrees(comparison: FrameComparison, shelf: ReviewShelf) -> None:
    if comparison.disagrees:
        with suppress(NotFound):
            shelf.keep(comparison.key)
