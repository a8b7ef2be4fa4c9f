"""What DynamoDB charges for writes: units by the sizes of items, counted as the calls of a client go by.

The rules are AWS's ("DynamoDB item sizes and formats", "DynamoDB read and write operations"): an item weighs
its names and values; a write costs one unit for each started kilobyte of the item before or after it,
whichever is larger, refused conditions too, and twice that in a transaction. moto says 1 for every write.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

KILOBYTE = 1024
_CONTAINER, _ELEMENT = 3, 1

Attributes = Mapping[str, Any]


def item_size(item: Attributes) -> int:
    """Return the bytes that an item of typed attributes ({"S": ...}, {"N": ...}, ...) weighs."""
    return sum(len(name.encode()) + value_size(value) for name, value in item.items())


def value_size(value: Mapping[str, Any]) -> int:
    """Return the bytes of one typed value."""
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "B":
            return len(content)
        case "N":
            return _number_size(content)
        case "BOOL" | "NULL":
            return 1
        case "L":
            return _CONTAINER + sum(_ELEMENT + value_size(one) for one in content)
        case "M":
            return _CONTAINER + len(content) * _ELEMENT + item_size(content)
        case "SS" | "BS" | "NS":
            return sum(value_size({kind[0]: one}) for one in content)
        case _:
            raise ValueError(f"{kind!r} is no type of DynamoDB's")


def _number_size(text: str) -> int:
    """One byte, and one for every two significant digits; one more below zero."""
    sign, digits, _ = Decimal(text).normalize().as_tuple()
    return 1 + math.ceil(len(digits) / 2) + sign


def units(size: int) -> int:
    """Return the units that a write of an item of that size costs."""
    return max(math.ceil(size / KILOBYTE), 1)


@dataclass
class WriteMeter:
    """Counts the units of every write that a boto3 client makes; `plain` looks at the items beside it.

    For one thread alone. `written` holds an entry (sort key, bytes, units) for each item of each write.
    """

    plain: Any
    written: list[tuple[str, int, int]] = field(default_factory=list)
    _before: list[tuple[str, Attributes, int]] = field(default_factory=list)

    def watch(self, client: Any) -> None:
        """Count from now on what this client writes."""
        client.meta.events.register("provide-client-params.dynamodb", self._begins)
        client.meta.events.register("after-call.dynamodb", self._ended)

    def _begins(self, params: Mapping[str, Any], **_: Any) -> None:
        self._before = [
            (table, key, max(self._size(table, key), size)) for table, key, size in _targets(params)
        ]

    def _ended(self, model: Any, **_: Any) -> None:
        factor = 2 if model.name.startswith("Transact") else 1
        if model.name in ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem"):
            for table, key, before in self._before:
                size = max(before, self._size(table, key))
                self.written.append((key["sk"]["S"], size, factor * units(size)))
        self._before = []

    def _size(self, table: str, key: Attributes) -> int:
        found = self.plain.get_item(TableName=table, Key=key, ConsistentRead=True)
        return item_size(found.get("Item", {}))


def _targets(params: Mapping[str, Any]) -> Iterator[tuple[str, Attributes, int]]:
    """Yield the table, key and given size of every item that a call is to write."""
    for action in params.get("TransactItems", ()):
        for one in action.values():
            yield from _targets(one)
    for table, requests in params.get("RequestItems", {}).items():
        for request in requests:
            for one in request.values() if isinstance(request, Mapping) else ():
                yield from _targets({"TableName": table, **one})
    if "TableName" in params and ("Item" in params or "Key" in params):
        item = params.get("Item", {})
        key = params.get("Key") or {name: item[name] for name in ("pk", "sk")}
        yield params["TableName"], key, item_size(item)
