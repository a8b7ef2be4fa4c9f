"""`python -m vigie doctor`: do alerts arrive? It looks at what they need, and follows a canary."""

import argparse
import os
import time
from collections.abc import Callable

from vigie.domain.lamps import LAMP_THINGS
from vigie.errors import ConfigError

_RESOURCES = {
    "bucket": ("the data bucket", "VIGIE_BUCKET"),
    "table": ("the table", "VIGIE_TABLE"),
    "reports_topic": ("the ARN of the reports topic", "VIGIE_REPORTS_TOPIC"),
    "alerts_topic": ("the ARN of the alerts topic", "VIGIE_ALERTS_TOPIC"),
}


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser's."""
    command = commands.add_parser(
        "doctor",
        help="send a canary through to an alert, and check all that an alert needs",
        epilog="Exits with 0 when nothing failed, 1 when something did, 2 when nothing could be looked at.",
    )
    command.set_defaults(command=doctor)
    for name, (what, variable) in _RESOURCES.items():
        command.add_argument(f"--{name.replace('_', '-')}", help=f"{what}; default: {variable}")
    command.add_argument(
        "--lamp-things",
        metavar="PREFIX",
        default=os.environ.get("VIGIE_LAMP_THINGS", LAMP_THINGS),
        help="what the names of lamp groups' things begin with (VIGIE_LAMP_THINGS, or %(default)s)",
    )
    command.add_argument("--no-canary", action="store_true", help="send nothing: only look")
    command.add_argument(
        "--timeout", type=float, default=60.0, metavar="S", help="wait so long for the canary (%(default)s)"
    )
    command.add_argument("--json", action="store_true", help="findings as JSON")


def doctor(arguments: argparse.Namespace, *, sleep: Callable[[float], None] = time.sleep) -> int:
    """Look, print the findings, and tell by the exit status how it went."""
    given = {name: getattr(arguments, name) or os.environ.get(_RESOURCES[name][1]) for name in _RESOURCES}
    names = {name: value for name, value in given.items() if value}
    missing = [name for name in _RESOURCES if name not in names]
    if missing:
        options = ", ".join(f"--{name.replace('_', '-')} ({_RESOURCES[name][1]})" for name in missing)
        raise ConfigError(f"which resources? name {options}")
    from vigie.commands.checking import print_findings
    from vigie.commands.examination import Examination
    from vigie.domain.findings import State

    examination = Examination(**names, lamp_things=arguments.lamp_things, sleep=sleep)
    timeout_s = None if arguments.no_canary else arguments.timeout
    findings = list(examination.findings(canary_timeout_s=timeout_s))
    print_findings(findings, as_json=arguments.json)
    states = {finding.state for finding in findings}
    if states == {State.UNKNOWN}:
        return 2
    return 1 if State.FAILURE in states else 0
