"""What a synthesis finds in its folder: the templates of today's stacks, and no older one."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from infra import synth
from infra.artefacts import Artefacts
from infra.config import Config, Settings


def test_the_template_of_a_stack_that_is_no_more_is_neither_linted_nor_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny: Artefacts
) -> None:
    (tmp_path / "Vigie-trial-Edge.template.json").write_text("no template")
    (tmp_path / "Vigie-prod-Data.template.json").write_text("another stage's")

    def cdk(_arguments: Sequence[str]) -> int:
        template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
        (tmp_path / "Vigie-trial-Data.template.json").write_text(json.dumps(template))
        return 0

    monkeypatch.setattr(synth, "OUT", tmp_path)
    monkeypatch.setattr(synth, "run", cdk)
    config = Config(stage="trial", settings=Settings(retain=False))
    folder = next(iter(tiny.functions.values())).parent.parent
    assert synth.synthesise(config, folder) == ("Vigie-trial-Data",)
    assert (tmp_path / "Vigie-prod-Data.template.json").exists()
