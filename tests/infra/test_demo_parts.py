"""The demo's parts: sources, footage, its folder, its words, its time zone."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import imageio_ffmpeg
import pytest
from rich.console import Console

from infra.local.footage import parse_sources, sample_footage
from infra.local.place import DemoFolder, local_time_zone
from infra.local.progress import closing_view, live_view, plain_line
from infra.local.watch import CameraView, edge_lives
from tests.builders import NOON, at, report, seen
from vigie.domain.following import Following
from vigie.domain.heartbeats import CameraLife
from vigie.domain.series import fold_minute
from vigie.errors import ConfigError, SetupError


def test_sources_are_read_as_a_shell_would() -> None:
    footage = parse_sources("""hall=a.mp4 'yard=my clip.mp4' gate=rtsp://u:p@192.0.2.7/x?y=z""")
    assert footage.sources == {"hall": "a.mp4", "yard": "my clip.mp4", "gate": "rtsp://u:p@192.0.2.7/x?y=z"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("clip.mp4", r"^SOURCES: 'clip\.mp4' is no camera_id=source"),
        ("hall=", r"^SOURCES: 'hall' is no camera_id=source"),
        ("Hall=a.mp4", r"^SOURCES: camera_id 'Hall' must be"),
        ("a=x.mp4 a=y.mp4", r"^SOURCES: camera 'a' is given twice"),
        ("hall=me:Geh3im@192.0.2.7", r"^SOURCES: source reads as a file, but has a ':' before an '@'[^3]*$"),
        ("a='x.mp4", r"^SOURCES: No closing quotation"),
    ],
)
def test_bad_sources_are_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        parse_sources(text)


def test_sample_clips_are_taken_when_they_are_there(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "video"
    folder.mkdir(parents=True)
    for name in ("one-by-one-person-detection.mp4", "store-aisle-detection.mp4"):
        (folder / name).touch()
    footage = sample_footage(tmp_path, tmp_path / "made")
    assert list(footage.sources) == ["hall", "shop"]
    assert "CC BY 4.0" in footage.credit


def test_clips_are_made_of_photographs_when_there_are_none(tmp_path: Path, coco_folder: Path) -> None:
    made = tmp_path / "made"
    made.mkdir()
    for name in ("bus.jpg", "zidane.jpg"):  # in the place of those that the package brings
        shutil.copy(coco_folder / "000000001000.jpg", made / name)
    footage = sample_footage(tmp_path / "nothing", made)
    assert list(footage.sources) == ["street", "square"]
    for clip in footage.sources.values():
        frames, seconds = imageio_ffmpeg.count_frames_and_secs(clip)
        assert (frames, round(seconds)) == (240, 24)


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(SetupError, match="holds other things; name a new or empty folder"):
        DemoFolder(tmp_path).prepare()
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_a_demos_folder_is_emptied_for_the_next(tmp_path: Path) -> None:
    folder = DemoFolder(tmp_path / "demo")
    folder.prepare()
    (folder.spool / "old.jpg").touch()
    folder.prepare()
    assert not (folder.spool / "old.jpg").exists()


def test_passwords_go_into_the_environment_not_the_file(tmp_path: Path) -> None:
    folder = DemoFolder(tmp_path)
    secrets = folder.write_config(
        {"hall": "clip.mp4", "gate": "rtsp://u:geheim@192.0.2.7/live"}, bucket="b", fps=2.0, start_at=NOON
    )
    text = folder.config.read_text()
    assert secrets == {"VIGIE_SOURCE_2": "rtsp://u:geheim@192.0.2.7/live"}
    assert "geheim" not in text
    assert str(Path("clip.mp4").resolve()) in text
    assert text.count("start_at") == 1, "a live camera has no start"


@pytest.mark.parametrize(("tz", "expected"), [("Europe/Paris", "Europe/Paris"), ("UTC", "UTC")])
def test_the_machines_time_zone(tz: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", tz)
    assert local_time_zone() == expected


def a_view() -> CameraView:
    minute = fold_minute(None, [report(0, seen()), report(1, seen())], Following())
    assert minute is not None
    edge = CameraLife(
        camera_id="hall",
        state="running",
        sampled=5,
        uploaded=4,
        spooled=1,
        started_at=NOON,
        last_captured_at=at(2),
    )
    return CameraView(edge, (minute,), last_report=report(1, seen()))


def rendered(view: object) -> str:
    console = Console(width=100, record=True, file=open(os.devnull, "w"))  # noqa: SIM115, PTH123
    with console.file:
        console.print(view)
        return console.export_text()


def test_the_live_table_and_the_plain_line_say_how_it_goes() -> None:
    text = rendered(live_view({"hall": a_view()}, waiting=3, place="ends by itself"))
    row = next(line for line in text.splitlines() if "hall" in line)
    cells = re.split(r"\s{2,}", row.strip())
    assert cells == ["hall", "running", "5", "2", "1", "1", "0", "0.7 s"]
    assert "messages in the queues: 3" in text
    line = plain_line({"hall": a_view()}, waiting=3)
    assert line == "hall: running, 2/5 frames, 1 visits, 0 alerts | 3 waiting"


def test_a_run_without_any_frame_is_summed_up_too() -> None:
    summary: dict[str, Any] = {
        "cameras": [],
        "visits": [],
        "alerts": [],
        "pace": "fast",
        "timings_s": {"capture_to_report": None},
        "alerts_proven_s": None,
        "comparison": None,
    }
    said = rendered(closing_view(summary, tz=ZoneInfo("UTC")))
    assert "no frame was processed" in said
    assert "Alerts are not proven" in said


def test_cameras_are_starting_until_the_agent_says_more(tmp_path: Path) -> None:
    lives = edge_lives(tmp_path / "status.json", ("hall",))
    assert lives == {"hall": CameraLife(camera_id="hall")}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--sources", "clip.mp4"], "SOURCES: 'clip.mp4' is no camera_id=source"),
        (["--sources", "hall=a.mp4", "--start", "noon"], "START=noon is no time such as"),
    ],
)
def test_a_wrong_call_is_one_sentence_and_status_2(arguments: list[str], words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "infra.local.demo", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert words in done.stdout
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""
