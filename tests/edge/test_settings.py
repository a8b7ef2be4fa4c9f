import contextlib
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge_agent.ffmpeg import sampling
from edge_agent.settings import read_settings
from edge_agent.sources import SourceKind
from tests.edge.cameras_file import BUCKET, HALL, HTTP, LIVE, read
from vigie.errors import ConfigError


def test_defaults_and_paths_beside_the_file(tmp_path: Path) -> None:
    settings = read(tmp_path, BUCKET + HALL)
    (camera,) = settings.cameras
    assert (camera.camera_id, camera.fps, camera.max_width, camera.quality) == ("hall", 1.0, 1280, 4)
    assert (camera.pace, camera.start_at, camera.kind) == ("real", None, SourceKind.FILE)
    assert camera.source == str(tmp_path / "hall.mp4")
    assert settings.spool == tmp_path / "spool"
    assert (settings.upload.connections, settings.limits.max_bytes, settings.clock) == (
        2,
        2_000_000_000,
        "correct",
    )
    settings = read(tmp_path, BUCKET + 'spool = "a"\n' + HALL)
    assert settings.spool == tmp_path / "a"
    settings = read(tmp_path, BUCKET + HALL + '[spool]\nfolder = "b"\nmax_bytes = 1_000_000\n')
    assert (settings.spool, settings.limits.max_bytes) == (tmp_path / "b", 1_000_000)


@pytest.mark.parametrize("written", ["2026-01-31T10:00:00.5+02:00", '"2026-01-31T08:00:00.500Z"'])
def test_start_at_is_a_toml_time_or_a_text(tmp_path: Path, written: str) -> None:
    (camera,) = read(tmp_path, BUCKET + HALL + f"start_at = {written}\n").cameras
    assert camera.start_at == datetime(2026, 1, 31, 8, 0, 0, 500_000, tzinfo=UTC)


def test_pace_of_all_files(tmp_path: Path) -> None:
    settings = read(tmp_path, BUCKET + HALL + LIVE).with_pace("fast")
    assert [camera.pace for camera in settings.cameras] == ["fast", "real"]


FAULTS = [
    # (text, the sentence after the file's path)
    (
        BUCKET + HALL + "fpps = 2",
        ": camera 'hall': fpps is no known key; "
        "camera_id, source, fps, max_width, quality, max_frame_kib, start_at, pace, headers, gate, masks, "
        "decode, hardware are",
    ),
    (
        BUCKET + "buckets = 1\n" + HALL,
        ": buckets is no known key; bucket, spool, upload, clock, agent_id, identity, follow_site, "
        "camera, lamps are",
    ),
    (HALL, ": bucket is missing"),
    (
        BUCKET + HALL + HALL,
        ": camera 'hall': camera_id is taken by another camera above; each needs its own",
    ),
    (
        BUCKET + HALL.replace("hall.mp4", ""),
        ": camera 'hall': source is empty; the path of a file or a URL is needed",
    ),
    (BUCKET + '[[camera]]\ncamera_id = "hall"', ": camera 'hall': source is missing"),
    (BUCKET + '[[camera]]\nsource = "a.mp4"', ": camera no. 1: camera_id is missing"),
    (BUCKET + HALL + "fps = 0", ": camera 'hall': fps must be over 0 and at most 30, not 0"),
    (BUCKET + HALL + "fps = 31", ": camera 'hall': fps must be over 0 and at most 30, not 31"),
    (BUCKET + HALL + 'fps = "2"', ": camera 'hall': fps: input should be a valid number, not '2'"),
    (BUCKET + HALL + "quality = 1", ": camera 'hall': quality must be 2 to 31, not 1"),
    (
        BUCKET + HALL + "max_frame_kib = 0",
        ": camera 'hall': max_frame_kib must be 8 to 16384, not 0",
    ),
    (BUCKET + HALL + "max_width = 8", ": camera 'hall': max_width must be 32 to 7680, not 8"),
    (
        BUCKET + HALL.replace('"hall"', '"Hall 1"'),
        ": camera 'Hall 1': camera_id 'Hall 1' must be 1 to 32 of a-z, 0-9 and '-', and not begin with '-'",
    ),
    (
        BUCKET + HALL.replace("hall", "vigie-canary", 1),
        ": camera 'vigie-canary': camera_id 'vigie-canary' is kept for Vigie's proof that alerts arrive; "
        "choose another",
    ),
    (BUCKET, ": there is no camera; at least one [[camera]] table is needed"),
    (
        BUCKET + HALL.replace("[[camera]]", "[camera]"),
        ": camera: each camera is a table of its own under [[camera]], in double brackets",
    ),
    (
        BUCKET + HALL + "start_at = 2026-01-31T10:00:00",
        ": camera 'hall': start_at: an instant needs a time zone",
    ),
    *(
        (
            BUCKET + HALL + f"start_at = {written}",
            ": camera 'hall': start_at: must be an instant with a time zone, such as 2026-01-31T10:00:00Z",
        )
        for written in ("2026-01-31", "10:00:00", "5")
    ),
    *(
        (
            BUCKET + HALL + f"start_at = {written}",
            ": camera 'hall': start_at: its year, in UTC, must be 1970 to 9998",
        )
        for written in ("0001-01-01T00:00:00+14:00", '"9999-12-31T23:59:59-12:00"', "9999-12-31T23:59:59Z")
    ),
    (
        BUCKET + HALL.replace("hall.mp4", "~no-such-user/hall.mp4"),
        ": camera 'hall': source begins with '~', and the home folder that it means is not known",
    ),
    (
        BUCKET + HALL + "fps = 1e-310",
        ": camera 'hall': fps must be at least 1.16e-05, which is a picture a day, not 1e-310",
    ),
    (
        BUCKET + HALL + "[spool]\nmax_age_s = 1e11",
        ": spool: max_age_s must be at most 315576000, which is ten years, not 1e+11",
    ),
    (
        BUCKET + HALL + "[upload]\nbacklog_fps = 1e-320",
        ": upload: backlog_fps must be at least 1.16e-05, which is a frame a day, not 9.99989e-321",
    ),
    (
        BUCKET + LIVE + "start_at = 2026-01-31T10:00:00Z",
        ": camera 'yard': start_at is for files only; a live picture's time is when it arrives",
    ),
    (BUCKET + LIVE + 'pace = "fast"', ": camera 'yard': pace = \"fast\" is for files only"),
    (BUCKET + HALL + 'pace = "slow"', ": camera 'hall': pace: input should be 'real' or 'fast', not 'slow'"),
    (
        BUCKET + LIVE + "headers = { a = 'b' }",
        ": camera 'yard': headers are for http:// and https:// sources only",
    ),
    (
        BUCKET + HTTP + "headers = { X-Token = 's3cret', Cookie = 's3cret' }",
        ": camera 'road': headers may hold User-Agent, Referer and one other",
    ),
    (
        BUCKET + HTTP + "headers = 'Authorization: s3cret'",
        ": camera 'road': headers: must be a table of texts, such as { User-Agent = \"...\" }",
    ),
    (
        BUCKET + HTTP + 'headers = { X-Token = "s3cret\\nX: y" }',
        ": camera 'road': headers: 'X-Token' is no header that fits on one line",
    ),
    (
        BUCKET + LIVE.replace('"rtsp:', '["rtsp:').replace('live"', 'live"]'),
        ": camera 'yard': source: must be a text in quotes",
    ),
    (
        BUCKET + LIVE.replace("rtsp:", "ftp:"),
        ": camera 'yard': source begins with ftp://; rtsp://, rtsps://, http://, https:// "
        "and the path of a file are allowed",
    ),
    (
        BUCKET + HALL.replace("hall.mp4", "${HALL_CLIP}"),
        ": camera 'hall': source: the environment variable HALL_CLIP is not set, or empty",
    ),
    (BUCKET + HALL + "[upload]\nconnections = 9", ": upload: connections must be 1 to 4, not 9"),
    (BUCKET + HALL + "[upload]\nbacklog_fps = 0", ": upload: backlog_fps must be over 0, not 0"),
    (
        BUCKET + HALL + "[upload]\nmax_bytes_per_s = 1",
        ": upload: max_bytes_per_s must be at least 1000, not 1",
    ),
    (BUCKET + HALL + "[spool]\nmax_bytes = 5", ": spool: max_bytes must be at least 1000000, not 5"),
    (BUCKET + HALL + "[spool]\nmax_age_s = 0", ": spool: max_age_s must be over 0, not 0"),
    (
        BUCKET + 'clock = "wind"\n' + HALL,
        ": clock: input should be 'correct', 'refuse' or 'trust', not 'wind'",
    ),
    (
        'bucket = "My Bucket"\n' + HALL,
        ": bucket 'My Bucket' is no name of an S3 bucket: 3 to 63 of a-z, 0-9, '.', '-'",
    ),
    (
        BUCKET + "camera: hall",
        " is no TOML: Expected '=' after a key in a key/value pair (at line 2, column 7)",
    ),
]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BUCKET + HALL + "fps = " + "9" * 5000, " holds a number with more digits than can be read"),
        (BUCKET + HALL + "masks = " + "[" * 100_000, " is nested too deeply"),
        (BUCKET.encode("utf-16"), " is no TOML: 'utf-8' codec can't decode"),
    ],
    ids=["digits", "depth", "utf-16"],
)
def test_what_no_toml_reader_takes_is_a_sentence(tmp_path: Path, text: str | bytes, words: str) -> None:
    path = tmp_path / "cameras.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        read_settings(path, {})
    assert str(caught.value).startswith(f"{path}{words}")


def comb(teeth: int) -> str:
    """A mask whose outline goes up and down so often, as TOML."""
    return f"polygon = {[[n / (2 * teeth), 0.1 if n % 2 else 0.9] for n in range(2 * teeth)]}"


@pytest.mark.parametrize(
    ("masks", "words"),
    [
        ([comb(30)], "masks make more boxes than ffmpeg can be told"),
        ([comb(520)] * 2, "masks have 2080 corners together; at most 2000 are allowed"),
    ],
)
def test_masks_that_ffmpeg_cannot_be_told_are_refused(tmp_path: Path, masks: list[str], words: str) -> None:
    text = BUCKET + HALL + "".join(f"[[camera.masks]]\n{mask}\n" for mask in masks)
    with pytest.raises(
        ConfigError, match="^" + re.escape(f"{tmp_path}/cameras.toml: camera 'hall': {words}")
    ):
        read(tmp_path, text)


def test_masks_that_are_not_refused_fit_into_one_argument(tmp_path: Path) -> None:
    taken = []
    for teeth in range(1, 30):
        with contextlib.suppress(ConfigError):
            (hall,) = read(
                tmp_path, f"{BUCKET}{HALL}[[camera.masks]]\n{comb(teeth)}\nmode = 'blur'\n"
            ).cameras
            taken.append(max(map(len, sampling(hall, "ffmpeg", private=False).arguments)))
    assert 100 * 1024 < max(taken) < 128 * 1024
    assert len(taken) < 29


@pytest.mark.parametrize(("text", "sentence"), FAULTS)
def test_bad_input_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert str(caught.value) == f"{tmp_path / 'cameras.toml'}{sentence}"
    assert "s3cret" not in str(caught.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cameras\.toml cannot be read: No such file or directory$"):
        read_settings(tmp_path / "cameras.toml", {})
