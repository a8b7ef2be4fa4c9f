"""One clip through both modes: frames looked at in the cloud, and at the edge."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from edge_agent.ffmpeg import find_ffmpeg
from tests.conftest import shared_file
from tests.pipeline.conftest import ROOT, Cloud, NewCloud
from vigie.domain.instants import minute_of
from vigie.domain.series import visits_of

# The whole system runs here; on a machine with much to do for minutes.
pytestmark = pytest.mark.timeout(600)

START = datetime(2026, 11, 21, 23, 59, 40, tzinfo=UTC)
SECONDS, FPS = 30, 1


def cut(folder: Path) -> Path:
    """The clip's beginning, in which two people come and go."""
    whole = shared_file("data/video/one-by-one-person-detection.mp4")
    path = folder / "cut.mp4"
    command = [find_ffmpeg(os.environ), "-v", "error", "-i", str(whole), "-t", str(SECONDS), "-c", "copy"]
    subprocess.run([*command, str(path)], check=True)
    return path


def watch(cloud: Cloud, clip: Path, folder: Path, *options: str) -> None:
    folder.mkdir()
    config = folder / "cameras.toml"
    config.write_text(
        f'bucket = "{cloud.resources.bucket}"\n[[camera]]\ncamera_id = "hall"\nsource = "{clip}"\n'
        f"fps = {FPS}\nstart_at = {START:%Y-%m-%dT%H:%M:%SZ}\n"
    )
    command = [sys.executable, "-m", "edge_agent", "run", "--config", str(config), "--pace", "fast", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=560, check=False)
    assert done.returncode == 0, done.stderr
    cloud.run_until_empty()


def keys(cloud: Cloud, prefix: str) -> list[str]:
    listed = boto3.client("s3").list_objects_v2(Bucket=cloud.resources.bucket, Prefix=prefix)
    return [item["Key"] for item in listed.get("Contents", ())]


def test_both_see_the_same_and_one_sends_far_fewer_frames(
    new_cloud: NewCloud, tmp_path: Path, model_path: Path
) -> None:
    clip = cut(tmp_path)
    span = ("hall", minute_of(START), START + timedelta(seconds=2 * SECONDS))
    modes: dict[str, list[str]] = {"cloud": [], "local": ["--detect", "local", "--model", str(model_path)]}
    reports, visits, frames, alerts = {}, {}, {}, {}
    for mode, options in modes.items():
        with new_cloud(mode) as cloud:
            watch(cloud, clip, tmp_path / mode, *options)
            reports[mode] = cloud.store.reports(*span)
            visits[mode] = visits_of(cloud.store.minutes(*span))
            frames[mode] = keys(cloud, "frames/")
            alerts[mode] = [(record.alert, record.state) for record in cloud.alerts.alerts(*span[1:])]
            if mode == "local":
                pictures, brought = keys(cloud, "site/pictures/"), keys(cloud, "reports/")
    assert len(visits["cloud"]) >= 2
    assert visits["local"] == visits["cloud"]
    assert alerts["local"] == alerts["cloud"]
    clockless = {
        mode: [
            replace(
                r,
                timings=reports["cloud"][0].timings,
                reported_at=START,
                sampled_at=None,
                usage=None,
            )
            for r in found
        ]
        for mode, found in reports.items()
    }
    assert clockless["local"] == clockless["cloud"]
    assert len(frames["cloud"]) == len(reports["local"]) >= SECONDS * FPS
    assert set(frames["local"]) < set(frames["cloud"])
    assert len(frames["local"]) <= len(frames["cloud"]) / 3
    assert {visit.started_at for visit in visits["local"]} <= {
        report.key.captured_at for report in reports["local"] if str(report.key) in frames["local"]
    }
    assert len(pictures) >= len(visits["local"])
    assert brought
    assert not list((tmp_path / "local" / "reports").rglob("*.jsonl"))
