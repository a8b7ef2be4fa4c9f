"""`python -m infra.rehearsal`: deploys to moto's server by the CDK's own command, and sends a frame through.

Templates, zips and layers are those that would go to AWS. It prints what moto left out of the templates, what
of it was filled in, what became of the frame, and what `make destroy` would leave.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from infra.artefacts import FOLDER
from infra.rehearsal.rehearsal import Outcome, rehearse
from layers.platforms import LAMBDA_PYTHON, find_interpreter
from vigie.commands.checking import print_findings
from vigie.errors import SetupError, VigieError
from vigie.vision.canary import draw_canary

CHECKOUT = Path(__file__).resolve().parents[2]


def main(argv: Sequence[str] | None = None) -> int:
    """Rehearse; 0 when the frame came out as a report and an alert."""
    parser = argparse.ArgumentParser(prog="python -m infra.rehearsal", description=__doc__)
    parser.add_argument("--stage", default="trial", help="one of cdk.json's stages (%(default)s)")
    parser.add_argument("--artefacts", type=Path, default=FOLDER, help="what make layers has built")
    parser.add_argument("--picture", type=Path, help="a JPEG with a person; else one is drawn")
    arguments = parser.parse_args(argv)
    try:
        python = find_interpreter(LAMBDA_PYTHON)
        if python is None:
            raise SetupError(f"the layers are built for Python {LAMBDA_PYTHON}, which this machine lacks")
        outcome = rehearse(
            stage=arguments.stage,
            artefacts=arguments.artefacts,
            picture=arguments.picture.read_bytes() if arguments.picture else draw_canary(),
            python=python.program,
            folder=CHECKOUT / "build" / "rehearsal",
            say=_say,
        )
    except (VigieError, OSError) as error:
        sys.stderr.write(f"vigie rehearsal: {error}\n")
        return 2
    _tell(outcome)
    return 0 if outcome.report and outcome.alerts and outcome.proof else 1


def _tell(outcome: Outcome) -> None:
    _say(f"Stacks: {', '.join(outcome.stacks)}")
    _say("Left out by moto, filled in from the same templates:")
    _count(outcome.completion.filled)
    _say("Left out by moto and not needed by the chain:")
    _count(outcome.completion.dropped)
    _say(f"Event source mappings switched off, in whose place this program polled: {outcome.mappings}")
    seen = ", ".join(each.label for each in outcome.report.detections) if outcome.report else "no report"
    _say(f"{outcome.frame_key}: {seen}")
    _say(f"Visits: {', '.join(outcome.visits) or 'none'}; alerts received: {len(outcome.alerts)}")
    for alert in outcome.alerts:
        _say(f"  {json.loads(alert)['words']['subject']}")
    _say(f"Alerts proven by the canary in {outcome.proof.seconds:.1f} s" if outcome.proof else "No proof.")
    print_findings(outcome.findings)
    removed = outcome.removed
    _say(f"Removed again: {len(removed.stacks)} stacks, {removed.objects} versions of objects")
    _say(f"Left of the stage: {', '.join(outcome.left) or 'nothing'}")


def _count(names: Iterable[str]) -> None:
    names = list(names)
    for name in dict.fromkeys(names):
        _say(f"  {names.count(name):>3}  {name}")


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    sys.exit(main())
