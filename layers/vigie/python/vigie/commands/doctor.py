"""`python -m vigie doctor`: do alerts arrive? It looks at what they need, and follows a canary."""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from vigie.errors import ConfigError

if TYPE_CHECKING:
    from vigie.domain.findings import Finding

_RESOURCES = {
    "bucket": ("the data bucket", "VIGIE_BUCKET"),
    "table": ("the table", "VIGIE_TABLE"),
    "reports_topic": ("the ARN of the reports topic", "VIGIE_REPORTS_TOPIC"),
    "alerts_topic": ("the ARN of the alerts topic", "VIGIE_ALERTS_TOPIC"),
}
_COLOURS = {"ok": "green", "warning": "yellow", "failure": "bold red", "unknown": "magenta"}


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
    from vigie.commands.examination import Examination
    from vigie.domain.findings import State

    examination = Examination(**names, sleep=sleep)
    timeout_s = None if arguments.no_canary else arguments.timeout
    findings = list(examination.findings(canary_timeout_s=timeout_s))
    _print(findings, as_json=arguments.json)
    states = {finding.state for finding in findings}
    if states == {State.UNKNOWN}:
        return 2
    return 1 if State.FAILURE in states else 0


def _print(findings: Sequence["Finding"], *, as_json: bool) -> None:
    if as_json:
        rows = [{"state": each.state.value, "what": each.what, "remedy": each.remedy} for each in findings]
        sys.stdout.write(json.dumps({"findings": rows}, indent=2) + "\n")
        return
    if sys.stdout.isatty() and _print_table(findings):
        return
    for each in findings:
        remedy = f" -> {each.remedy}" if each.remedy else ""
        sys.stdout.write(f"{each.state.value:<8}{each.what}{remedy}\n")


def _print_table(findings: Sequence["Finding"]) -> bool:
    """Print a table where the package for it is installed."""
    try:
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ImportError:
        return False
    table = Table(box=SIMPLE_HEAD)
    for heading in ("", "what", "remedy"):
        table.add_column(heading)
    for each in findings:
        state = each.state.value
        table.add_row(Text(state, style=_COLOURS[state]), Text(each.what), Text(each.remedy))
    Console().print(table)
    return True
