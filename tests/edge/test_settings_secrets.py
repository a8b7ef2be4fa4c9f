"""Passwords in the settings: where they may stand, and that no error shows one."""

import re
from pathlib import Path

import pytest

from tests.edge.cameras_file import BUCKET, HALL, HTTP, LIVE, read
from vigie.errors import ConfigError


def test_variables_are_replaced_and_remembered_as_secrets(tmp_path: Path) -> None:
    text = (
        'bucket = "${BUCKET}"\n[[camera]]\ncamera_id = "yard"\nsource = "http://${USER_}:${PASS}@192.0.2.7/"\n'
        'headers = { X-Token = "t ${TOKEN}" }\n'
    )
    settings = read(tmp_path, text, BUCKET="vigie-data", USER_="me", PASS="pa55word", TOKEN="t0ken")
    (camera,) = settings.cameras
    assert (settings.bucket, camera.source) == ("vigie-data", "http://me:pa55word@192.0.2.7/")
    assert camera.headers == {"X-Token": "t t0ken"}
    assert {"pa55word", "me", "t0ken", "t t0ken"} == settings.secrets
    assert settings.is_private(camera)
    assert "pa55word" not in repr(settings)
    assert "t0ken" not in repr(settings)


def test_what_must_not_stand_in_the_process_list(tmp_path: Path) -> None:
    plain = HTTP.replace("road", "open", 1)
    asking = HTTP.replace("road.m3u8", "road.m3u8?token=1")
    settings = read(tmp_path, BUCKET + HALL + LIVE + plain + asking)
    assert [settings.is_private(camera) for camera in settings.cameras] == [False, True, True, True]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("rtsp:/admin:${HALL_PASSWORD}@192.0.2.7/live", "has a ':' before an '@'"),
        ("admin:${HALL_PASSWORD}@192.0.2.7", "has a ':' before an '@'"),
        ("admin:Geh3im/Wort99@192.0.2.7/pictures/", "has a ':' before an '@'"),
        ("usb:admin:Geh3im/Wort99@192.0.2.7", "has a ':' before an '@'"),
        ("RTSP//admin:Geh3im/Wort99@192.0.2.7/live", "has a ':' before an '@'"),
        ("RTSP//192.0.2.7/Geh3im/Wort99/live", "begins like a URL"),
        ("rtsp:/192.0.2.7/Geh3im/Wort99/live", "begins like a URL"),
        (" rtsp://192.0.2.7/Geh3im/Wort99/live", "begins like a URL"),
        ("http://admin:Geh3im/Wort99@192.0.2.7/", "percent-encode it"),
        ("http://admin:${HALL_PASSWORD}@192.0.2.7/", "percent-encode it"),
        ("http://admin:Geh3im#Wort99@192.0.2.7/", "percent-encode it"),
        ("http://admin:Geh3im?Wort99@192.0.2.7/", "percent-encode it"),
        ("http://admin:Geh@3im/Wort99@192.0.2.7/", "percent-encode it"),
        ("http://admin:80/Geh3imWort99@192.0.2.7/", "percent-encode it"),
    ],
)
def test_a_password_in_a_mistyped_source_is_refused_and_not_shown(
    tmp_path: Path, source: str, words: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(words)) as caught:
        read(tmp_path, BUCKET + HALL.replace("hall.mp4", source), HALL_PASSWORD="Geh3im/Wort99")
    assert str(caught.value).startswith(f"{tmp_path / 'cameras.toml'}: camera 'hall': source ")
    assert not re.search("Geh|3im|Wort99", str(caught.value))


@pytest.mark.parametrize(
    "source",
    [
        "http://admin:Geh3im%2FWort99@192.0.2.7/live",
        "rtsp://192.0.2.7:554/user@main",
        "rtsp://me:p@ss@cams.example/@main?to=a@b",
        "http://[2001:db8::7]:80/@main",
        "https://camera/@main",
        "me@home/hall.mp4",
    ],
)
def test_an_at_sign_elsewhere_is_no_fault(tmp_path: Path, source: str) -> None:
    assert read(tmp_path, BUCKET + HALL.replace("hall.mp4", source)).cameras


def test_what_the_environment_puts_into_a_path_is_a_secret_too(tmp_path: Path) -> None:
    text = BUCKET + HALL.replace("hall.mp4", "${SHARE}/hall.mp4")
    assert read(tmp_path, text, SHARE="/mnt/Geh3im").secrets == {"/mnt/Geh3im"}


def test_a_password_in_the_buckets_place_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"bucket '\$\{PASSWORD\}' is no name of an S3 bucket"):
        read(tmp_path, 'bucket = "${PASSWORD}"\n' + HALL, PASSWORD="S3CRET/+")
