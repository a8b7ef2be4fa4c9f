"""What Vigie costs on AWS: a price list, what is deployed, and what the cameras do, multiplied.

A month has 30 days. No free tier is taken off, nor is a volume discount but Rekognition's; e-mail, SMS and
the traffic of who looks at the page are left out, since they depend on people alone.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vigie.domain.prices import Price, Prices

DAYS = 30
SECONDS = DAYS * 86_400
MINUTES = SECONDS // 60
GIGABYTE = 10**9
_MEGABYTES_OF_LAMBDA = 1_024
_UNITS_TO_DRAW_A_DAY = 68  # of one camera, by bench_charts
# X-Ray's own rule for functions: the first request of each second, and of the rest one in twenty.
_TRACED_A_SECOND, _TRACED_OF_REST = 1, 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """A function that a schedule calls: memory in MB, calls a month, milliseconds a call and camera."""

    name: str
    memory_mb: int
    calls: int
    ms: float
    ms_a_camera: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What is there whatever the cameras do. The defaults are those of the template, which a test compares.

    A queue is asked for messages by five of Lambda's pollers, each of which waits 20 s; `queue_key_requests`
    a month and queue follow from a data key's life of five minutes, for its sender and its receiver.
    """

    alarms: int = 43
    metrics: int = 1
    dashboards: int = 1
    budgets: int = 1
    keys: int = 1
    queues: int = 6
    detect_memory_mb: int = 1_769
    alert_memory_mb: int = 512
    log_days: int = 30
    tracing: bool = True
    arm64: bool = False
    scheduled: tuple[Scheduled, ...] = (
        Scheduled(name="watch_cameras", memory_mb=512, calls=MINUTES, ms=150, ms_a_camera=25),
        Scheduled(name="render_charts", memory_mb=1_769, calls=MINUTES // 15, ms=3_000, ms_a_camera=1_000),
        Scheduled(name="send_canary", memory_mb=512, calls=MINUTES // 60, ms=1_500),
    )
    polls: int = 5 * MINUTES * 3
    queue_key_requests: int = 2 * 2 * MINUTES // 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What the cameras do. `rate` is frames a second of each; the gate lets the share `passed` through.

    A frame costs `detect_ms` of `detect_frame`, and `write_units` and `read_units` of the table.
    `frame_bytes` is what a JPEG weighs, `item_bytes` what a report and its share of a minute do. The share
    `by_rekognition` of frames is looked at by Rekognition too, or in the model's place.
    """

    cameras: int
    rate: float = 1.0
    passed: float = 1.0
    cameras_an_agent: int = 4
    frame_bytes: int = 60_000
    frame_days: int = 7
    visits_a_day: float = 100.0
    picture_days: int = 30
    detect_ms: float = 200.0
    alert_ms: float = 150.0
    batch: int = 10
    batch_window_s: float = 1.0
    write_units: float = 2.5
    read_units: float = 3.0
    item_bytes: int = 450
    report_days: int = 30
    log_bytes_a_frame: int = 400
    log_bytes_a_call: int = 300
    by_rekognition: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what no camera does.

        Raises:
            ValueError: says what is out of range.

        """
        if self.cameras < 1:
            raise ValueError(f"{self.cameras} cameras are none")
        if not (self.rate > 0 and math.isfinite(self.rate)):
            raise ValueError(f"a rate of {self.rate:g} frames a second is none")
        if not 0 < self.passed <= 1:
            raise ValueError(f"a gate lets a share above 0 and up to 1 through, not {self.passed:g}")
        if not 0 <= self.by_rekognition <= 1:
            raise ValueError(f"Rekognition looks at a share of 0 to 1, not {self.by_rekognition:g}")

    @property
    def frames(self) -> float:
        """Frames that reach the bucket in a month."""
        return self.cameras * self.rate * self.passed * SECONDS

    @property
    def visits(self) -> float:
        """Visits of a month."""
        return self.cameras * self.visits_a_day * DAYS

    @property
    def agents(self) -> int:
        """Edge agents, each of which watches some of the cameras."""
        return math.ceil(self.cameras / self.cameras_an_agent)

    @property
    def detect_calls(self) -> float:
        """Calls of `detect_frame` in a month: a batch is full, or its window is over."""
        arriving = self.frames / SECONDS * self.batch_window_s
        return self.frames / min(max(arriving, 1.0), self.batch)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill: the service, what of it, how much of which unit, and the dollars of a month."""

    service: str
    what: str
    amount: float
    unit: str
    usd: float


def monthly_bill(workload: Workload, deployment: Deployment, prices: Prices) -> tuple[Line, ...]:
    """Return the lines of a month's bill, in the order in which a frame travels."""
    parts = (_s3, _lambda, _rekognition, _queues, _table, _watching)
    return tuple(line for part in parts for line in part(workload, deployment, prices))


def total(lines: Iterable[Line]) -> float:
    """Return the dollars of a bill."""
    return sum(line.usd for line in lines)


def by_service(lines: Iterable[Line]) -> dict[str, float]:
    """Return the dollars of each service, in the order of the bill."""
    sums: dict[str, float] = {}
    for line in lines:
        sums[line.service] = sums.get(line.service, 0.0) + line.usd
    return sums


def largest(lines: Iterable[Line], most: int) -> tuple[Line, ...]:
    """Return the lines that cost the most, the dearest first."""
    return tuple(sorted(lines, key=lambda line: -line.usd)[:most])


def _s3(work: Workload, there: Deployment, prices: Prices) -> Iterator[Line]:
    charts = next(each.calls for each in there.scheduled if each.name == "render_charts")
    # Each run lists twice and draws twice a camera, and draws six files of all cameras together.
    drawn = charts * (4 * work.cameras + 6)
    looks = MINUTES * (1 + work.cameras)  # heartbeats, and a quiet camera's newest frames
    yield _line("S3", "frames put", work.frames, "PUT", prices.s3_put)
    yield _line("S3", "visits' pictures put", 2 * work.visits, "PUT", prices.s3_put)
    yield _line("S3", "heartbeats, a minute and agent", MINUTES * work.agents, "PUT", prices.s3_put)
    yield _line("S3", "looks for dark cameras", looks, "LIST", prices.s3_put)
    yield _line("S3", "charts and page", drawn, "PUT, LIST", prices.s3_put)
    read = work.frames + MINUTES * (work.agents + 4)
    yield _line("S3", "frames and heartbeats read", read, "GET", prices.s3_get)
    kept = work.frames * work.frame_days / DAYS + 2 * work.visits * work.picture_days / DAYS
    yield _line("S3", "pictures kept", kept * work.frame_bytes / GIGABYTE, "GB", prices.s3_gb_month)


def _lambda(work: Workload, there: Deployment, prices: Prices) -> Iterator[Line]:
    second = prices.lambda_gb_second_arm64 if there.arm64 else prices.lambda_gb_second_x86_64
    frames = _gb_seconds(there.detect_memory_mb, work.frames * work.detect_ms)
    yield _line("Lambda", "frames looked at", frames, "GB-second", second)
    alerts = _gb_seconds(there.alert_memory_mb, 2 * work.visits * work.alert_ms)
    yield _line("Lambda", "alerts sent", alerts, "GB-second", second)
    timed = sum(
        _gb_seconds(each.memory_mb, each.calls * (each.ms + each.ms_a_camera * work.cameras))
        for each in there.scheduled
    )
    yield _line("Lambda", "watching, charts, canary", timed, "GB-second", second)
    yield _line("Lambda", "calls", _calls(work, there), "request", prices.lambda_request)


def _rekognition(work: Workload, _there: Deployment, prices: Prices) -> Iterator[Line]:
    images = work.frames * work.by_rekognition
    if images:
        # Of all tiers of a month, for here the month's number is known.
        usd = prices.rekognition_image.of_month(images)
        yield Line("Rekognition", "images looked at", images, "image", usd)


def _queues(work: Workload, there: Deployment, prices: Prices) -> Iterator[Line]:
    # A message is sent alone, received and deleted with its batch.
    requests = work.frames + 2 * work.detect_calls + 3 * 2 * work.visits
    yield _line("SQS", "messages", requests, "request", prices.sqs_request)
    yield _line(
        "SQS", "Lambda asking empty queues", there.queues * there.polls, "request", prices.sqs_request
    )
    yield _line("SNS", "reports and alerts told", work.frames + work.visits, "publish", prices.sns_publish)


def _table(work: Workload, there: Deployment, prices: Prices) -> Iterator[Line]:
    written = work.frames * work.write_units + 2 * work.visits
    yield _line("DynamoDB", "reports and minutes", written, "write unit", prices.dynamodb_write_unit)
    charts = next(each.calls for each in there.scheduled if each.name == "render_charts")
    # Half a day is drawn on average, and each minute the newest one is looked at.
    drawn = charts * _UNITS_TO_DRAW_A_DAY / 2
    read = work.frames * work.read_units + work.cameras * (drawn + MINUTES) + 2 * work.visits
    yield _line("DynamoDB", "reports and minutes read", read, "read unit", prices.dynamodb_read_unit)
    kept = work.frames * work.item_bytes * work.report_days / DAYS / GIGABYTE
    yield _line("DynamoDB", "reports kept", kept, "GB", prices.dynamodb_gb_month)
    yield _line("DynamoDB", "recovery to any second", kept, "GB", prices.dynamodb_recovery_gb_month)


def _watching(work: Workload, there: Deployment, prices: Prices) -> Iterator[Line]:
    yield _line("KMS", "keys", there.keys, "key", prices.kms_key_month)
    asked = there.queues * there.queue_key_requests + there.queue_key_requests
    yield _line("KMS", "data keys of queues and topics", asked, "request", prices.kms_request)
    logs = work.frames * work.log_bytes_a_frame + _calls(work, there) * work.log_bytes_a_call
    yield _line("CloudWatch", "logs taken in", logs / GIGABYTE, "GB", prices.log_gb_in)
    yield _line("CloudWatch", "logs kept", logs / GIGABYTE * there.log_days / DAYS, "GB", prices.log_gb_month)
    yield _line("CloudWatch", "alarms", there.alarms, "alarm", prices.alarm_month)
    yield _line("CloudWatch", "metrics of our own", there.metrics, "metric", prices.metric_month)
    yield _line("CloudWatch", "dashboard", there.dashboards, "dashboard", prices.dashboard_month)
    if there.tracing:
        yield _line("X-Ray", "traces", _traces(work, there), "trace", prices.trace)
    calls = sum(each.calls for each in there.scheduled)
    yield _line("Scheduler", "calls", calls, "call", prices.schedule_call)
    yield _line("Budgets", "budget", there.budgets, "budget", prices.budget_month)


def _calls(work: Workload, there: Deployment) -> float:
    return work.detect_calls + 2 * work.visits + sum(each.calls for each in there.scheduled)


def _traces(work: Workload, there: Deployment) -> float:
    a_second = work.detect_calls / SECONDS
    traced = min(a_second, _TRACED_A_SECOND) + max(a_second - _TRACED_A_SECOND, 0) * _TRACED_OF_REST
    return traced * SECONDS + sum(each.calls for each in there.scheduled)


def _gb_seconds(memory_mb: int, ms: float) -> float:
    return memory_mb / _MEGABYTES_OF_LAMBDA * ms / 1_000


def _line(service: str, what: str, amount: float, unit: str, price: Price) -> Line:
    return Line(service, what, amount, unit, price.of(amount))
