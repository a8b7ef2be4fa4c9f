"""The table's items about Vigie's own health: vigils, and the proof that alerts arrive.

One partition holds them all, a few dozen items that are read together. No camera has such a name, since
ids are of small letters:

    pk  HEALTH
    sk  VIGIL#camera/hall    how far a trouble has come, and what people were told
        PROOF                the newest canary that came out at the far end
        TOLD                 the newest canary whose alert was handed to SNS
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from vigie.aws.clients import translated
from vigie.domain.frames import FrameKey
from vigie.domain.health import Proof, Stage, Trouble, Vigil
from vigie.domain.instants import from_iso, to_iso
from vigie.errors import Conflict

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PARTITION = "HEALTH"
_VIGILS, _PROOF, _TOLD = "VIGIL#", "PROOF", "TOLD"
_COMPARED = ("stage", "at", "trouble_since", "detail", "ended_at")

Item = dict[str, Any]


class DynamoHealthStore:
    """Implements `VigilStore` and `ProofStore` on the table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._db = client
        self._table = table
        self._to_attribute = TypeSerializer().serialize
        self._from_attribute = TypeDeserializer().deserialize

    def vigils(self) -> Mapping[str, Vigil]:
        """See `VigilStore.vigils`."""
        pages = self._db.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :vigils)",
            ExpressionAttributeValues={":pk": {"S": _PARTITION}, ":vigils": {"S": _VIGILS}},
            ConsistentRead=True,
        )
        with translated("reading the vigils"):
            found = [_vigil_in(self._plain(item)) for page in pages for item in page["Items"]]
        return {vigil.subject: vigil for vigil in found}

    def put_vigil(self, vigil: Vigil, *, replaces: Vigil | None) -> None:
        """See `VigilStore.put_vigil`; what is stored is compared attribute by attribute."""
        doing = f"keeping the vigil of {vigil.subject}"
        if replaces is None:
            self._put(_vigil_out(vigil), doing, "attribute_not_exists(pk)")
            return
        old = _vigil_out(replaces)
        self._put(
            _vigil_out(vigil),
            doing,
            " AND ".join(f"#{name} = :{name}" for name in _COMPARED),
            names={f"#{name}": name for name in _COMPARED},
            values={f":{name}": old[name] for name in _COMPARED},
        )

    def last_proof(self) -> Proof | None:
        """See `ProofStore.last_proof`."""
        item = self._get(_PROOF)
        if item is None:
            return None
        return Proof(FrameKey.parse(item["key"]), from_iso(item["proven_at"]), float(item["seconds"]))

    def add_proof(self, proof: Proof) -> None:
        """See `ProofStore.add_proof`."""
        said = {"proven_at": to_iso(proof.proven_at), "seconds": Decimal(repr(proof.seconds))}
        self._advance(_PROOF, proof.frame_key, said)

    def last_told(self) -> FrameKey | None:
        """See `ProofStore.last_told`."""
        item = self._get(_TOLD)
        return FrameKey.parse(item["key"]) if item else None

    def mark_told(self, frame_key: FrameKey) -> None:
        """See `ProofStore.mark_told`."""
        self._advance(_TOLD, frame_key, {})

    def _advance(self, sort: str, frame_key: FrameKey, said: Item) -> None:
        """Store what is about the newest canary; what comes late, or again, changes nothing."""
        try:
            self._put(
                {"pk": _PARTITION, "sk": sort, "key": str(frame_key), **said},
                "recording a proof",
                # All canaries have one camera id, so their keys sort in order of capture.
                "attribute_not_exists(pk) OR #key < :key",
                names={"#key": "key"},
                values={":key": str(frame_key)},
            )
        except Conflict:
            return

    def _get(self, sort: str) -> Item | None:
        with translated("reading the last proof"):
            answer = self._db.get_item(
                TableName=self._table,
                Key={"pk": {"S": _PARTITION}, "sk": {"S": sort}},
                ConsistentRead=True,
            )
        return self._plain(answer["Item"]) if "Item" in answer else None

    def _put(
        self,
        item: Item,
        doing: str,
        condition: str,
        *,
        names: dict[str, str] | None = None,
        values: Item | None = None,
    ) -> None:
        options: dict[str, Any] = {}
        if names:
            options["ExpressionAttributeNames"] = names
        if values:
            options["ExpressionAttributeValues"] = self._attributes(values)
        with translated(doing):
            self._db.put_item(
                TableName=self._table, Item=self._attributes(item), ConditionExpression=condition, **options
            )

    def _attributes(self, item: Item) -> dict[str, Any]:
        return {name: self._to_attribute(value) for name, value in item.items()}

    def _plain(self, attributes: Mapping[str, Any]) -> Item:
        return {name: self._from_attribute(value) for name, value in attributes.items()}


def _vigil_out(vigil: Vigil) -> Item:
    trouble = vigil.trouble
    return {
        "pk": _PARTITION,
        "sk": f"{_VIGILS}{vigil.subject}",
        "since": to_iso(vigil.since),
        "stage": vigil.stage.value,
        "at": to_iso(vigil.at),
        "trouble_since": to_iso(trouble.since) if trouble else None,
        "detail": trouble.detail if trouble else None,
        "ended_at": to_iso(vigil.ended_at) if vigil.ended_at else None,
    }


def _vigil_in(item: Item) -> Vigil:
    since = item["trouble_since"]
    return Vigil(
        subject=item["sk"].removeprefix(_VIGILS),
        since=from_iso(item["since"]),
        stage=Stage(item["stage"]),
        at=from_iso(item["at"]),
        trouble=Trouble(from_iso(since), item["detail"]) if since else None,
        ended_at=from_iso(item["ended_at"]) if item["ended_at"] else None,
    )
