"""What is going on in a local run, read from the agent's status file and from the cloud's own stores."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import boto3

from edge_agent.status import read_status
from infra.local.inbox import take_alerts
from infra.local.resources import INBOX, Resources
from infra.parts import Catalog
from vigie.aws import clients
from vigie.aws.alert_store import DynamoAlertStore
from vigie.aws.comparison_store import DynamoComparisonStore
from vigie.aws.frame_store import S3FrameStore
from vigie.aws.health_store import DynamoHealthStore
from vigie.aws.report_store import DynamoReportStore
from vigie.domain.alerting import AlertRecord
from vigie.domain.comparison import FrameComparison
from vigie.domain.detections import PERSON
from vigie.domain.health import Proof
from vigie.domain.heartbeats import CameraLife, LampLife
from vigie.domain.instants import MILLISECOND, minute_of, seconds_between
from vigie.domain.reports import FrameReport
from vigie.domain.series import Minute, visits_of
from vigie.domain.visits import Visit
from vigie.errors import NotFound


def edge_lives(path: Path, camera_ids: tuple[str, ...]) -> dict[str, CameraLife]:
    """Read the agent's status file; cameras that it does not name yet are starting."""
    try:
        told = read_status(path).cameras
    except NotFound:
        told = ()
    lives = {camera_id: CameraLife(camera_id=camera_id) for camera_id in camera_ids}
    return lives | {camera.camera_id: camera for camera in told}


def lamp_lives(path: Path) -> tuple[LampLife, ...]:
    """Read from the agent's status file what its lamps do; nothing before the agent has begun."""
    try:
        return read_status(path).lamps
    except NotFound:
        return ()


@dataclass(frozen=True, slots=True)
class CameraView:
    """One camera in a local run: the edge's side, and what the cloud's tables hold."""

    edge: CameraLife
    minutes: tuple[Minute, ...] = ()
    alerts: tuple[AlertRecord, ...] = ()
    quarantined: int = 0
    last_report: FrameReport | None = None

    @property
    def reported(self) -> int:
        """Frames with a report."""
        return sum(minute.frames for minute in self.minutes)

    @property
    def visits(self) -> tuple[Visit, ...]:
        """The visits until now, in order of beginning."""
        return visits_of(self.minutes)

    @property
    def people_now(self) -> int:
        """The people whose visits are open; nobody knows of any when no frames come."""
        if not self.minutes or self.edge.state in {"ended", "failed"}:
            return 0
        return sum(visit.label == PERSON for visit in self.minutes[-1].open)

    @property
    def lag_s(self) -> float | None:
        """Seconds that the newest report took, from the edge's sampling to the table."""
        report = self.last_report
        if report is None or report.sampled_at is None:
            return None
        return seconds_between(report.sampled_at, report.reported_at)


@dataclass(slots=True)
class Watch:
    """Reads the state of a run, as often as asked."""

    catalog: Catalog
    resources: Resources
    status_file: Path
    camera_ids: tuple[str, ...]
    store: DynamoReportStore = field(init=False)
    alerts: DynamoAlertStore = field(init=False)
    frames: S3FrameStore = field(init=False)
    health: DynamoHealthStore = field(init=False)

    def __post_init__(self) -> None:
        self.health = DynamoHealthStore(clients.dynamodb(), self.resources.table)
        self.store = DynamoReportStore(clients.dynamodb(), self.resources.table)
        self.alerts = DynamoAlertStore(clients.dynamodb(), self.resources.table)
        self.frames = S3FrameStore(clients.s3(), self.resources.bucket)

    def cameras(self) -> dict[str, CameraView]:
        """Return every camera's state now."""
        edges = edge_lives(self.status_file, self.camera_ids)
        return {camera_id: self._camera(edge) for camera_id, edge in edges.items()}

    def span(self, edge: CameraLife) -> tuple[datetime, datetime] | None:
        """Return the capture times that the camera has covered, as a half-open span."""
        if edge.started_at is None or edge.last_captured_at is None:
            return None
        return minute_of(edge.started_at), edge.last_captured_at + MILLISECOND

    def waiting(self) -> int:
        """Count the messages that some function has yet to deal with."""
        return sum(self._depth(queue.name) for queue in self.catalog.queues)

    def dead(self) -> int:
        """Count the messages that failed for good."""
        return sum(self._depth(queue.dead_letter) for queue in self.catalog.queues)

    def lamps(self) -> tuple[LampLife, ...]:
        """Return what the lamps do."""
        return lamp_lives(self.status_file)

    def take_delivered(self) -> int:
        """Count the alerts that a subscriber of the people's topic has received since this was last asked."""
        return take_alerts(self.resources.queue_urls[INBOX])

    def proof(self) -> Proof | None:
        """Return the proof that alerts arrive, once the canary of the run has come out."""
        return self.health.last_proof()

    def comparisons(self, edge: CameraLife) -> tuple[FrameComparison, ...]:
        """Return the comparisons of a camera's frames with Rekognition's look at them."""
        span = self.span(edge)
        store = DynamoComparisonStore(clients.dynamodb(), self.resources.table)
        return store.comparisons(edge.camera_id, *span) if span else ()

    def _camera(self, edge: CameraLife) -> CameraView:
        span = self.span(edge)
        if span is None:
            return CameraView(edge)
        minutes = self.store.minutes(edge.camera_id, *span)
        newest = minutes[-1].folded_until if minutes else span[0]
        reports = self.store.reports(edge.camera_id, newest, newest + MILLISECOND)
        return CameraView(
            edge,
            minutes,
            tuple(r for r in self.alerts.alerts(*span) if r.alert.visit.camera_id == edge.camera_id),
            self.frames.quarantined(edge.camera_id, *span),
            reports[-1] if reports else None,
        )

    def _depth(self, queue: str) -> int:
        answer = boto3.client("sqs").get_queue_attributes(
            QueueUrl=self.resources.queue_urls[queue],
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )
        return sum(int(count) for count in answer["Attributes"].values())
