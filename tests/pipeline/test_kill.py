"""The runner is killed between storing a report and publishing it; in the end nobody can tell."""

import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3

from tests.builders import NOON, at
from tests.pipeline.conftest import Cloud, NewCloud
from vigie.aws.site_store import SITE_DOCUMENT
from vigie.domain.alerting import AlertState
from vigie.domain.frames import Frame, FrameKey
from vigie.domain.reports import Timings
from vigie.domain.usage import NO_USAGE

# People in the street, a still life, people again: visits begin in the first frame and in the fifth.
SCENES = ["000000001000", "000000001000", "000000000139", "000000000139", "000000001000", "000000001000"]


def upload(cloud: Cloud, coco_folder: Path) -> None:
    s3 = boto3.client("s3")
    s3.put_object(Bucket=cloud.resources.bucket, Key=SITE_DOCUMENT, Body=b'{"max_alert_age_s": 1e10}')
    for number, scene in enumerate(SCENES):
        picture = (coco_folder / f"{scene}.jpg").read_bytes()
        frame = Frame(FrameKey("hall", at(number * 4)), picture, interval_s=4.0)
        s3.put_object(
            Bucket=cloud.resources.bucket, Key=str(frame.key), Body=picture, Metadata=frame.metadata()
        )


def outcome(cloud: Cloud) -> tuple[Any, ...]:
    """All that the tables hold, but for how long things took, what they consumed and when they were done."""
    untimed = Timings(0, 0, 0, 0)
    span = (NOON, at(120))
    reports = cloud.store.reports("hall", *span)
    return (
        [replace(report, timings=untimed, reported_at=NOON, usage=None) for report in reports],
        [replace(minute, usage=NO_USAGE) for minute in cloud.store.minutes("hall", *span)],
        [(record.alert, record.state) for record in cloud.alerts.alerts(*span)],
    )


def test_a_kill_between_report_and_publication_leaves_no_trace(
    new_cloud: NewCloud, coco_folder: Path
) -> None:
    with new_cloud("calm") as calm:
        upload(calm, coco_folder)
        calm.run_until_empty()
        expected, people_told = outcome(calm), calm.take_delivered()
    with new_cloud("killed") as killed:
        upload(killed, coco_folder)
        runner = killed.start("tests.pipeline.dying_runner")
        assert runner.wait(60) == -signal.SIGKILL, killed.log.read_text()
        # Stored and not published: the third frame's report is there, and the events are not used up.
        assert len(killed.store.reports("hall", NOON, at(120))) == 3
        assert killed.depth("frames") == len(SCENES)
        killed.run_until_empty()
        assert outcome(killed) == expected
        assert killed.take_delivered() == people_told
    reports, _, alerts = expected
    assert len(reports) == len(SCENES)
    assert len(alerts) == people_told > 0
    assert {state for _, state in alerts} == {AlertState.SENT}
