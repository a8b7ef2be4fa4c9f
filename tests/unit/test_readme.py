"""The examples of the README are read by what reads them in earnest."""

import re
from pathlib import Path

from edge_agent.settings import read_settings
from vigie.documents import read_json
from vigie.domain.sites import Site

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def example(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)
    return str(found)


def test_the_site_document_is_a_site() -> None:
    site = read_json(Site, example("json"), source="README.md")
    assert [rule.rule_id for rule in site.rules] == ["lingers", "crowd"]
    assert site.place_of("step") is not None


def test_the_cameras_file_is_one(tmp_path: Path) -> None:
    environment = dict.fromkeys(("VIGIE_BUCKET", "HALL_USER", "HALL_PASSWORD"), "given")
    (tmp_path / "cameras.toml").write_text(example("toml"), encoding="utf-8")
    settings = read_settings(tmp_path / "cameras.toml", environment)
    assert [camera.camera_id for camera in settings.cameras] == ["hall", "shop"]
