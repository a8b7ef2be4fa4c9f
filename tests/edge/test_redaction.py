import json
import logging

import pytest

from edge_agent.logs import JsonFormatter
from edge_agent.redaction import Redactor, credentials_in, tokens_in

ROWS = [
    (
        "user and password",
        "open rtsp://admin:hunter2@192.0.2.7:554/live",
        "open rtsp://***@192.0.2.7:554/***",
    ),
    ("a password with an @", "rtsp://admin:p@ss@192.0.2.7/live", "rtsp://***@192.0.2.7/***"),
    (
        "ffmpeg's quotes",
        "Impossible to open 'http://a:b@h/x?k=v'",
        "Impossible to open 'http://***@h/***'",
    ),
    ("a password with a raw slash", "open http://a:Geh3im/Wort99@h/x failed", "open http://*** failed"),
    ("a password with a raw #", "http://admin:Ge#h3im@h/, 'rtsp://h/'", "http://*** 'rtsp://h/'"),
    ("a password with both", "http://a:Ge@h3/im@h/x", "http://***"),
    ("query values", "https://h?token=abc&x=1#f failed", "https://h?*** failed"),
    ("a password in a path", "open http://h:80/admin/hunter2/live.mjpg: 404", "open http://h:80/*** 404"),
    ("a known value anywhere", "401 for K3y-of-the-yard.", "401 for ***."),
    ("its encoded form", "GET /K3y%2Fyard/", "GET /***/"),
    ("its decoded form", "GET /K3y/yard", "GET /***"),
    ("ordinary words", "hall: 640x480 at 25 fps (h264)", "hall: 640x480 at 25 fps (h264)"),
    ("an e-mail address is no URL", "ask me@example.org?", "ask me@example.org?"),
]


@pytest.mark.parametrize(("why", "text", "clean"), ROWS)
def test_redaction(why: str, text: str, clean: str) -> None:
    assert Redactor(["K3y-of-the-yard", "K3y%2Fyard", "x"])(text) == clean, why


def test_a_secret_that_holds_another_goes_as_a_whole() -> None:
    assert Redactor(["abc", "abcdef"])("abcdef abc") == "*** ***"


def test_credentials_of_a_url() -> None:
    assert credentials_in("rtsp://admin:p@ss@192.0.2.7/a@b") == ("p@ss", "admin")
    assert credentials_in("rtsp://192.0.2.7/a@b") == ()


def test_a_path_is_hidden_without_its_url_around_it_too() -> None:
    redact = Redactor(tokens_in("rtsp://192.0.2.7:7447/aBcDeFgHiJkLmNoP"))
    assert redact("no stream aBcDeFgHiJkLmNoP") == "no stream ***"
    redact = Redactor(tokens_in("http://192.0.2.7/admin/hunter2/live.mjpg?x=1"))
    assert redact("GET /admin/hunter2/live.mjpg failed") == "GET *** failed"
    assert tokens_in("http://192.0.2.7/live/main") == ()


def test_logs_are_json_with_facts_and_without_secrets() -> None:
    record = logging.makeLogRecord(
        {
            "msg": "camera %s failed",
            "args": ("hunter2",),
            "levelname": "ERROR",
            "camera_id": "hunter2",  # a name that we gave, so it stays
            "ffmpeg_says": ("rtsp://a:b@h/", "hunter2"),
            "wait_s": 1.5,
        }
    )
    line = json.loads(JsonFormatter(Redactor(["hunter2"])).format(record))
    assert line.pop("at").endswith("Z")
    assert line == {
        "level": "ERROR",
        "message": "camera *** failed",
        "camera_id": "hunter2",
        "ffmpeg_says": ["rtsp://***@h/", "***"],
        "wait_s": 1.5,
    }
