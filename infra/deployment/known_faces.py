"""The collections of known faces, which no stack holds: `python -m vigie people` makes them at Rekognition.

Each is marked with the table of the stage that made it. One without a mark may be anybody's: an earlier
version's, another program's. It is never removed, and told where the site document names it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.deployment.account import Account
from infra.deployment.stage import Stage
from vigie.aws.clients import translated
from vigie.aws.face_collection import OWNER
from vigie.errors import NotFound

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """A collection with so many faces, and the table of the stage that made it, where that is known."""

    name: str
    faces: int
    owner: str | None
    is_ours: bool


def collections(
    rekognition: "RekognitionClient", stage: Stage, account: Account, *, named: str | None
) -> tuple[Collection, ...]:
    """Return the collections that the stage made, and the one that its site document has `named`.

    Raises:
        CloudError: Rekognition refused a call.

    """
    with translated("listing the collections of known faces"):
        pages = list(rekognition.get_paginator("list_collections").paginate())
    names = sorted({name for page in pages for name in page.get("CollectionIds", ())})
    return tuple(_found(rekognition, stage, account, names, named))


def remove_collection(rekognition: "RekognitionClient", name: str) -> None:
    """Remove a collection with all its faces; one that is not there is removed already.

    Raises:
        CloudError: Rekognition refused.

    """
    try:
        with translated(f"removing the collection {name}"):
            rekognition.delete_collection(CollectionId=name)
    except NotFound:
        return


def _found(
    rekognition: "RekognitionClient", stage: Stage, account: Account, names: list[str], named: str | None
) -> Iterator[Collection]:
    partition = account.arn.split(":")[1]
    for name in names:
        arn = f"arn:{partition}:rekognition:{account.region}:{account.account_id}:collection/{name}"
        try:
            with translated(f"looking at the collection {name}"):
                owner = rekognition.list_tags_for_resource(ResourceArn=arn)["Tags"].get(OWNER)
                if stage.table != owner and name != named:
                    continue
                faces = rekognition.describe_collection(CollectionId=name)["FaceCount"]
        except NotFound:
            continue  # gone meanwhile
        yield Collection(name=name, faces=faces, owner=owner, is_ours=owner == stage.table)
