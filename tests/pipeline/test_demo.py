"""`make demo HEADLESS=1` as a person runs it: two cameras, real ffmpeg, the real model, to the summary."""

import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import shared_file
from vigie.domain.instants import from_iso, seconds_between

ROOT = Path(__file__).parents[2]
START = "2026-10-24T23:59:00Z"  # the clip runs over midnight in UTC, and not in Paris
DAY = "2026-10-25"
# The whole system runs here; on a machine with much to do for minutes.
pytestmark = pytest.mark.timeout(600)

# When people are in view of the hall, in seconds of the clip, as its README tells.
SEEN = [(6.6, 19.2), (22.8, 45.0), (50.6, 70.0), (74.6, 86.8), (92.2, 119.6), (123.6, 136.0)]


def demo(out: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "infra.local.demo", "--headless", "--out", str(out), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=560)


@pytest.fixture(scope="module")  # pytest keeps a file's tests on one worker (--dist loadfile)
def run(tmp_path_factory: pytest.TempPathFactory, model_path: Path) -> tuple[Path, str, dict[str, Any]]:
    """One run over both clips: its folder, what it said, its summary."""
    assert model_path
    clips = {
        "hall": shared_file("data/video/one-by-one-person-detection.mp4"),
        "shop": shared_file("data/video/store-aisle-detection.mp4"),
    }
    out = tmp_path_factory.mktemp("demo") / "out"
    sources = " ".join(f"{camera}={clip}" for camera, clip in clips.items())
    done = demo(out, "--sources", sources, "--start", START, "--time-zone", "Europe/Paris")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return out, done.stdout, json.loads((out / "summary.json").read_text())


def camera(summary: dict[str, Any], camera_id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(row for row in summary["cameras"] if row["camera"] == camera_id)
    return found


def test_no_frame_is_lost(run: tuple[Path, str, dict[str, Any]]) -> None:
    _, _, summary = run
    for camera_id, frames in (("hall", 279), ("shop", 9)):
        row = camera(summary, camera_id)
        assert row["sampled"] == row["uploaded"] == row["processed"] == frames
        assert (row["quarantined"], row["gated_out"], row["state"]) == (0, 0, "ended")
    assert summary["dead_letters"] == 0
    assert summary["complete"]


def test_six_people_came_and_went(run: tuple[Path, str, dict[str, Any]]) -> None:
    _, _, summary = run
    visits = [visit for visit in summary["visits"] if visit["camera"] == "hall"]
    assert [visit["label"] for visit in visits] == ["person"] * 6
    start = from_iso(camera(summary, "hall")["started_at"])
    assert start == from_iso(START)
    for visit, (came, left) in zip(visits, SEEN, strict=True):
        assert seconds_between(start, from_iso(visit["started_at"])) == pytest.approx(came, abs=1.5)
        assert seconds_between(start, from_iso(visit["last_seen_at"])) == pytest.approx(left, abs=1.5)


def test_each_visit_was_told_once(run: tuple[Path, str, dict[str, Any]]) -> None:
    _, _, summary = run
    told = [alert for alert in summary["alerts"] if alert["camera"] == "hall"]
    assert len(told) == 6
    assert {alert["state"] for alert in summary["alerts"]} == {"sent"}
    assert summary["alerts_delivered"] == len(summary["alerts"])
    people = [visit["visit_id"] for visit in summary["visits"] if visit["label"] == "person"]
    assert sorted(alert["visit_id"] for alert in summary["alerts"]) == sorted(people)


def test_a_lamp_is_driven_and_safe_when_what_it_hears_is_long_past(
    run: tuple[Path, str, dict[str, Any]],
) -> None:
    out, _, summary = run
    assert [(lamp["group"], lamp["level"]) for lamp in summary["lamps"]] == [("demo", 70)]
    assert '"message": "lamp", "group": "demo", "percent": 70' in (out / "logs" / "agent.log").read_text()


def test_three_people_at_once_before_the_shop(run: tuple[Path, str, dict[str, Any]]) -> None:
    _, _, summary = run
    assert camera(summary, "shop")["most_people"] >= 3


def test_the_charts_and_the_exports_are_there(run: tuple[Path, str, dict[str, Any]]) -> None:
    out, said, summary = run
    for name in ("cameras/hall", "cameras/shop", "all-cameras", "activity"):
        assert (out / f"site/charts/{DAY}/{name}.svg").read_bytes().startswith(b"<?xml")
        assert (out / f"site/charts/{DAY}/{name}.png").read_bytes().startswith(b"\x89PNG")
    assert all((out / "site" / path).is_file() for path in summary["charts"])
    page = (out / "site/charts/index.html").read_text()
    assert "hall" in page
    assert "Europe/Paris" in page
    assert str(out / "site" / "charts" / "index.html") in said.replace("\n", "")


def test_the_exports_hold_every_detection_under_its_camera(run: tuple[Path, str, dict[str, Any]]) -> None:
    out, _, summary = run
    rows = []
    for camera_id in ("hall", "shop"):
        with (out / f"site/exports/{camera_id}/{DAY}.csv").open(newline="", encoding="utf-8") as file:
            found = list(csv.DictReader(file))
        assert {row["camera_id"] for row in found} == {camera_id}
        times: list[datetime] = [from_iso(row["captured_at"]) for row in found]
        assert times == sorted(times)
        rows += found
    assert len(rows) == sum(summary["detections"].values())
    named = {row["visit"] for row in rows} - {""}
    assert named == {visit["visit_id"] for visit in summary["visits"]}
    assert {(row["width"], row["height"]) for row in rows} == {("768", "432"), ("480", "270")}


def test_timings_are_said(run: tuple[Path, str, dict[str, Any]]) -> None:
    _, said, summary = run
    for name in ("capture_to_report", "capture_to_alert"):
        timing = summary["timings_s"][name]
        assert 0 < timing["p50"] <= timing["p95"]
    assert "capture to report" in said


def test_the_way_to_an_alert_is_proven_and_the_canary_counts_nowhere(
    run: tuple[Path, str, dict[str, Any]],
) -> None:
    _, said, summary = run
    assert 0 < summary["alerts_proven_s"] < 120
    assert "Alerts are proven: a canary came out as an alert" in said
    assert {row["camera"] for row in summary["cameras"]} == {"hall", "shop"}
    assert not any("canary" in path for path in summary["charts"])


def test_a_source_that_does_not_exist_fails_alone(tmp_path: Path, model_path: Path) -> None:
    clip = shared_file("data/video/person-bicycle-car-detection.mp4")
    done = demo(tmp_path / "out", "--sources", f"yard={clip} gone={tmp_path / 'gone.mp4'}")
    assert model_path
    assert done.returncode == 1
    assert f"camera gone: {tmp_path / 'gone.mp4'} does not exist" in done.stdout
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    yard = camera(summary, "yard")
    assert yard["sampled"] == yard["processed"] == 7
    assert camera(summary, "gone")["state"] == "failed"


def watching(out: Path) -> subprocess.Popen[str]:
    """A demo as in a terminal, with a page, that has begun to watch."""
    clip = shared_file("data/video/one-by-one-person-detection.mp4")
    command = [sys.executable, "-m", "infra.local.demo", "--out", str(out), "--sources", f"hall={clip}"]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # As in a terminal: what a shell starts in the background, these tests too, ignores Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    status = out / "status.json"
    await_(lambda: status.is_file() and json.loads(status.read_text())["cameras"][0]["sampled"] >= 3)
    return process


def await_(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def programs_of(out: Path) -> list[str]:
    """The command lines of all programs that a demo in that folder has started, and its own."""
    lines = []
    for file in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if f"DEMO_UNDER_TEST={out}".encode() in file.read_bytes():
                lines.append((file.parent / "cmdline").read_text().replace("\0", " "))
    return lines


def test_ctrl_c_ends_it_in_order(tmp_path: Path, model_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert model_path
    out = tmp_path / "out"
    monkeypatch.setenv("DEMO_UNDER_TEST", str(out))
    process = watching(out)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to everybody in the foreground
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert "Visits" in said
    row = camera(json.loads((out / "summary.json").read_text()), "hall")
    assert row["sampled"] == row["uploaded"] == row["processed"] >= 3
    assert programs_of(out) == []


def test_nothing_outlives_a_demo_that_is_killed(
    tmp_path: Path, model_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert model_path
    out = tmp_path / "out"
    monkeypatch.setenv("DEMO_UNDER_TEST", str(out))
    process = watching(out)
    assert len(programs_of(out)) >= 4, "the demo, moto's server, the runner, the agent"
    process.kill()
    process.communicate()
    await_(lambda: programs_of(out) == [])
