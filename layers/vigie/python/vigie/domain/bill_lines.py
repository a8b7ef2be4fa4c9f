"""The lines of a bill: what of which service, how much, and what that costs in a month."""

from collections.abc import Iterable
from dataclasses import dataclass

from vigie.domain.prices import Price

_MEGABYTES_OF_LAMBDA = 1_024


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill: the service, what of it, how much of which unit, and the dollars of a month."""

    service: str
    what: str
    amount: float
    unit: str
    usd: float


def total(lines: Iterable[Line]) -> float:
    """Return the dollars of a bill."""
    return sum(line.usd for line in lines)


def by_service(lines: Iterable[Line]) -> dict[str, float]:
    """Return the dollars of each service, in the order of the bill."""
    sums: dict[str, float] = {}
    for line in lines:
        sums[line.service] = sums.get(line.service, 0.0) + line.usd
    return sums


def largest(lines: Iterable[Line], most: int) -> tuple[Line, ...]:
    """Return the lines that cost the most, the dearest first."""
    return tuple(sorted(lines, key=lambda line: -line.usd)[:most])


def line(service: str, what: str, amount: float, unit: str, price: Price) -> Line:
    """Return the line of so many units at a price."""
    return Line(service, what, amount, unit, price.of(amount))


def gb_seconds(memory_mb: int, ms: float) -> float:
    """Return what Lambda charges for: milliseconds of a function of that memory."""
    return memory_mb / _MEGABYTES_OF_LAMBDA * ms / 1_000
