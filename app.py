"""The CDK app: makes the stacks of the stage that cdk.json or `-c stage=...` names, and nothing else."""

import sys
from pathlib import Path

from aws_cdk import App

from infra.artefacts import FOLDER, find_artefacts
from infra.catalog import CATALOG
from infra.config import read_config
from infra.rules import synthesise
from infra.stacks import make_stacks
from vigie.errors import VigieError


def main() -> int:
    """Synthesise; 1, with one sentence, when a setting, an artefact or a rule of ours is broken."""
    app = App()
    try:
        context = {key: app.node.try_get_context(key) for key in ("stage", "stages", "settings")}
        config = read_config({key: value for key, value in context.items() if value is not None})
        folder = Path(app.node.try_get_context("artefacts") or FOLDER)
        artefacts = find_artefacts(CATALOG, folder, architecture=config.settings.architecture)
        make_stacks(app, config=config, artefacts=artefacts)
        synthesise(app)
    except VigieError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
