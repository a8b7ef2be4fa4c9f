"""Somebody asks whether alerts arrive: send a canary, follow it hop by hop, and say where it stopped."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from vigie.domain.findings import Finding, QueueFacts, failure, ok
from vigie.domain.frames import FrameKey
from vigie.domain.instants import MILLISECOND, minute_of, seconds_between
from vigie.domain.series import MINUTE, visits_of
from vigie.steps.health_ports import ProofStore
from vigie.steps.ports import (
    Clock,
    FrameStore,
    ReportStore,
)

_LOOK_EVERY_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """How far a canary has come, in seconds since it was sent; None where it has not been."""

    frame_key: FrameKey
    reported_s: float | None = None
    labels: tuple[str, ...] = ()
    quarantined: bool = False
    visited: bool = False
    told: bool = False
    proven_s: float | None = None
    waited_s: float = 0.0

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.proven_s is not None or self.quarantined


def follow_canary(
    key: FrameKey,
    *,
    frames: FrameStore,
    reports: ReportStore,
    proofs: ProofStore,
    clock: Clock,
    sleep: Callable[[float], None],
    timeout_s: float,
) -> Trace:
    """Look until a canary has come out at the far end, was refused, or the time is up.

    Raises:
        CloudError: AWS refused a call.

    """
    trace = Trace(frame_key=key)
    while True:
        waited_s = seconds_between(key.captured_at, clock())
        trace = _look(replace(trace, waited_s=waited_s), frames=frames, reports=reports, proofs=proofs)
        if trace.is_over or waited_s >= timeout_s:
            return trace
        sleep(_LOOK_EVERY_S)


def _look(trace: Trace, *, frames: FrameStore, reports: ReportStore, proofs: ProofStore) -> Trace:
    key, now_s = trace.frame_key, trace.waited_s
    proof = proofs.last_proof()
    proven_s = proof.seconds if proof and proof.frame_key == key else None
    report = reports.report(key)
    if report is None:
        return replace(trace, quarantined=frames.is_quarantined(str(key)))
    begin = minute_of(key.captured_at)
    visits = visits_of(reports.minutes(key.camera_id, begin, begin + MINUTE))
    told = proofs.last_told()
    return replace(
        trace,
        reported_s=now_s if trace.reported_s is None else trace.reported_s,
        labels=tuple(detection.label for detection in report.detections),
        visited=any(abs(visit.started_at - key.captured_at) < MILLISECOND for visit in visits),
        told=told is not None and told >= key,
        proven_s=proven_s,
    )


def judge_trace(
    trace: Trace, *, frames_queue: QueueFacts | None = None, alerts_queue: QueueFacts | None = None
) -> tuple[Finding, ...]:
    """Say how far a canary came, hop by hop; the last finding is where it stopped, with the remedy."""
    waited = f"within {trace.waited_s:.0f} s"
    findings = [ok(f"a canary was stored as {trace.frame_key}")]
    if trace.quarantined:
        why = "the detector refused the canary as no readable picture"
        return (*findings, failure(why, "look at quarantine/ and at detect_frame's log"))
    if trace.reported_s is None:
        return (*findings, _unreported(waited, frames_queue))
    findings.append(ok(f"detect_frame reported it after {trace.reported_s:.1f} s"))
    if not trace.visited:
        saw = ", ".join(trace.labels) or "nothing"
        what = f"no visit began with it; the detector saw {saw}"
        remedy = "the canary shows a person and a car: is the model a detector of those? see `model info`"
        return (*findings, failure(what, remedy))
    findings.append(ok(f"a visit began with it: {', '.join(trace.labels)}"))
    if not trace.told:
        return (*findings, _untold(waited, alerts_queue))
    findings.append(ok("send_alert published its alert"))
    if trace.proven_s is None:
        what = f"its alert did not come out at the queue canary {waited}"
        remedy = "look at that queue's subscription and policy, the topic's key, and record_proof's log"
        return (*findings, failure(what, remedy))
    return (*findings, ok(f"alerts are proven: it came out after {trace.proven_s:.1f} s"))


def _unreported(waited: str, queue: QueueFacts | None) -> Finding:
    what = f"no report of it {waited}"
    if queue is None:
        return failure(what, "is the bucket's notification there, and does detect_frame run? see its log")
    if queue.dead:
        return failure(
            f"{what}; {queue.dead} messages are dead in {queue.dead_name}", "see detect_frame's log"
        )
    if queue.waiting or queue.in_flight:
        return failure(
            f"{what}; {queue.name} holds {queue.waiting + queue.in_flight} messages",
            "detect_frame is not triggered, throttled, or fails: see its event source mapping and its log",
        )
    return failure(
        f"{what}, and {queue.name} is empty: S3's notification did not arrive",
        "the queue's policy and its key must let s3.amazonaws.com send; deploy again",
    )


def _untold(waited: str, queue: QueueFacts | None) -> Finding:
    what = f"no alert about it was published {waited}"
    if queue and queue.dead:
        return failure(f"{what}; {queue.dead} messages are dead in {queue.dead_name}", "see send_alert's log")
    if queue and (queue.waiting or queue.in_flight):
        return failure(
            f"{what}; {queue.name} holds {queue.waiting + queue.in_flight} messages",
            "send_alert is not triggered, throttled, or fails: see its event source mapping and its log",
        )
    return failure(
        what, "the reports topic's subscription, the queue's policy and key, and send_alert's log tell why"
    )
