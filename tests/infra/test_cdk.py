"""The CDK's command: installed once, and a registry out of reach is a sentence."""

from pathlib import Path

import pytest

from infra.cdk import CLI, command, environ, node_folder
from vigie.errors import SetupError


def test_what_is_installed_is_not_installed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    (tmp_path / "installed").write_text(CLI)
    node, entry = command(tmp_path)
    assert Path(node) == node_folder() / "node"
    assert Path(entry).is_relative_to(tmp_path)


def test_a_registry_out_of_reach_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    # An older version there is no reason to go without.
    (tmp_path / "installed").write_text("aws-cdk@2.0.0")
    with pytest.raises(SetupError, match=f"npm could not install {CLI}: .*ECONNREFUSED"):
        command(tmp_path)
    assert (tmp_path / "installed").read_text() == "aws-cdk@2.0.0"


def test_the_packages_node_goes_first_and_nobody_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin")
    given = environ()
    assert given["PATH"] == f"{node_folder()}:/usr/bin"
    assert (Path(given["JSII_NODE"]).name, given["CDK_DISABLE_CLI_TELEMETRY"]) == ("node", "true")
