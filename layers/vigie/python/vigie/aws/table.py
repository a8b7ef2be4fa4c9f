"""The one DynamoDB table: plain items in and out, by partition and sort key, errors translated."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from vigie.aws.clients import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import PaginatorConfigTypeDef

Item = dict[str, Any]

# The condition that no item has the key yet.
NEW = "attribute_not_exists(pk)"


class Table:
    """Reads see every earlier write. Numbers are ints and Decimals; attribute names need no care."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._db = client
        self._name = name
        self._to_attribute = TypeSerializer().serialize
        self._from_attribute = TypeDeserializer().deserialize

    def get(self, pk: str, sk: str) -> Item | None:
        """Return the item of that key."""
        with translated("reading the table"):
            answer = self._db.get_item(
                TableName=self._name, Key=self._attributes({"pk": pk, "sk": sk}), ConsistentRead=True
            )
        return self._plain(answer["Item"]) if "Item" in answer else None

    def put(
        self, item: Item, doing: str, *, new: bool = False, equals: Mapping[str, Any] | None = None
    ) -> None:
        """Store an item; `new`: unless there is one, `equals`: only over one with these attributes.

        Raises:
            Conflict: the condition does not hold.

        """
        with translated(doing):
            self._db.put_item(**self._put(item, new=new, equals=equals))

    def delete(self, pk: str, sk: str, doing: str) -> None:
        """Remove an item; what is not there is removed already."""
        with translated(doing):
            self._db.delete_item(TableName=self._name, Key=self._attributes({"pk": pk, "sk": sk}))

    def transact(self, writes: Sequence[Mapping[str, Any]], doing: str) -> None:
        """Do all of the writes, made by `putting` and `deleting`, or none.

        Raises:
            Conflict: a condition does not hold, or another transaction is under way.

        """
        with translated(doing):
            self._db.transact_write_items(TransactItems=list(writes))  # type: ignore[arg-type]

    def putting(
        self, item: Item, *, new: bool = False, equals: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return a `put` as a part of a transaction."""
        return {"Put": self._put(item, new=new, equals=equals)}

    def deleting(self, pk: str, sk: str, *, equals: Mapping[str, Any]) -> dict[str, Any]:
        """Return the removal of an item that has these attributes as a part of a transaction."""
        key = self._attributes({"pk": pk, "sk": sk})
        return {"Delete": {"TableName": self._name, "Key": key, **self._condition(new=False, equals=equals)}}

    def checking(self, pk: str, sk: str) -> dict[str, Any]:
        """Return the condition that an item is there as a part of a transaction."""
        key = self._attributes({"pk": pk, "sk": sk})
        return {
            "ConditionCheck": {
                "TableName": self._name,
                "Key": key,
                "ConditionExpression": "attribute_exists(pk)",
            }
        }

    def query(
        self, pk: str, low: str, high: str, *, forward: bool = True, most: int | None = None
    ) -> Iterator[Item]:
        """Yield a partition's items with low <= sort key <= high, forward or backward, `most` at most."""
        paging: PaginatorConfigTypeDef = {"MaxItems": most, "PageSize": most} if most else {}
        pages = self._db.get_paginator("query").paginate(
            TableName=self._name,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :low AND :high",
            ExpressionAttributeValues=self._attributes({":pk": pk, ":low": low, ":high": high}),
            ScanIndexForward=forward,
            ConsistentRead=True,
            PaginationConfig=paging,
        )
        with translated("querying the table"):
            for page in pages:
                for item in page["Items"]:
                    yield self._plain(item)

    def _put(self, item: Item, *, new: bool, equals: Mapping[str, Any] | None) -> Any:  # noqa: ANN401
        return {
            "TableName": self._name,
            "Item": self._attributes(item),
            **self._condition(new=new, equals=equals),
        }

    def _condition(self, *, new: bool, equals: Mapping[str, Any] | None) -> dict[str, Any]:
        if new:
            return {"ConditionExpression": NEW}
        if not equals:
            return {}
        return {
            "ConditionExpression": " AND ".join(f"#{name} = :{name}" for name in equals),
            "ExpressionAttributeNames": {f"#{name}": name for name in equals},
            "ExpressionAttributeValues": self._attributes(
                {f":{name}": value for name, value in equals.items()}
            ),
        }

    def _attributes(self, item: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._to_attribute(value) for name, value in item.items()}

    def _plain(self, attributes: Any) -> Item:  # noqa: ANN401 - boto3's attribute maps
        return {name: self._from_attribute(value) for name, value in attributes.items()}
