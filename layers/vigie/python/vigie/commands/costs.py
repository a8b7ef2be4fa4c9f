"""`python -m vigie costs`: what a month on AWS costs, line by line."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from vigie.documents import PRICE_LIST
from vigie.errors import ConfigError

if TYPE_CHECKING:
    from vigie.domain.bill_lines import Line
    from vigie.domain.prices import Prices

_NAMED = 3
_WHAT, _COLUMN = 46, 12


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser's."""
    command = commands.add_parser(
        "costs",
        help="what a month on AWS costs for so many cameras, line by line",
        epilog="On demand, without free tiers, e-mail and SMS; prices.toml has the prices and their date.",
    )
    command.set_defaults(command=costs)
    command.add_argument(
        "--cameras", type=_counts, default=(1, 10, 100), metavar="N,...", help="default: 1,10,100"
    )
    command.add_argument("--rate", type=float, default=1.0, help="frames a second of each (%(default)s)")
    command.add_argument(
        "--passed", type=float, default=1.0, help="share that the motion gate lets through (%(default)s)"
    )
    command.add_argument(
        "--rekognition",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="of frames that it looks at in the model's place (%(default)s)",
    )
    command.add_argument(
        "--compared",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="of frames that both look at, to compare them (%(default)s)",
    )
    command.add_argument(
        "--known-faces",
        type=int,
        default=0,
        metavar="N",
        help="faces of people who agreed; with any, every visit's face is searched for (none)",
    )
    command.add_argument("--lamp-groups", type=int, default=0, metavar="N", help="of all cameras (none)")
    command.add_argument("--detect-ms", type=float, default=None, help="Lambda's milliseconds a frame")
    command.add_argument("--no-tracing", action="store_true", help="without X-Ray")
    command.add_argument("--arm64", action="store_true", help="functions on arm64")
    command.add_argument("--prices", type=Path, default=PRICE_LIST, help="another price list")
    command.add_argument("--brief", action="store_true", help="services in place of lines")
    command.add_argument("--json", action="store_true", help="every line as JSON")


def costs(arguments: argparse.Namespace) -> int:
    """Print a month's bill, a column for each number of cameras."""
    from vigie.documents import read_toml
    from vigie.domain.costs import monthly_bill
    from vigie.domain.prices import Prices
    from vigie.domain.workloads import Deployment, Workload

    prices = read_toml(Prices, arguments.prices)
    given = {
        "by_rekognition": arguments.rekognition,
        "compared": arguments.compared,
        "known_faces": arguments.known_faces,
        "lamp_groups": arguments.lamp_groups,
    }
    if arguments.detect_ms is not None:
        given["detect_ms"] = arguments.detect_ms
    deployment = Deployment(tracing=not arguments.no_tracing, arm64=arguments.arm64)
    try:
        bills = {
            cameras: monthly_bill(
                Workload(cameras=cameras, rate=arguments.rate, passed=arguments.passed, **given),
                deployment,
                prices,
            )
            for cameras in arguments.cameras
        }
    except ValueError as error:
        raise ConfigError(str(error)) from error
    if arguments.json:
        sys.stdout.write(_as_json(bills, prices))
    else:
        sys.stdout.write(table(bills, prices, brief=arguments.brief))
    return 0


def table(bills: Mapping[int, Sequence["Line"]], prices: "Prices", *, brief: bool = False) -> str:
    """Lay bills of the same lines out side by side, in dollars a month; in brief a row for each service."""
    from vigie.domain.bill_lines import by_service, largest, total

    columns = list(bills)
    heads = [f"{cameras} camera{'s' if cameras > 1 else ''}" for cameras in columns]
    rows = [("US dollars a month", heads)]
    if brief:
        summed = {each: by_service(bills[each]) for each in columns}
        rows += [
            (service, [f"{summed[each][service]:,.2f}" for each in columns]) for service in summed[columns[0]]
        ]
    else:
        rows += [
            (f"{line.service}: {line.what}", [f"{bills[each][number].usd:,.2f}" for each in columns])
            for number, line in enumerate(bills[columns[0]])
        ]
    rows.append(("total", [f"{total(bills[each]):,.2f}" for each in columns]))
    rows.append(("a camera", [f"{total(bills[each]) / each:,.2f}" for each in columns]))
    text = "".join(
        f"{name:<{_WHAT}}{''.join(f'{cell:>{_COLUMN}}' for cell in cells)}\n" for name, cells in rows
    )
    for cameras, head in zip(columns, heads, strict=True):
        dear = largest(bills[cameras], _NAMED)
        named = ", ".join(f"{line.service} {line.what} {line.usd:,.2f}" for line in dear)
        text += f"most for {head}: {named}\n"
    return f"{text}prices of {prices.region} as of {prices.as_of}, on demand, no free tier\n"


def _as_json(bills: Mapping[int, Sequence["Line"]], prices: "Prices") -> str:
    from vigie.domain.bill_lines import total

    document = {
        "region": prices.region,
        "as_of": prices.as_of.isoformat(),
        "bills": [
            {"cameras": cameras, "usd": total(lines), "lines": [asdict(line) for line in lines]}
            for cameras, lines in bills.items()
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def _counts(text: str) -> tuple[int, ...]:
    try:
        return tuple(dict.fromkeys(int(part) for part in text.split(",")))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of numbers such as 1,10,100") from None
