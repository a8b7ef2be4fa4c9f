"""Wrong AWS settings of the operator's machine: one sentence of any command, and nothing that Python says."""

import os
from pathlib import Path
from unittest import mock

import pytest

from infra.local.cloud import aws_environ
from vigie.__main__ import main

_TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"
_PLACE = ["--bucket", "vigie-data", "--table", "vigie-reports"]
_DAY = ["--from", "2026-01-31", "--to", "2026-01-31"]


@pytest.mark.parametrize(
    ("environ", "reason"),
    [
        (
            {"AWS_PROFILE": "nope"},
            "The config profile (nope) could not be found; AWS_PROFILE names one of ~/.aws/config",
        ),
        ({"AWS_ENDPOINT_URL": "nonsense"}, "Invalid endpoint: nonsense"),
    ],
)
@pytest.mark.parametrize(
    "command",
    [
        ["export", *_DAY, *_PLACE],
        ["faces", "delete", "--camera", "hall", "--day", "2026-01-31", "--bucket", "vigie-data"],
        ["review", "--out", "set", *_DAY, *_PLACE],
        ["people", "list", *_PLACE],
        ["subscribe", "--topic", _TOPIC, "--email", "ops@vigie.example"],
        ["snooze", "--all", "--off", "--bucket", "vigie-data"],
        ["doctor", *_PLACE, "--reports-topic", _TOPIC, "--alerts-topic", _TOPIC],
    ],
    ids=lambda command: command[0],
)
def test_wrong_aws_settings_are_one_sentence(
    command: list[str],
    environ: dict[str, str],
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    none = str(tmp_path / "none")
    ours = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    ours |= aws_environ("") | {"AWS_CONFIG_FILE": none, "AWS_SHARED_CREDENTIALS_FILE": none}
    del ours["AWS_ENDPOINT_URL"]
    with mock.patch.dict(os.environ, ours | environ, clear=True), mock.patch("boto3.DEFAULT_SESSION", None):
        assert main(command) == 2
    assert capsys.readouterr().err == f"vigie: the AWS settings (AWS_..., ~/.aws) are no good: {reason}\n"
