"""Settings that change while a camera runs, the gate in its place, and a camera that keeps failing."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge_agent.settings import CameraSettings
from tests.edge.conftest import make_clip
from tests.edge.rig import QUICK, Rig
from tests.edge.servers import CameraServer
from vigie.domain.cameras import Camera, Gate, Mask
from vigie.domain.heartbeats import CameraLife

TEN = datetime(2026, 1, 31, 10, tzinfo=UTC)
LEFT_HALF = Mask(polygon=((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)))


@pytest.fixture
def endless(camera_server: CameraServer) -> CameraServer:
    camera_server.pictures = 10_000
    return camera_server


def live(server: CameraServer, *, fps: float = 10.0) -> CameraSettings:
    return CameraSettings("yard", f"{server.url}/stream", fps=fps)


def steps(*each: Callable[[CameraLife], bool]) -> Callable[[CameraLife], bool]:
    """True once each of these was true, one after the other."""
    left = list(each)

    def done(status: CameraLife) -> bool:
        if left and left[0](status):
            left.pop(0)
        return not left

    return done


def test_new_masks_and_a_new_rate_are_followed_at_once(rig: Rig, endless: CameraServer) -> None:
    camera = live(endless)
    site = Camera("yard", fps=5.0, masks=(LEFT_HALF,))

    def change(status: CameraLife) -> bool:
        if status.sampled >= 3:
            rig.running.reconfigure(camera.following(site))
            changed_at.append(datetime.now(UTC))
        return status.sampled >= 3

    changed_at: list[datetime] = []
    rig.watch(camera, steps(change, lambda _: len(endless.requests) == 2, lambda s: s.sampled >= 12))
    frames = rig.spool.oldest(100)
    late = [
        n for n, frame in enumerate(frames) if (frame.key.captured_at - changed_at[0]).total_seconds() > 1.5
    ]
    assert late
    assert all(rig.picture(n)[:, :70].mean() < 24 for n in late)
    assert rig.picture(0)[:, :70].mean() > 40
    assert frames[-1].interval_s == 0.2
    # A change that was asked for is no failure.
    assert rig.status().error is None


def test_a_new_gate_needs_no_new_connection(rig: Rig, endless: CameraServer) -> None:
    camera = live(endless)

    def change(status: CameraLife) -> bool:
        if status.sampled >= 3:
            rig.running.reconfigure(camera.following(Camera("yard", gate=Gate())))
        return status.sampled >= 3

    rig.watch(camera, steps(change, lambda status: status.gated_out >= 5))
    assert len(endless.requests) == 1
    status = rig.status()
    assert len(rig.times()) == status.sampled - status.gated_out


def test_the_gate_holds_back_and_counts(rig: Rig, ffmpeg: str, tmp_path: Path) -> None:
    clip = make_clip(ffmpeg, tmp_path / "still.mp4", ["smptebars=s=320x240:r=5:d=100"], "-c:v", "libx264")
    camera = CameraSettings("hall", str(clip), fps=1, start_at=TEN, pace="fast", gate=Gate())
    status = rig.play(camera)
    assert (status.state, status.sampled, status.gated_out) == ("ended", 100, 94)
    # What goes through while it learns, and the first picture of the next minute.
    assert [(at - TEN).total_seconds() for at in rig.times()] == [0, 1, 2, 3, 4, 60]
    assert status.last_captured_at == TEN + timedelta(seconds=99)
    rig.play(replace(camera, gate=Gate(enabled=False)))
    assert rig.status().gated_out == 0


def test_the_sites_word_goes_before_the_edges_and_uncovers_nothing() -> None:
    own = CameraSettings("yard", "rtsp://192.0.2.7/", fps=2.0, gate=Gate(heartbeat_s=30), masks=(LEFT_HALF,))
    assert own.following(Camera("yard")) == own
    site = Camera("yard", fps=1.0, gate=Gate(enabled=False), masks=(replace(LEFT_HALF, mode="blur"),))
    followed = own.following(site)
    assert (followed.fps, followed.gate) == (1.0, Gate(enabled=False))
    assert followed.masks == (LEFT_HALF, replace(LEFT_HALF, mode="blur"))


def test_a_camera_that_used_up_its_restarts_is_failing_and_tried_rarely(
    rig: Rig, camera_server: CameraServer
) -> None:
    rig.endurance = replace(QUICK, budget=2, failing_wait_s=1.0)
    states: list[str] = []

    def fails(status: CameraLife) -> bool:
        if not states or states[-1] != status.state:
            states.append(status.state)
        return status.state == "failing" and len(camera_server.requests) >= 4

    begun = time.monotonic()
    rig.watch(replace(live(camera_server), source=f"{camera_server.url}/elsewhere"), fails)
    assert states[-1] == "failing"
    assert "waiting" in states
    assert time.monotonic() - begun > 1.0
    assert rig.status().state == "ended"


def test_a_failing_camera_is_tried_at_once_with_new_settings(rig: Rig, endless: CameraServer) -> None:
    rig.endurance = replace(QUICK, budget=0, failing_wait_s=600.0)
    good = live(endless)

    def change(status: CameraLife) -> bool:
        if status.state == "failing":
            rig.running.reconfigure(good)
        return status.state == "failing"

    rig.watch(replace(good, source=f"{endless.url}/elsewhere"), steps(change, lambda s: s.sampled >= 3))
