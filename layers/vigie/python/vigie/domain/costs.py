"""What Vigie costs on AWS: a price list, what is deployed, and what the cameras do, multiplied.

No free tier is taken off, nor is a volume discount but Rekognition's; e-mail, SMS and the traffic of who
looks at the page are left out, since they depend on people alone. What a site may switch on beside
(comparisons, known faces, lamps) is in `extra_costs`.
"""

from collections.abc import Iterator

from vigie.domain.bill_lines import Line, gb_seconds, line
from vigie.domain.extra_costs import extras, images_looked_at
from vigie.domain.prices import Prices
from vigie.domain.workloads import DAYS, MINUTES, SECONDS, Deployment, Workload

_GIGABYTE = 10**9
_UNITS_TO_DRAW_A_DAY = 68  # of one camera, by bench_charts
# X-Ray's own rule for functions: the first request of each second, and of the rest one in twenty.
_TRACED_A_SECOND, _TRACED_OF_REST = 1, 0.05


def monthly_bill(workload: Workload, deployment: Deployment, prices: Prices) -> tuple[Line, ...]:
    """Return the lines of a month's bill, in the order in which a frame travels."""
    parts = (_s3, _lambda, _rekognition, _queues, _table, extras, _watching)
    return tuple(each for part in parts for each in part(workload, deployment, prices))


def _s3(work: Workload, there: Deployment, prices: Prices) -> Iterator[Line]:
    charts = next(each.calls for each in there.scheduled if each.name == "render_charts")
    # Each run lists twice and draws twice a camera, and draws six files of all cameras together.
    drawn = charts * (4 * work.cameras + 6)
    looks = MINUTES * (1 + work.cameras)  # heartbeats, and a quiet camera's newest frames
    yield line("S3", "frames put", work.frames, "PUT", prices.s3_put)
    yield line("S3", "visits' pictures put", 2 * work.visits, "PUT", prices.s3_put)
    yield line("S3", "heartbeats, a minute and agent", MINUTES * work.agents, "PUT", prices.s3_put)
    yield line("S3", "looks for dark cameras", looks, "LIST", prices.s3_put)
    yield line("S3", "charts and page", drawn, "PUT, LIST", prices.s3_put)
    read = work.frames + MINUTES * (work.agents + 4)
    yield line("S3", "frames and heartbeats read", read, "GET", prices.s3_get)
    kept = work.frames * work.frame_days / DAYS + 2 * work.visits * work.picture_days / DAYS
    yield line("S3", "pictures kept", kept * work.frame_bytes / _GIGABYTE, "GB", prices.s3_gb_month)


def _lambda(work: Workload, there: Deployment, prices: Prices) -> Iterator[Line]:
    second = prices.lambda_gb_second_arm64 if there.arm64 else prices.lambda_gb_second_x86_64
    frames = gb_seconds(there.detect_memory_mb, work.frames * work.detect_ms)
    yield line("Lambda", "frames looked at", frames, "GB-second", second)
    alerts = gb_seconds(there.alert_memory_mb, 2 * work.visits * work.alert_ms)
    yield line("Lambda", "alerts sent", alerts, "GB-second", second)
    timed = sum(
        gb_seconds(each.memory_mb, each.calls * (each.ms + each.ms_a_camera * work.cameras))
        for each in there.scheduled
    )
    yield line("Lambda", "watching, charts, canary", timed, "GB-second", second)
    yield line("Lambda", "calls", _calls(work, there), "request", prices.lambda_request)


def _rekognition(work: Workload, _there: Deployment, prices: Prices) -> Iterator[Line]:
    images = images_looked_at(work)
    if images:
        # Of all tiers of a month, for here the month's number is known.
        usd = prices.rekognition_image.of_month(images)
        yield Line("Rekognition", "images looked at", images, "image", usd)


def _queues(work: Workload, there: Deployment, prices: Prices) -> Iterator[Line]:
    # A message is sent alone, received and deleted with its batch.
    requests = work.frames + 2 * work.detect_calls + 3 * 2 * work.visits
    yield line("SQS", "messages", requests, "request", prices.sqs_request)
    yield line("SQS", "Lambda asking empty queues", there.queues * there.polls, "request", prices.sqs_request)
    yield line("SNS", "reports and alerts told", work.frames + work.visits, "publish", prices.sns_publish)


def _table(work: Workload, there: Deployment, prices: Prices) -> Iterator[Line]:
    written = work.frames * work.write_units + 2 * work.visits
    yield line("DynamoDB", "reports and minutes", written, "write unit", prices.dynamodb_write_unit)
    charts = next(each.calls for each in there.scheduled if each.name == "render_charts")
    # Half a day is drawn on average, and each minute the newest one is looked at.
    drawn = charts * _UNITS_TO_DRAW_A_DAY / 2
    read = work.frames * work.read_units + work.cameras * (drawn + MINUTES) + 2 * work.visits
    yield line("DynamoDB", "reports and minutes read", read, "read unit", prices.dynamodb_read_unit)
    kept = work.frames * work.item_bytes * work.report_days / DAYS / _GIGABYTE
    yield line("DynamoDB", "reports kept", kept, "GB", prices.dynamodb_gb_month)
    yield line("DynamoDB", "recovery to any second", kept, "GB", prices.dynamodb_recovery_gb_month)


def _watching(work: Workload, there: Deployment, prices: Prices) -> Iterator[Line]:
    yield line("KMS", "keys", there.keys, "key", prices.kms_key_month)
    asked = there.queues * there.queue_key_requests + there.queue_key_requests
    yield line("KMS", "data keys of queues and topics", asked, "request", prices.kms_request)
    logs = work.frames * work.log_bytes_a_frame + _calls(work, there) * work.log_bytes_a_call
    yield line("CloudWatch", "logs taken in", logs / _GIGABYTE, "GB", prices.log_gb_in)
    yield line("CloudWatch", "logs kept", logs / _GIGABYTE * there.log_days / DAYS, "GB", prices.log_gb_month)
    yield line("CloudWatch", "alarms", there.alarms, "alarm", prices.alarm_month)
    yield line("CloudWatch", "metrics of our own", there.metrics, "metric", prices.metric_month)
    yield line("CloudWatch", "dashboard", there.dashboards, "dashboard", prices.dashboard_month)
    if there.tracing:
        yield line("X-Ray", "traces", _traces(work, there), "trace", prices.trace)
    calls = sum(each.calls for each in there.scheduled)
    yield line("Scheduler", "calls", calls, "call", prices.schedule_call)
    yield line("Budgets", "budget", there.budgets, "budget", prices.budget_month)


def _calls(work: Workload, there: Deployment) -> float:
    followers = work.compare_calls + work.lights_calls
    return work.detect_calls + 2 * work.visits + followers + sum(each.calls for each in there.scheduled)


def _traces(work: Workload, there: Deployment) -> float:
    by_function = (work.detect_calls, work.compare_calls, work.lights_calls)
    return sum(map(_traced, by_function)) + sum(each.calls for each in there.scheduled)


def _traced(calls: float) -> float:
    """Return how many of a function's calls of a month are traced."""
    a_second = calls / SECONDS
    traced = min(a_second, _TRACED_A_SECOND) + max(a_second - _TRACED_A_SECOND, 0) * _TRACED_OF_REST
    return traced * SECONDS
