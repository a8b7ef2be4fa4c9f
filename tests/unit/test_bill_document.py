"""docs/bill.md prints what the benchmark does, so that no price or queue changes without it."""

from pathlib import Path

from tests.benchmarks.bill_months import months, table

DOCUMENT = Path(__file__).parents[2] / "docs" / "bill.md"


def test_the_months_are_those_of_the_benchmark() -> None:
    assert table(months()) in DOCUMENT.read_text(encoding="utf-8"), (
        "print them anew: python tests/benchmarks/bench_bill.py --frames 1000"
    )
