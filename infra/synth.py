"""`python -m infra.synth [STAGE]`: templates and assets below build/cdk.out, checked by all that check them.

The settings are read first, so that a wrong one is said at once. Our own rules and cdk-nag speak while the
app is synthesised, then cfn-lint reads the templates. It needs no account, and no network once the CDK's
command is there.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from infra.artefacts import FOLDER, find_artefacts
from infra.catalog import CATALOG, MODEL_LAYER, MODEL_ON_LAMBDA
from infra.cdk import CHECKOUT, run
from infra.config import SOURCE, Config, read_config
from vigie.errors import ConfigError, VigieError

OUT = CHECKOUT / "build" / "cdk.out"


def stage_config(stage: str | None, path: Path = CHECKOUT / SOURCE) -> Config:
    """Read the settings of a stage from cdk.json; without one, of the stage that it names.

    Raises:
        ConfigError: the file is none, or a setting does not fit.

    """
    try:
        context = json.loads(path.read_text(encoding="utf-8"))["context"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path.name} cannot be read as JSON with a context: {error}") from error
    return read_config({**context, **({"stage": stage} if stage else {})}, source=path.name)


def synthesise(config: Config, artefacts: Path) -> tuple[str, ...]:
    """Write the templates of a stage; return the stacks' names.

    Raises:
        ConfigError: an artefact is missing, a rule is broken, or cfn-lint found something; it said what.

    """
    found = find_artefacts(CATALOG, artefacts, architecture=config.settings.architecture)
    if not found.layer_holds(MODEL_LAYER, MODEL_ON_LAMBDA):
        sys.stderr.write(
            "warning: no model is there, so the layer holds a placeholder: these templates are to be read, "
            "not deployed; make deploy fetches a model, or fails\n"
        )
    for stale in OUT.glob(f"Vigie-{config.stage}-*.json"):  # a stack may be no more: Edge, without agents
        stale.unlink()
    context = ["-c", f"stage={config.stage}", "-c", f"artefacts={artefacts}"]
    if run(["synth", "--quiet", "--output", str(OUT), *context]):
        raise ConfigError("the synthesis failed, as said above")
    templates = sorted(OUT.glob(f"Vigie-{config.stage}-*.template.json"))
    lint = [str(Path(sys.executable).parent / "cfn-lint"), *map(str, templates)]
    if subprocess.run(lint, check=False).returncode:  # noqa: S603 - our own words
        raise ConfigError("cfn-lint found something, as said above")
    return tuple(template.name.removesuffix(".template.json") for template in templates)


def main(argv: Sequence[str] | None = None) -> int:
    """Synthesise, and say what lies where."""
    parser = argparse.ArgumentParser(prog="python -m infra.synth", description=__doc__)
    parser.add_argument("stage", nargs="?", help="one of cdk.json's stages; default: the one it names")
    parser.add_argument("--artefacts", type=Path, default=FOLDER, help="what make layers has built")
    parser.add_argument(
        "--architecture", action="store_true", help="only say what the functions run on, for make layers"
    )
    arguments = parser.parse_args(argv)
    began = time.monotonic()
    try:
        config = stage_config(arguments.stage)
        if arguments.architecture:
            sys.stdout.write(f"{config.settings.architecture}\n")
            return 0
        names = synthesise(config, arguments.artefacts)
    except VigieError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for name in names:
        sys.stdout.write(f"{name}\n")
    seconds = time.monotonic() - began
    sys.stdout.write(
        f"in {OUT.relative_to(CHECKOUT)}; cdk-nag, cfn-lint and our rules found nothing; {seconds:.0f} s\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
