"""Exports as Parquet, typed for Athena and pandas alike.

The same rows give the same bytes: nothing in a file tells when it was made. The camera and the day are not
in the files but in their paths, where readers that know Hive's partitions find them; a column of the same
name in both would be refused by Athena.
"""

import io
from collections.abc import Iterable
from itertools import islice
from operator import attrgetter
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from vigie.domain.exports import DetectionRow, MinuteRow, VisitRow

# Instants are whole milliseconds everywhere in Vigie; "UTC" makes them instants, not times of a clock.
_INSTANT = pa.timestamp("ms", tz="UTC")
_ZONES = pa.list_(pa.string())
# Rows that are turned into columns at a time, so that a busy day takes no more memory than a calm one.
_ROW_GROUP = 50_000

DETECTIONS = pa.schema(
    [
        pa.field("captured_at", _INSTANT, nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("confidence", pa.float32(), nullable=False),
        pa.field("x1", pa.float32(), nullable=False),
        pa.field("y1", pa.float32(), nullable=False),
        pa.field("x2", pa.float32(), nullable=False),
        pa.field("y2", pa.float32(), nullable=False),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("height", pa.int32(), nullable=False),
        pa.field("zones", _ZONES, nullable=False),
        pa.field("visit", pa.string()),
        pa.field("frames_in_minute", pa.int32()),
        pa.field("interval_s", pa.float32()),
    ]
)
VISITS = pa.schema(
    [
        pa.field("visit", pa.string(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("started_at", _INSTANT, nullable=False),
        pa.field("last_seen_at", _INSTANT, nullable=False),
        pa.field("confidence", pa.float32(), nullable=False),
        pa.field("zones", _ZONES, nullable=False),
        pa.field("best_frame", pa.string(), nullable=False),
        pa.field("minutes", pa.int32(), nullable=False),
        pa.field("covered_minutes", pa.int32(), nullable=False),
        pa.field("place_visit", pa.string()),
    ]
)
MINUTES = pa.schema(
    [
        pa.field("begins_at", _INSTANT, nullable=False),
        pa.field("local_time", pa.string(), nullable=False),
        pa.field("covered", pa.bool_(), nullable=False),
        pa.field("frames", pa.int32()),
        pa.field("people", pa.int32()),
        pa.field("vehicles", pa.int32()),
        pa.field("visits_of_people", pa.int32()),
        pa.field("visits_of_vehicles", pa.int32()),
        pa.field("expected_frames", pa.float32()),
        pa.field("over_budget", pa.bool_(), nullable=False),
    ]
)


def detections_parquet(rows: Iterable[DetectionRow], _camera_id: str) -> bytes:
    """Write detections; boxes are in pixels."""
    return _parquet(rows, DETECTIONS)


def visits_parquet(rows: Iterable[VisitRow], _camera_id: str) -> bytes:
    """Write visits."""
    return _parquet(rows, VISITS)


def minutes_parquet(rows: Iterable[MinuteRow], _camera_id: str) -> bytes:
    """Write minutes; one without frames has nulls for counts."""
    return _parquet(rows, MINUTES)


def _parquet(rows: Iterable[object], schema: Any) -> bytes:  # noqa: ANN401 - pyarrow is untyped
    file = io.BytesIO()
    # Arrow's own schema is left out: the types say it all, and readers other than Arrow have no use for it.
    with pq.ParquetWriter(file, schema, compression="zstd", store_schema=False) as writer:
        values = attrgetter(*schema.names)
        found = iter(rows)
        while group := [values(row) for row in islice(found, _ROW_GROUP)]:
            columns = zip(*group, strict=True)
            arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
    return file.getvalue()
