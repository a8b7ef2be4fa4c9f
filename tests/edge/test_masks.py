"""What leaves the edge where a mask lies, in the JPEG's own pixels; and where boxes stand for a polygon."""

import contextlib
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge_agent.masks import boxes
from edge_agent.settings import CameraSettings
from tests.edge.conftest import make_clip
from tests.edge.rig import Rig
from tests.edge.servers import _Server
from vigie.domain.cameras import Mask, Polygon

TEN = datetime(2026, 1, 31, 10, tzinfo=UTC)
TRIANGLE: Polygon = ((0.1, 0.1), (0.7, 0.3), (0.3, 0.8))
SQUARES = "140+90*mod(floor(X/16)+floor(Y/16),2)"
HOOK: Polygon = (
    (0.5, 0.5),
    (0.95, 0.5),
    (0.95, 0.9),
    (0.8, 0.9),
    (0.8, 0.6),
    (0.6, 0.6),
    (0.6, 0.9),
    (0.5, 0.9),
)


def camera(clip: Path, *masks: Mask, max_width: int = 1280) -> CameraSettings:
    return CameraSettings(
        "hall", str(clip), fps=2, start_at=TEN, pace="fast", masks=masks, max_width=max_width
    )


@pytest.fixture(scope="module", params=["640x360", "320x240"])
def busy_clip(request: pytest.FixtureRequest, ffmpeg: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of a checkerboard, 16 pixels a square, light and colourful and nowhere dark."""
    board = f"color=c=white:s={request.param}:r=4:d=1,geq=lum='{SQUARES}':cb=90:cr=150"
    path = tmp_path_factory.mktemp("busy") / "busy.mp4"
    return make_clip(ffmpeg, path, [board], "-c:v", "libx264", "-crf", "12")


def inside(polygon: Polygon, shape: tuple[int, ...], *, grown: int) -> np.ndarray:
    """The pixels of a polygon, grown (or shrunk, below 0) by so many."""
    bits = np.zeros(shape[:2], np.uint8)
    corners = np.round(np.array(polygon) * [shape[1], shape[0]]).astype(np.int32)
    cv2.fillPoly(bits, [corners], 1)
    kernel = np.ones((2 * abs(grown) + 1,) * 2, np.uint8)
    return (cv2.dilate(bits, kernel) if grown > 0 else cv2.erode(bits, kernel)).astype(bool)


def pictures(rig: Rig, settings: CameraSettings) -> list[np.ndarray]:
    assert rig.play(settings).error is None
    return [rig.picture(index) for index in range(len(rig.times()))]


@pytest.mark.parametrize("polygon", [TRIANGLE, HOOK])
def test_paint_is_black_after_jpeg(rig: Rig, busy_clip: Path, polygon: Polygon) -> None:
    shown = pictures(rig, camera(busy_clip, Mask(polygon=polygon)))
    for picture in shown:
        covered = picture[inside(polygon, picture.shape, grown=0)]
        assert np.percentile(covered, 99.5) <= 24  # black, but for what JPEG smears over an edge
        # Beyond a block of JPEG's and the boxes' own steps nothing is painted.
        assert picture[~inside(polygon, picture.shape, grown=24)].mean() > 120


def test_blur_leaves_no_pattern_and_spares_the_rest(rig: Rig, busy_clip: Path) -> None:
    shown = pictures(rig, camera(busy_clip, Mask(polygon=HOOK, mode="blur"), Mask(polygon=TRIANGLE)))
    for picture in shown:
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(float)
        blurred = inside(HOOK, picture.shape, grown=-8) & ~inside(TRIANGLE, picture.shape, grown=40)
        spared = ~inside(HOOK, picture.shape, grown=24) & ~inside(TRIANGLE, picture.shape, grown=24)
        assert blurred.sum() > 500
        assert grey[blurred].std() < 8
        assert grey[spared].std() > 35
        assert np.percentile(picture[inside(TRIANGLE, picture.shape, grown=0)], 99.5) <= 24


def test_masks_cover_the_scaled_picture(rig: Rig, busy_clip: Path) -> None:
    for picture in pictures(rig, camera(busy_clip, Mask(polygon=TRIANGLE), max_width=160)):
        assert picture.shape[1] == 160
        assert np.percentile(picture[inside(TRIANGLE, picture.shape, grown=-1)], 99) <= 24


def test_a_graph_that_cannot_be_built_gives_no_picture(
    rig: Rig, busy_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.masks._BLUR", "no_such_filter=1")
    status = rig.play(camera(busy_clip, Mask(polygon=HOOK, mode="blur")))
    assert (status.state, status.sampled) == ("failed", 0)
    assert rig.times() == []


def test_boxes_hold_their_polygon() -> None:
    for polygon in (TRIANGLE, HOOK, ((0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0))):
        canvas = np.zeros((400, 400), bool)
        for left, top, right, bottom in boxes(polygon):
            canvas[
                int(np.floor(top * 400)) : int(np.ceil(bottom * 400)),
                int(np.floor(left * 400)) : int(np.ceil(right * 400)),
            ] = True
        assert canvas[inside(polygon, canvas.shape, grown=-1)].all()
    assert boxes(((0.25, 0.5), (0.75, 0.5), (0.75, 1.0), (0.25, 1.0))) == [(0.25, 0.5, 0.75, 1.0)]


def test_a_stream_that_changes_its_size_stays_masked(rig: Rig, ffmpeg: str, tmp_path: Path) -> None:
    """ffmpeg's JPEG encoder ends at the change; the run that follows is masked like the one before."""
    jpegs = {}
    for size in ("640x360", "320x240"):
        board = f"color=c=white:s={size}:d=1,geq=lum='{SQUARES}':cb=90:cr=150"
        path = make_clip(ffmpeg, tmp_path / f"{size}.jpg", [board], "-frames:v", "1", "-q:v", "2")
        jpegs[size] = path.read_bytes()
    script = [[jpegs["640x360"]] * 10 + [jpegs["320x240"]] * 10, [jpegs["320x240"]] * 400]
    with ScriptedCamera(script) as server:
        settings = CameraSettings("hall", server.url, fps=10, masks=(Mask(polygon=TRIANGLE),))
        rig.watch(settings, lambda _: {(360, 640, 3), (240, 320, 3)} <= sizes(rig))
    for index in range(len(rig.times())):
        picture = rig.picture(index)
        assert np.percentile(picture[inside(TRIANGLE, picture.shape, grown=0)], 99.5) <= 24


def sizes(rig: Rig) -> set[tuple[int, ...]]:
    return {rig.picture(index).shape for index in range(len(rig.times()))}


class ScriptedCamera(_Server):
    """Motion JPEG over HTTP: each connection plays the next list of pictures, 20 a second."""

    def __init__(self, script: list[list[bytes]]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace;boundary=frame")
                self.end_headers()
                with contextlib.suppress(OSError):
                    for jpeg in script.pop(0) if len(script) > 1 else script[0]:
                        head = f"--frame\r\nContent-type: image/jpeg\r\nContent-length: {len(jpeg)}\r\n\r\n"
                        self.wfile.write(head.encode() + jpeg + b"\r\n")
                        time.sleep(0.05)

        super().__init__(Handler)
