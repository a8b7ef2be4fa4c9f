"""`summary.json`: what a run sampled, processed, found and told, and how long it took."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from statistics import quantiles
from typing import Any

from infra.local.watch import CameraView, Watch
from vigie.domain.agreement import sum_up
from vigie.domain.alerting import AlertState
from vigie.domain.instants import seconds_between, to_iso
from vigie.domain.reports import FrameReport


def summarise(
    watch: Watch, cameras: Mapping[str, CameraView], *, pace: str, chart_files: Sequence[str]
) -> dict[str, Any]:
    """Put the summary of a run together, from the agent's status and the cloud's stores.

    `complete` says whether every uploaded frame was processed or quarantined, and every sampled one
    uploaded or gated out. Timings are seconds from the edge's sampling; at pace `fast` they include the
    wait behind all the frames that were read ahead. `alerts_proven_s` are the seconds from the canary that
    was sent at the start to its proof, None when it did not come out; no other figure counts it.
    `comparison` says how far recorded answers in Rekognition's place agree; None when none was asked.
    """
    rows, labels, report_s, alert_s = [], Counter[str](), [], []
    for camera_id, camera in cameras.items():
        span = watch.span(camera.edge)
        reports = watch.store.reports(camera_id, *span) if span else ()
        labels.update(detection.label for report in reports for detection in report.detections)
        sampled = {report.key.captured_at: report.sampled_at for report in reports}
        report_s += [latency for report in reports if (latency := _report_latency(report)) is not None]
        alert_s += [
            seconds_between(since, record.at)
            for record in camera.alerts
            if record.state is AlertState.SENT
            and (since := sampled.get(record.alert.visit.started_at)) is not None
        ]
        rows.append(_camera_row(camera, processed=len(reports)))
    proof = watch.proof()
    return {
        "pace": pace,
        "cameras": rows,
        "detections": dict(sorted(labels.items())),
        "visits": [
            {
                "camera": camera_id,
                "label": visit.label,
                "started_at": to_iso(visit.started_at),
                "last_seen_at": to_iso(visit.last_seen_at),
                "confidence": visit.confidence,
                "visit_id": visit.visit_id,
            }
            for camera_id, camera in cameras.items()
            for visit in camera.visits
        ],
        "alerts": [
            {
                "camera": camera_id,
                "rule": record.alert.rule_id,
                "visit_id": record.alert.visit.visit_id,
                "started_at": to_iso(record.alert.visit.started_at),
                "state": record.state.value,
                "at": to_iso(record.at),
            }
            for camera_id, camera in cameras.items()
            for record in camera.alerts
        ],
        "lamps": [
            {"group": lamp.group_id, "level": lamp.level, "reason": lamp.reason, "switches": lamp.switches}
            for lamp in watch.lamps()
        ],
        "comparison": _comparison(watch, cameras.values()),
        "alerts_delivered": watch.take_delivered(),
        "alerts_proven_s": round(proof.seconds, 3) if proof else None,
        "dead_letters": watch.dead(),
        "charts": list(chart_files),
        "timings_s": {"capture_to_report": _percentiles(report_s), "capture_to_alert": _percentiles(alert_s)},
        "complete": all(row["sampled"] == row["accounted"] for row in rows),
    }


def _camera_row(camera: CameraView, *, processed: int) -> dict[str, Any]:
    edge = camera.edge
    return {
        "camera": edge.camera_id,
        "state": edge.state,
        "error": edge.error,
        "started_at": _iso(edge.started_at),
        "last_captured_at": _iso(edge.last_captured_at),
        "sampled": edge.sampled,
        "gated_out": edge.gated_out,
        "uploaded": edge.uploaded,
        "processed": processed,
        "quarantined": camera.quarantined,
        "accounted": edge.gated_out + edge.held_back + processed + camera.quarantined,
        "most_people": max((minute.people for minute in camera.minutes), default=0),
        "visits": len(camera.visits),
    }


def _comparison(watch: Watch, cameras: Iterable[CameraView]) -> dict[str, Any] | None:
    made = [each for camera in cameras for each in watch.comparisons(camera.edge)]
    if not made:
        return None
    found = sum_up(made, UTC, our_usd_a_second=0.0)
    share = found.together.agreement
    return {
        "frames": found.frames,
        "not_comparable": found.not_comparable,
        "things": found.together.things,
        "agreement": None if share is None else round(share, 3),
        "recorded": found.recorded,
    }


def _report_latency(report: FrameReport) -> float | None:
    return seconds_between(report.sampled_at, report.reported_at) if report.sampled_at else None


def _percentiles(seconds: Iterable[float]) -> dict[str, float] | None:
    values = sorted(seconds)
    if not values:
        return None
    cuts = quantiles(values, n=100, method="inclusive") if len(values) > 1 else values * 99
    return {"p50": round(cuts[49], 3), "p95": round(cuts[94], 3)}


def _iso(instant: datetime | None) -> str | None:
    return to_iso(instant) if instant else None
