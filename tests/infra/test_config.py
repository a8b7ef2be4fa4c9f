"""Settings that cannot be: each stops the synthesis with a sentence that says what is allowed."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from infra.artefacts import Artefacts, find_artefacts
from infra.catalog import CATALOG
from infra.config import Keep, read_config
from infra.synth import main, stage_config
from vigie.errors import ConfigError

STAGES = {"trial": {"retain": False}, "prod": {"retain": True, "keep": {"frames": 14}}}


def context(**settings: Any) -> dict[str, Any]:
    return {"stage": "trial", "stages": STAGES, "settings": settings}


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"agents": {"garden": ["Gate 1"]}},
            "agents, 'garden': camera_id 'Gate 1' must be 1 to 32 of a-z, 0-9 and '-'",
        ),
        ({"agents": {"garden": ["vigie-canary"]}}, "'vigie-canary' is kept for Vigie's proof"),
        ({"agents": {"garden": []}}, "the agent 'garden' has no camera"),
        ({"agents": {"My Garden": ["gate"]}}, "agent 'My Garden' must be 1 to 32"),
        ({"keep": {"frames": 0}}, "keep: frames days must be 1 to 3650, not 0"),
        (
            {"keep": {"frame": 7}},
            "keep.frame is no known key; frames, faces, pictures, quarantine, access_logs",
        ),
        ({"operators": ["ops.vigie.example"]}, "operators are e-mail addresses .* not 'ops.vigie.example'"),
        ({"monthly_budget_usd": -5}, "monthly_budget_usd is over 0 and at most 1000000, not -5"),
        ({"architecture": "riscv"}, "architecture: input should be 'x86_64' or 'arm64', not 'riscv'"),
        ({"colour": "blue"}, "colour is no known key; retain, architecture, operators"),
        ({"log_days": 8}, "log_days is one of 1, 3, 5, 7, 14, .* not 8"),
        ({"max_concurrency": 1}, "max_concurrency must be 2 to 1000, not 1"),
        ({"batch_window_s": 301}, "batch_window_s must be 0 to 300, not 301"),
        ({"alarms": {"duration_share": 0}}, "duration_share is over 0 and at most 1, not 0"),
        ({"alarms": {"frames_per_day": 0}}, "frames_per_day must be 1 to 100000000, not 0"),
        ({"alarms": {"unproven_hours": 25}}, "unproven_hours must be 2 to 24, not 25"),
        ({"page_url": "vigie.example"}, "page_url is an address such as https://vigie.example"),
        ({"page_url": "https://vigie.example/" + "a" * 9000}, "page_url is 9022 characters long; 500 are"),
        ({"page_url": "https://vigie.example/\x07"}, "page_url is an address such as https://vigie.example"),
        ({"operators": ["a@b.example", "A@b.example"]}, "operators names 'a@b.example' twice"),
        ({"agents": {"a": ["gate"], "b": ["yard", "gate"]}}, "agents names the camera 'gate' twice"),
        (
            {"agents": {"a": [f"{number:032}" for number in range(25)]}},
            "'a' has too many cameras: with these 25, its thing's attribute may have 824 characters",
        ),
        (
            {"agents": {"a": [f"c{number}" for number in range(60)]}},
            "'a' has too many cameras: with these 60, its role's policy may have .* AWS takes 10240",
        ),
        ({"agents": {f"a{n}": [f"c{n}"] for n in range(101)}}, "agents names 101; a stack holds 100"),
        ({"monthly_budget_usd": True}, "monthly_budget_usd is no switch, and neither true nor false"),
        ({"keep": {"frames": True}}, "keep.frames is no switch"),
        ({"retain": "perhaps"}, "retain"),
    ],
)
def test_a_bad_setting_is_a_sentence(settings: dict[str, Any], sentence: str) -> None:
    given = context(**settings)
    if "retain" in settings:
        given["stages"] = {"trial": {}}
    with pytest.raises(ConfigError, match=f"cdk.json: settings of the stage trial: .*{sentence}"):
        read_config(given)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"stage": "moon", "stages": STAGES}, "stage 'moon' is unknown; trial, prod are"),
        ({"stages": STAGES}, "stage None is unknown; trial, prod are"),
        ({"stage": "trial"}, "stage 'trial' is unknown; no stages are"),
        ({"stage": "T_1", "stages": {"T_1": {"retain": True}}}, "a stage is 1 to 12 of a-z and 0-9"),
        ({"stage": "trial", "stages": [1]}, "stages is an object, not \\[1\\]"),
        ({"stage": "trial", "stages": {"trial": {}}, "settings": 3}, "settings is an object, not 3"),
        ({"stage": "trial", "stages": {"trial": {}}}, "retain is missing"),
    ],
)
def test_a_bad_stage_is_a_sentence(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        read_config(given)


def test_as_many_cameras_as_aws_takes_are_taken() -> None:
    config = read_config(context(agents={"a": [f"{number:032}" for number in range(24)]}))
    assert len(config.settings.agents["a"]) == 24


def test_a_stages_own_settings_go_first_group_by_group() -> None:
    given = {
        "stage": "prod",
        "stages": STAGES,
        "settings": {"keep": {"frames": 3, "faces": 2}, "log_days": 7},
    }
    config = read_config(given)
    assert (config.stage, config.settings.retain, config.settings.log_days) == ("prod", True, 7)
    assert config.settings.keep == Keep(frames=14, faces=2)


def test_cdk_json_holds_every_setting_with_its_default() -> None:
    from dataclasses import asdict

    from infra.config import Settings

    written = json.loads(Path("cdk.json").read_text())["context"]
    defaults = asdict(Settings(retain=False))
    del defaults["retain"]
    assert read_config({**written, "stages": {"trial": {"retain": False}}}).settings == Settings(retain=False)
    assert set(written["settings"]) == set(defaults)
    for group in ("keep", "alarms"):
        assert set(written["settings"][group]) == set(defaults[group])
    for stage in written["stages"]:
        assert stage_config(stage).settings.retain == (stage == "prod")


def test_synthesis_stops_before_it_starts(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["moon"]) == 1
    assert "stage 'moon' is unknown; trial, prod are" in capsys.readouterr().err
    assert main(["trial", "--artefacts", str(tmp_path)]) == 1
    assert "is missing: run make layers, which builds it for x86_64" in capsys.readouterr().err
    with pytest.raises(ConfigError, match="cannot be read as JSON with a context"):
        stage_config(None, tmp_path / "cdk.json")
    with pytest.raises(ConfigError, match=r"layer-charts\.zip is missing: run make layers"):
        find_artefacts(CATALOG, tmp_path, architecture="arm64")


def test_templates_with_a_placeholder_are_not_for_deploying(
    tiny: Artefacts, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.synth.run", lambda _: 1)  # the warning comes before CDK's words
    folder = str(tiny.layers["model"].parents[1])
    assert main(["trial", "--artefacts", folder]) == 1
    assert (
        "the layer holds a placeholder: these templates are to be read, not deployed"
        in capsys.readouterr().err
    )
    with zipfile.ZipFile(tiny.layers["model"]) as archive:
        assert "model/detector.onnx" not in archive.namelist()


def test_the_app_says_one_sentence_and_fails() -> None:
    given = json.dumps({**json.loads(Path("cdk.json").read_text())["context"], "stage": "moon"})
    from infra.cdk import environ

    done = subprocess.run(
        [sys.executable, "app.py"],
        env={**environ(), "CDK_CONTEXT_JSON": given},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "cdk.json: stage 'moon' is unknown" in done.stderr
    assert "Traceback" not in done.stderr
