"""What people write, read: the site document, settings; each fault is one sentence that names its place."""

from pathlib import Path

import pytest

from vigie.documents import read_json, read_toml, to_json
from vigie.domain.cameras import Camera, Zone
from vigie.domain.rules import AlertRule
from vigie.domain.sites import Site
from vigie.errors import ConfigError
from vigie.settings import DetectFrameSettings, StoreReportsSettings, read_settings

SITE = Site(
    name="Shop",
    time_zone="Europe/Paris",
    cameras=(Camera("hall", "Hall", (Zone("door", ((0, 0), (1, 0), (1, 1))),)),),
    rules=(AlertRule(rule_id="night", labels=("person",)),),
)


def test_a_site_survives_its_document() -> None:
    assert read_json(Site, to_json(Site, SITE), source="site.json") == SITE


def test_an_empty_document_is_a_site() -> None:
    assert read_json(Site, b"{}", source="site.json") == Site()


def test_a_mark_of_utf_8_is_no_part_of_the_document() -> None:
    assert read_json(Site, b"\xef\xbb\xbf" + to_json(Site, SITE), source="site.json") == SITE


def test_a_camera_that_nobody_named_is_a_bare_one() -> None:
    assert SITE.camera("hall").title == "Hall"
    assert SITE.camera("yard") == Camera("yard")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", r"^site\.json is no JSON: .*line 1 column 2"),
        (b"\xff", r"^site\.json is no JSON: .*codec can't decode"),
        ('{"name": "Shop"}'.encode("utf-16"), r"^site\.json is no JSON: 'utf-8' codec can't decode"),
        ('{"max_alert_age_s": ' + "9" * 5000 + "}", r"^site\.json is no JSON: .*5000 digits"),
        ("[]", r"^site\.json: "),
        ('{"timezone": "UTC"}', r"^site\.json: timezone is no known key; name, time_zone, cameras"),
        (
            '{"cameras": [{"camera_id": "hall", "gate": {"heartbeat_s": 90}}]}',
            r"cameras\.0\.gate: heartbeat_s is 1 to 60 seconds$",
        ),
        (
            '{"cameras": [{"camera_id": "hall", "masks": [{"polygon": [[0, 0], [1, 1]]}]}]}',
            r"cameras\.0\.masks\.0: a mask needs at least 3 corners$",
        ),
        (
            '{"cameras": [{"camera_id": "hall", "rate": 2}]}',
            r"cameras\.0\.rate is no known key; camera_id, name, zones, faces, fps, gate, masks, engine are$",
        ),
        (
            '{"labels": ["dog"], "rules": [], "cameras": [{"camera_id": "hall", "engine": "rekognition"}]}',
            r"camera 'hall' has Rekognition look for person, .*; labels has none of these$",
        ),
        (
            '{"labels": ["dog", "person"], "cameras": [{"camera_id": "hall", "engine": "rekognition"}, '
            '{"camera_id": "yard"}], "rules": [{"rule_id": "a", "labels": ["dog"], "cameras": ["hall"]}]}',
            r"rule 'a' asks for label 'dog' of cameras that have Rekognition look; it looks for person",
        ),
        (
            '{"caps": {"frames_a_camera": true}}',
            r"^site\.json: caps\.frames_a_camera: .*valid integer, not True$",
        ),
        ('{"caps": {"sms": -1}}', r"^site\.json: caps: sms is 0 or more a day$"),
        (
            '{"caps": {"frames": 1}}',
            r"caps\.frames is no known key; frames_a_camera, rekognition_calls, sms, emails, paced are$",
        ),
        ('{"daily_bill_at": "24:00"}', r"daily_bill_at is a time of day such as 07:30, not '24:00'$"),
        ('{"cameras": [{}]}', r"^site\.json: cameras\.0\.camera_id is missing$"),
        ('{"cameras": [{"camera_id": "Hall"}]}', r"cameras\.0: camera_id 'Hall' must be 1 to 32 of a-z"),
        (
            '{"cameras": [{"camera_id": "a"}, {"camera_id": "a"}]}',
            r"^site\.json: camera_id 'a' is given twice$",
        ),
        ('{"rules": [{"rule_id": "a"}, {"rule_id": "a"}]}', r"rule_id 'a' is given twice"),
        ('{"rules": [{"rule_id": "a#b"}]}', r"rules\.0: rule_id 'a#b' must be 1 to 32 of a-z"),
        (
            '{"cameras": [{"camera_id": "hall"}], "rules": [{"rule_id": "a", "cameras": ["hal"]}]}',
            r"^site\.json: rule 'a' asks for camera 'hal'; there is hall$",
        ),
        ('{"rules": [{"rule_id": "a", "labels": ["persn"]}]}', r"label 'persn'; there is person, bicycle"),
        (
            '{"rules": [{"rule_id": "a", "zones": ["door"]}]}',
            r"rule 'a' asks for zone 'door'; there is none$",
        ),
        ('{"time_zone": "Paris"}', r"time_zone 'Paris' is no name such as Europe/Paris"),
        ('{"time_zone": "../etc"}', r"time_zone '\.\./etc' is no name"),
        ('{"labels": []}', r"labels must name at least one thing"),
        ('{"max_alert_age_s": 0}', r"max_alert_age_s must be more than 0"),
        (
            '{"visits": {"absence_s": "soon"}}',
            r"visits\.absence_s: input should be a.* number.*not 'soon'$",
        ),
    ],
)
def test_a_bad_site_document_is_one_sentence(text: str | bytes, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as caught:
        read_json(Site, text, source="site.json")
    assert "\n" not in str(caught.value)


def test_a_toml_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml cannot be read: No such file"):
        read_toml(Site, tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("name = \n")
    with pytest.raises(ConfigError, match=r"bad\.toml is no TOML: .*line 1"):
        read_toml(Site, tmp_path / "bad.toml")


def test_settings_come_from_the_environment() -> None:
    environ = {
        "VIGIE_BUCKET": "data",
        "VIGIE_TABLE": "reports",
        "VIGIE_REPORTS_TOPIC": "arn:aws:sns:eu-west-1:1:reports",
        "VIGIE_MODEL": "/opt/model.onnx",
        "VIGIE_THREADS": "2",
        "PATH": "/bin",
    }
    settings = read_settings(DetectFrameSettings, environ)
    assert settings == DetectFrameSettings(
        bucket="data",
        table="reports",
        reports_topic="arn:aws:sns:eu-west-1:1:reports",
        model=Path("/opt/model.onnx"),
        threads=2,
    )


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({}, r"^the environment lacks VIGIE_BUCKET, VIGIE_TABLE, VIGIE_REPORTS_TOPIC, VIGIE_MODEL$"),
        ({"VIGIE_THREADS": "two"}, r"^VIGIE_THREADS: input should be a valid integer.*not 'two'"),
    ],
)
def test_a_missing_or_bad_setting_is_named(environ: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        read_settings(DetectFrameSettings, environ)


def test_what_lambda_says_of_a_function_comes_from_lambdas_own_variable() -> None:
    given = {"VIGIE_BUCKET": "b", "VIGIE_TABLE": "t", "VIGIE_REPORTS_TOPIC": "r"}
    assert read_settings(StoreReportsSettings, given).memory_mb == 512
    on_lambda = given | {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024"}
    assert read_settings(StoreReportsSettings, on_lambda).memory_mb == 1_024
