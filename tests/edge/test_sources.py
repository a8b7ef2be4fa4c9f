"""What a source is, what ffmpeg is told about it, and sources that are not there."""

import re
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge_agent.__main__ import main
from edge_agent.ffmpeg import probing, sampling
from edge_agent.settings import CameraSettings, read_settings
from edge_agent.sources import SourceKind, kind_of
from tests.edge.conftest import make_clip
from tests.edge.rig import Rig
from vigie.domain.cameras import Mask
from vigie.domain.heartbeats import CameraLife
from vigie.errors import ConfigError

TEN = datetime(2026, 1, 31, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("usb:/dev/video0", SourceKind.USB),
        ("pictures/", SourceKind.FOLDER),
        ("clips/hall.mp4", SourceKind.FILE),
        ("rtsps://192.0.2.7/live", SourceKind.RTSP),
        ("https://cams.example/Road.M3U8?x=1", SourceKind.HLS),
        ("http://192.0.2.7/mjpg/video.mjpg", SourceKind.HTTP),
    ],
)
def test_kinds(source: str, kind: SourceKind) -> None:
    assert kind_of(source) is kind


def test_what_ffmpeg_is_told_of_a_usb_camera() -> None:
    camera = CameraSettings("desk", "usb:/dev/video2")
    words = " ".join(sampling(camera, "ffmpeg", private=False).arguments)
    assert "-f v4l2 -use_wallclock_as_timestamps 1 -i /dev/video2 " in words
    assert "-f v4l2" in " ".join(probing(camera, "ffmpeg", private=False).arguments)


@pytest.mark.parametrize("there", [False, True])
def test_a_usb_camera_that_is_not_there(rig: Rig, tmp_path: Path, *, there: bool) -> None:
    device, sentences = tmp_path / "video0", set()
    if there:
        device.write_bytes(b"")

    def waits(status: CameraLife) -> bool:
        sentences.add(status.error)
        return status.state == "waiting"

    rig.watch(CameraSettings("desk", f"usb:{device}"), waits)
    why = "is no USB camera; those are called /dev/video0 and so on"
    assert f"{device} {why if there else 'does not exist; is the camera plugged in?'}" in sentences


class RefusingRtsp:
    """An RTSP camera that takes UDP alone: it answers a wish for TCP with 461. `asked` are the transports."""

    sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 26\r\na=control:trackID=1\r\n"

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self._socket.getsockname()[1]}/live"

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as lines:
                self._answer(connection.sendall, lines.readline)

    def _answer(self, say: Callable[[bytes], None], line: Callable[[], bytes]) -> None:
        while request := line().decode():
            headers = {}
            while (text := line().decode().strip()) and ":" in text:
                name, _, value = text.partition(":")
                headers[name.lower()] = value.strip()
            status, more, body = "200 OK", "", ""
            if request.startswith("DESCRIBE"):
                body = self.sdp
                more = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
            elif request.startswith("SETUP"):
                self.asked.append(headers["transport"])
                if "TCP" in headers["transport"]:
                    status = "461 Unsupported Transport"
                else:
                    ports = re.search(r"client_port=([\d-]+)", headers["transport"])
                    assert ports
                    more = f"Transport: RTP/AVP;unicast;client_port={ports[1]};server_port=6970-6971\r\n"
            say(
                f"RTSP/1.0 {status}\r\nCSeq: {headers.get('cseq')}\r\nSession: 1\r\n{more}\r\n{body}".encode()
            )


def test_rtsp_asks_for_tcp_first_and_takes_udp_when_refused(rig: Rig) -> None:
    camera = RefusingRtsp()
    rig.watch(CameraSettings("yard", camera.url), lambda _: len(camera.asked) >= 2)
    camera.close()
    assert "TCP" in camera.asked[0]
    assert "TCP" not in camera.asked[1]


def pictures(ffmpeg: str, folder: Path, names: list[str]) -> Path:
    folder.mkdir()
    for name in names:
        make_clip(ffmpeg, folder / name, ["color=c=white:s=320x240:d=1"], "-frames:v", "1")
    return folder


def test_a_folder_of_stamped_pictures_keeps_their_times_and_its_masks(
    rig: Rig, ffmpeg: str, tmp_path: Path
) -> None:
    names = [f"yard-20260131T1000{second:02d}500Z.jpg" for second in (7, 1, 30)]
    folder = pictures(ffmpeg, tmp_path / "yard", names)
    (folder / "yard-20260131T100009500Z.jpg").write_bytes(b"torn")
    (folder / "notes.txt").write_text("no picture")
    left_half = Mask(polygon=((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)))
    status = rig.play(CameraSettings("yard", f"{folder}/", pace="fast", masks=(left_half,)))
    assert (status.state, status.sampled) == ("ended", 3)
    assert rig.times() == [TEN + timedelta(seconds=s + 0.5) for s in (1, 7, 30)]
    assert rig.picture(0)[:, :140].mean() < 5
    assert rig.picture(0)[:, 180:].mean() > 250


def test_a_folder_without_stamps_goes_by_name_and_rate(rig: Rig, ffmpeg: str, tmp_path: Path) -> None:
    folder = pictures(ffmpeg, tmp_path / "yard", ["b.png", "a.jpg", "c.jpg"])
    rig.play(CameraSettings("yard", f"{folder}/", fps=2, start_at=TEN, pace="fast"))
    assert rig.times() == [TEN + timedelta(seconds=n / 2) for n in range(3)]


def test_folders_that_cannot_be_played_are_one_sentence(rig: Rig, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    status = rig.play(CameraSettings("yard", f"{empty}/"))
    assert status.error is not None
    assert status.error.startswith(f"{empty} holds no pictures: none ends in .bmp, .jpeg, .jpg, .png, .webp")
    (empty / "a-20260131T100000000Z.jpg").write_bytes(b"")
    (empty / "b-20260131T100000000Z.jpg").write_bytes(b"")
    status = rig.play(CameraSettings("yard", f"{empty}/"))
    assert status.error == (
        f"{empty}/a-20260131T100000000Z.jpg and b-20260131T100000000Z.jpg have the same time in their names"
    )


def test_a_stamp_that_is_no_time_is_left_out_and_the_others_go_on(
    rig: Rig,
    ffmpeg: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = ["yard-20260131T100001000Z.jpg", "yard-20261340T100000000Z.jpg"]
    folder = pictures(ffmpeg, tmp_path / "yard", names)
    status = rig.play(CameraSettings("yard", f"{folder}/", pace="fast"))
    assert (status.state, rig.times()) == ("ended", [TEN + timedelta(seconds=1)])

    config, taken = tmp_path / "cameras.toml", tmp_path / "yard.jpg"
    config.write_text('bucket = "vigie-data"\n[[camera]]\ncamera_id = "yard"\nsource = "${SHARE}/"\n')
    monkeypatch.setenv("SHARE", str(folder))
    assert main(["check", "--config", str(config)]) == 1
    why = "the stamp in its name, 20261340T100000000Z, is no time"
    assert capsys.readouterr().err == f"yard: ***/{names[1]}: {why}; a run leaves it out\n"
    assert main(["snapshot", "--config", str(config), "--camera", "yard", "--output", str(taken)]) == 0
    assert capsys.readouterr().err == f"***/{names[1]} is left out: {why}\n"
    assert taken.read_bytes().startswith(b"\xff\xd8")
    (folder / names[0]).unlink()
    assert main(["snapshot", "--config", str(config), "--camera", "yard"]) == 2
    assert "yard: *** holds no picture with a time" in capsys.readouterr().err


def test_a_folder_is_told_by_its_slash(tmp_path: Path) -> None:
    path = tmp_path / "cameras.toml"
    path.write_text('bucket = "vigie-data"\n[[camera]]\ncamera_id = "yard"\nsource = "pictures/"\n')
    (camera,) = read_settings(path, {}).cameras
    assert (camera.source, camera.kind) == (f"{tmp_path}/pictures/", SourceKind.FOLDER)
    path.write_text(path.read_text() + 'decode = "all"\n')
    with pytest.raises(ConfigError, match="decode is for streams only"):
        read_settings(path, {})
