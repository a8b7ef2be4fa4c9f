"""What comparisons, known faces and lamps cost beside: nothing on a site that uses none of them."""

from collections.abc import Iterator

from vigie.domain.bill_lines import Line, gb_seconds, line
from vigie.domain.prices import Price, Prices
from vigie.domain.workloads import DAYS, MINUTES, Deployment, Workload

# Of a message that comes alone: sent, received, deleted.
_REQUESTS_A_MESSAGE = 3
# Of a comparison: the claim, the purse, the result; the report, and whether it was compared already.
_WRITTEN_A_COMPARISON, _READ_A_COMPARISON = 3, 2
# Disagreements, of which the picture is copied to be judged.
_KEPT_OF_COMPARED = 0.2
# Of a search: the purse, the record, what is suggested; whether it was made, and what it gave, for the alert.
_WRITTEN_A_SEARCH, _READ_A_SEARCH = 3, 2
# A shadow is read before it is written.
_OPERATIONS_A_WRITE = 2
# The delta that the broker sends, and the edge's word that it came.
_MESSAGES_A_WRITE = 2


def images_looked_at(work: Workload) -> float:
    """Return the pictures of a month in which Rekognition looks for labels."""
    return work.frames * work.by_rekognition + work.compare_calls


def extras(work: Workload, there: Deployment, prices: Prices) -> Iterator[Line]:
    """Yield the lines of what a site may switch on."""
    second = prices.lambda_gb_second_arm64 if there.arm64 else prices.lambda_gb_second_x86_64
    if work.compared:
        yield from _comparisons(work, there, prices, second)
    if work.known_faces:
        yield from _known_faces(work, there, prices, second)
    if work.lamp_groups:
        yield from _lamps(work, there, prices, second)


def _comparisons(work: Workload, there: Deployment, prices: Prices, second: Price) -> Iterator[Line]:
    calls, name = work.compare_calls, "Comparisons"
    yield line(
        name, "Lambda", gb_seconds(there.compare_memory_mb, calls * work.compare_ms), "GB-second", second
    )
    yield line(name, "SQS", _REQUESTS_A_MESSAGE * calls, "request", prices.sqs_request)
    yield line(
        name, "DynamoDB written", _WRITTEN_A_COMPARISON * calls, "write unit", prices.dynamodb_write_unit
    )
    yield line(name, "DynamoDB read", _READ_A_COMPARISON * calls, "read unit", prices.dynamodb_read_unit)
    yield line(name, "frames read", calls, "GET", prices.s3_get)
    yield line(name, "pictures to be judged", _KEPT_OF_COMPARED * calls, "COPY", prices.s3_put)


def _known_faces(work: Workload, there: Deployment, prices: Prices, second: Price) -> Iterator[Line]:
    calls, name = work.searches, "Known faces"
    # Of all tiers of a month, as labels.
    usd = prices.rekognition_face_search.of_month(calls)
    yield Line(name, "Rekognition, searches", calls, "image", usd)
    yield line(name, "Rekognition, kept", work.known_faces, "face", prices.rekognition_face_month)
    yield line(name, "Lambda", gb_seconds(there.alert_memory_mb, calls * work.search_ms), "GB-second", second)
    yield line(name, "S3 put", calls, "PUT", prices.s3_put)
    yield line(name, "S3 read", calls, "GET", prices.s3_get)
    yield line(name, "DynamoDB written", _WRITTEN_A_SEARCH * calls, "write unit", prices.dynamodb_write_unit)
    yield line(name, "DynamoDB read", _READ_A_SEARCH * calls, "read unit", prices.dynamodb_read_unit)


def _lamps(work: Workload, there: Deployment, prices: Prices, second: Price) -> Iterator[Line]:
    calls, name = work.lights_calls, "Lamps"
    yield line(
        name, "Lambda", gb_seconds(there.lights_memory_mb, calls * work.lights_ms), "GB-second", second
    )
    yield line(name, "SQS", _REQUESTS_A_MESSAGE * calls, "request", prices.sqs_request)
    # The minutes of the report's camera.
    yield line(name, "DynamoDB read", calls, "read unit", prices.dynamodb_read_unit)
    writes = work.lit_minutes * work.shadow_writes
    reports = work.lamp_groups * work.lamp_changes * DAYS
    operations = _OPERATIONS_A_WRITE * writes + reports
    yield line(name, "IoT shadows", operations, "operation", prices.iot_shadow_operation)
    yield line(name, "IoT messages", _MESSAGES_A_WRITE * writes + reports, "message", prices.iot_message)
    # An agent has one connection, however many groups it drives.
    minutes = min(work.agents, work.lamp_groups) * MINUTES
    yield line(name, "IoT connections", minutes, "minute", prices.iot_connection_minute)
