"""How checks are made and shown: each gives findings, and one that cannot be made is a finding itself."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence

from vigie.domain.findings import Finding, failure, unknown
from vigie.errors import AccessDenied, CloudError, ConfigError, NotFound

_COLOURS = {"ok": "green", "warning": "yellow", "failure": "bold red", "unknown": "magenta"}

Check = Callable[[], Iterable[Finding]]


def checked(what: str, actions: str, check: Check) -> Iterator[Finding]:
    """Make a check; whatever keeps it from being made is its finding. `actions` are those that it needs."""
    try:
        yield from list(check())
    except AccessDenied:
        yield unknown(f"{what} may not be looked at with these credentials", f"allow {actions}")
    except NotFound as error:
        yield failure(f"{what}: {error}", "is the name right, and is the stack deployed?")
    except ConfigError as error:
        yield failure(
            str(error), "correct it: functions that start now refuse it, others keep the last good one"
        )
    except CloudError as error:
        yield unknown(f"{what}: {error}", "try again; if it stays so, look at AWS's own state")


def print_findings(findings: Sequence[Finding], *, as_json: bool = False) -> None:
    """Print findings: as a table on a terminal, else a line each, or as JSON."""
    if as_json:
        rows = [{"state": each.state.value, "what": each.what, "remedy": each.remedy} for each in findings]
        sys.stdout.write(json.dumps({"findings": rows}, indent=2) + "\n")
        return
    if sys.stdout.isatty() and _print_table(findings):
        return
    for each in findings:
        remedy = f" -> {each.remedy}" if each.remedy else ""
        sys.stdout.write(f"{each.state.value:<8}{each.what}{remedy}\n")


def _print_table(findings: Sequence[Finding]) -> bool:
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
