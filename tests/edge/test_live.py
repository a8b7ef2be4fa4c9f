"""One camera with real ffmpeg: streams that end, fall silent, come back, ask for a password."""

import os
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge_agent.backoff import Backoff
from edge_agent.pacing import DailyPace
from edge_agent.process import FfmpegProcess
from edge_agent.settings import CameraSettings
from tests.edge.rig import QUICK, Rig
from tests.edge.servers import CameraServer
from vigie.domain.caps import Caps
from vigie.domain.heartbeats import CameraLife, HeldSpan
from vigie.domain.instants import minute_of
from vigie.domain.series import MINUTE
from vigie.domain.sites import Site

TEN = datetime(2026, 1, 31, 10, tzinfo=UTC)


def children_arguments() -> str:
    """The argument lists of this process's children, as `ps` would show them."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "stat").read_text().rpartition(")")[2].split()[1] == str(os.getpid()):
                found.append((folder / "cmdline").read_text())
        except OSError:
            continue
    return "\n".join(found)


def live_camera(url: str, *, fps: float = 10.0) -> CameraSettings:
    return CameraSettings("yard", url, fps=fps)


def test_a_stream_that_ends_is_started_again(rig: Rig, camera_server: CameraServer) -> None:
    begun = datetime.now(UTC)
    seen = set()

    def thrice(status: CameraLife) -> bool:
        seen.add(status.state)
        return len(camera_server.requests) >= 3 and status.sampled >= 8

    rig.watch(live_camera(f"{camera_server.url}/stream"), thrice)
    times = rig.times()
    assert len(set(times)) == len(times) == rig.status().sampled
    assert begun - timedelta(milliseconds=1) <= times[0]
    assert times[-1] <= datetime.now(UTC)
    assert {"running", "waiting"} <= seen
    assert rig.status().state == "ended"


def test_sampling_never_goes_beyond_the_rate(rig: Rig, camera_server: CameraServer) -> None:
    camera_server.pictures = 60  # three seconds of 20 a second, or more where the machine is busy
    rig.endurance = replace(QUICK, backoff=lambda: Backoff(60, 60, lambda: 1.0))  # it is played once
    rig.watch(live_camera(f"{camera_server.url}/stream", fps=2), lambda status: status.state == "waiting")
    (seconds,) = camera_server.played_s
    # One in each half second that the stream lasted, by the server's clock, and one where it begins.
    assert 5 <= len(rig.times()) <= 2 * (seconds + 0.25) + 1


def test_minutes_of_which_the_cap_holds_all_back_are_said(rig: Rig, camera_server: CameraServer) -> None:
    begun = time.monotonic()
    # Each second is twenty minutes from ten o'clock on, at which an hour's share of the cap is left.
    rig.clock = lambda: TEN + timedelta(seconds=(time.monotonic() - begun) * 1200)
    rig.pace = DailyPace(Site(caps=Caps(frames_a_camera=48)))
    rig.watch(live_camera(f"{camera_server.url}/stream"), lambda life: sum(map(_length, life.held_in)) >= 20)
    life, passed = rig.status(), {minute_of(instant) for instant in rig.times()}
    assert passed
    assert life.held_back >= 20 - len(passed)
    assert life.sampled == life.held_back + len(rig.times())
    for span in life.held_in:
        assert not any(span.begins_at <= minute < span.ends_at for minute in passed)
    assert life.last_captured_at is not None
    assert life.held_in[-1].ends_at <= life.last_captured_at, "the minute under way may see a frame yet"


def _length(span: HeldSpan) -> int:
    return (span.ends_at - span.begins_at) // MINUTE


def test_a_silent_stream_is_started_again(rig: Rig, camera_server: CameraServer) -> None:
    errors = set()

    def again(status: CameraLife) -> bool:
        errors.add(status.error)
        return len(camera_server.requests) >= 2

    rig.watch(live_camera(f"{camera_server.url}/silent"), again)
    assert "no picture came for 1 s" in errors


def test_a_refusing_camera_waits_with_its_sentence(rig: Rig, camera_server: CameraServer) -> None:
    errors = set()

    def refused_twice(status: CameraLife) -> bool:
        errors.add(status.error)
        return status.state == "waiting" and len(camera_server.requests) >= 2

    rig.watch(live_camera(f"{camera_server.url}/elsewhere"), refused_twice)
    assert errors == {None, "Server returned 404 Not Found"}


def test_credentials_work_and_show_nowhere(
    rig: Rig, camera_server: CameraServer, caplog: pytest.LogCaptureFixture
) -> None:
    camera = CameraSettings(
        "yard",
        f"http://{camera_server.user}:{camera_server.password}@{camera_server.address}/private?token=t0k3n",
        fps=10,
        headers={"User-Agent": "Vigie's test", "Referer": "http://cams.example/", "X-Key": "k3y-0f-yard"},
    )
    arguments: list[str] = []

    def look(status: CameraLife) -> bool:
        if status.state == "running":
            arguments.append(children_arguments())
        return len(arguments) >= 2

    with caplog.at_level("DEBUG", logger="edge_agent"):
        rig.watch(camera, look, private=True)
    assert "mpjpeg" in arguments[0]
    shown = "".join([*arguments, caplog.text, repr(camera), repr(rig.board.cameras())])
    assert all(secret not in shown for secret in (camera_server.password, "t0k3n", "k3y-0f-yard"))
    answered = camera_server.requests[-1]
    assert answered["path"] == "/private?token=t0k3n"
    assert (answered["user-agent"], answered["referer"]) == ("Vigie's test", "http://cams.example/")
    assert answered["x-key"] == "k3y-0f-yard"


def test_ffmpegs_own_words_are_redacted(
    rig: Rig, camera_server: CameraServer, caplog: pytest.LogCaptureFixture
) -> None:
    camera = live_camera(f"http://someone:wr0ng-one@{camera_server.address}/private")
    with caplog.at_level("DEBUG", logger="edge_agent"):
        rig.watch(camera, lambda status: status.state == "waiting", private=True)
    words = [word for record in caplog.records for word in getattr(record, "ffmpeg_says", ())]
    assert any("401" in word for word in words)
    assert any("***" in word for word in words)
    assert "wr0ng-one" not in " ".join(words)


def test_two_pictures_of_one_millisecond_have_two_keys(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    supervisor = rig.supervisor(live_camera("http://192.0.2.1/"))

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return next(ticks)

    ticks = iter([TEN, TEN, TEN - timedelta(seconds=5), TEN + timedelta(seconds=1)])
    monkeypatch.setattr("edge_agent.supervisor.datetime", Clock)
    given = [supervisor._arrival() for _ in range(4)]
    assert given == [TEN + timedelta(milliseconds=n) for n in (0, 1, 2, 1000)]


def test_a_stubborn_ffmpeg_is_killed(tmp_path: Path) -> None:
    from edge_agent.ffmpeg import Command

    deaf = tmp_path / "deaf"
    deaf.write_text("#!/bin/sh\ntrap '' TERM\necho begun >&2\nwhile :; do sleep 0.1; done\n")
    deaf.chmod(0o755)
    begun = time.monotonic()
    with FfmpegProcess(Command((str(deaf),)), redact=str) as process:
        list(process.pictures(stopping=lambda: bool(process.last_words), patience_s=5))
    assert 2 <= time.monotonic() - begun < 4
