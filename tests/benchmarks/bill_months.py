"""What a month costs for 1 to 1,000 cameras, rates, gates and engines: as a table and as a chart."""

from collections.abc import Sequence
from itertools import product
from typing import Any

from matplotlib.figure import Figure

from vigie.charts.style import PEOPLE, VEHICLES, house_style
from vigie.documents import PRICE_LIST, read_toml
from vigie.domain.bill_lines import total
from vigie.domain.costs import monthly_bill
from vigie.domain.prices import Prices
from vigie.domain.workloads import Deployment, Workload

PRICES = read_toml(Prices, PRICE_LIST)


def months() -> list[dict[str, Any]]:
    """Return a month's bill for each number of cameras, rate, gate and engine."""
    found = []
    for cameras, rate, passed, engine in product(
        (1, 10, 100, 1_000), (0.2, 1.0, 5.0), (0.02, 0.10, 1.0), ("YOLO", "Rekognition")
    ):
        work = Workload(
            cameras=cameras, rate=rate, passed=passed, by_rekognition=float(engine == "Rekognition")
        )
        usd = total(monthly_bill(work, Deployment(), PRICES))
        found.append({"cameras": cameras, "rate": rate, "passed": passed, "engine": engine, "usd": usd})
    return found


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Lay the months out: a line for each rate, gate and engine, a column for each number of cameras."""
    columns = sorted({row["cameras"] for row in rows})
    heads = [f"{cameras:,} camera{'s' if cameras > 1 else ''}" for cameras in columns]
    lines = [f"{'US dollars a month':<36}{''.join(f'{head:>15}' for head in heads)}"]
    usd = {(row["engine"], row["passed"], row["rate"], row["cameras"]): row["usd"] for row in rows}
    for engine, passed, rate in dict.fromkeys(
        key[:3] for key in sorted(usd, key=lambda k: (k[0] != "YOLO", k[1:]))
    ):
        name = f"{engine}, gate {passed:.0%}, {rate:g} a second"
        lines.append(
            f"{name:<36}" + "".join(f"{usd[engine, passed, rate, each]:>15,.2f}" for each in columns)
        )
    return "\n".join(lines) + f"\nprices of {PRICES.region} as of {PRICES.as_of}, on demand, no free tier\n"


def chart(rows: Sequence[dict[str, Any]]) -> Figure:
    """Draw what a camera costs a month: a panel a gate, cameras across, dollars up, both in tenfolds."""
    with house_style():
        figure = Figure(figsize=(8.6, 3.6))
        gates = sorted({row["passed"] for row in rows})
        panels = figure.subplots(1, len(gates), sharey=True)
        for axes, passed in zip(panels, gates, strict=True):
            for engine, colour in (("YOLO", PEOPLE), ("Rekognition", VEHICLES)):
                for rate, style in ((0.2, ":"), (1.0, "--"), (5.0, "-")):
                    own = [
                        (row["cameras"], row["usd"] / row["cameras"])
                        for row in rows
                        if (row["passed"], row["engine"], row["rate"]) == (passed, engine, rate)
                    ]
                    across, up = zip(*own, strict=True)
                    axes.plot(across, up, style, color=colour, label=f"{engine}, {rate:g} a second")
            axes.set_xscale("log")
            axes.set_yscale("log")
            axes.set_xticks([1, 10, 100, 1_000], ["1", "10", "100", "1,000"])
            axes.minorticks_off()
            axes.set_title(f"{passed:.0%} of frames pass the gate", loc="left")
            axes.set_xlabel("cameras")
        panels[0].set_ylabel("US dollars a camera and month")
        panels[0].yaxis.set_major_formatter(lambda usd, _: f"{usd:,g}")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="upper center", ncols=3, frameon=False)
        figure.subplots_adjust(left=0.1, right=0.985, bottom=0.14, top=0.76, wspace=0.08)
        return figure
