"""Usage to and from DynamoDB's attributes: a list of numbers, in the order of the fields."""

from collections.abc import Iterable
from dataclasses import astuple, fields
from decimal import Decimal

from vigie.aws.table import Item
from vigie.domain.usage import Usage

# Of the first version. What came later is left out while it is zero, so that a minute which the first
# version stored is still found to be itself.
_FIRST_FIELDS = 6


def usage_out(usage: Usage) -> list[int]:
    """Make the list."""
    counts: list[int] = list(astuple(usage))
    while len(counts) > _FIRST_FIELDS and not counts[-1]:
        counts.pop()
    return counts


def with_usage(item: Item, usage: Usage | None) -> Item:
    """Return the item with what was used, where anybody knows."""
    return item if usage is None else item | {"used": usage_out(usage)}


def usage_in(used: Iterable[Decimal]) -> Usage:
    """Read the list; what a later version added is left out, what an earlier one lacks is zero."""
    counts = [int(count) for count in used]
    return Usage(*counts[: len(fields(Usage))])
