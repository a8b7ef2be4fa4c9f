"""Amazon Rekognition's collection of faces of people who agreed to be in it."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from vigie.aws.clients import translated
from vigie.aws.rekognition import picture_faults
from vigie.domain.people import EnrolledFace, Suggestion, from_external_id, to_external_id
from vigie.errors import CloudError, ConfigError, Conflict, NotFound, PictureError

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient

# The tag that says whose a collection is: its stage's table.
OWNER = "vigie:table"
_MOST_AT_ONCE = 1000
# One call says so of a picture in which it finds no face; the other arguments are ours, and right.
_NO_FACE = "InvalidParameterException"
# Why a face was not removed: it was not there.
_GONE = "FACE_NOT_FOUND"


class RekognitionFaces:
    """Implements `FaceCollection`; the collection is made when its first face comes.

    It is then marked as the `owner`'s, a table's name, by which `make destroy` knows it again.
    """

    def __init__(self, client: "RekognitionClient", collection: str, *, owner: str | None = None) -> None:
        self._rekognition = client
        self._id = collection
        self._tags = {OWNER: owner} if owner else {}

    def enrol(self, name: str, jpeg: bytes) -> EnrolledFace:
        """See `FaceCollection.enrol`."""
        try:
            with translated(f"making the collection {self._id}"):
                self._rekognition.create_collection(CollectionId=self._id, Tags=self._tags)
        except Conflict:
            self._check_owner()
        with picture_faults("enrolling a face"):
            answer = self._rekognition.index_faces(
                CollectionId=self._id,
                Image={"Bytes": jpeg},
                ExternalImageId=to_external_id(name),
                MaxFaces=2,
                QualityFilter="AUTO",
            )
        face_ids = [record["Face"]["FaceId"] for record in answer["FaceRecords"]]
        if len(face_ids) != 1:
            self.forget(face_ids)
            reasons = {reason for face in answer.get("UnindexedFaces", ()) for reason in face["Reasons"]}
            why = f" ({', '.join(sorted(reasons)).lower()})" if reasons else ""
            raise PictureError(
                "it shows several faces; take one of this person alone"
                if face_ids
                else f"it shows no face that is good enough{why}"
            )
        return EnrolledFace(face_ids[0], name)

    def _check_owner(self) -> None:
        """Refuse a collection of another stage: its faces would go, or stay, with that one."""
        if not self._tags:
            return
        with translated(f"looking whose the collection {self._id} is"):
            arn = self._rekognition.describe_collection(CollectionId=self._id)["CollectionARN"]
            owner = self._rekognition.list_tags_for_resource(ResourceArn=arn)["Tags"].get(OWNER)
        if owner not in {None, self._tags[OWNER]}:
            raise ConfigError(
                f"the collection {self._id} is that of the table {owner}: "
                "name one of this stage's own as known_faces.collection of the site document"
            )

    def search(self, jpeg: bytes, *, threshold: float) -> Suggestion | None:
        """See `FaceCollection.search`."""
        try:
            with picture_faults("searching for a face"):
                answer = self._rekognition.search_faces_by_image(
                    CollectionId=self._id,
                    Image={"Bytes": jpeg},
                    MaxFaces=1,
                    FaceMatchThreshold=threshold * 100,
                    QualityFilter="AUTO",
                )
        except CloudError as error:
            if _code_of(error.__cause__) == _NO_FACE:
                return None
            raise
        best = next(iter(answer.get("FaceMatches", ())), None)
        if best is None or best["Similarity"] < threshold * 100:
            return None
        name = from_external_id(best["Face"].get("ExternalImageId", ""))
        return Suggestion(name, round(best["Similarity"] / 100, 4), threshold)

    def faces(self) -> Sequence[EnrolledFace]:
        """See `FaceCollection.faces`."""
        found = []
        try:
            with translated(f"listing the faces of {self._id}"):
                for page in self._rekognition.get_paginator("list_faces").paginate(CollectionId=self._id):
                    found += [
                        EnrolledFace(face["FaceId"], from_external_id(face.get("ExternalImageId", "")))
                        for face in page["Faces"]
                    ]
        except NotFound:
            return ()
        return tuple(sorted(found, key=lambda face: (face.name, face.face_id)))

    def forget(self, face_ids: Sequence[str]) -> int:
        """See `FaceCollection.forget`."""
        gone, stay = 0, Counter[str]()
        for start in range(0, len(face_ids), _MOST_AT_ONCE):
            some = list(face_ids[start : start + _MOST_AT_ONCE])
            with translated(f"removing faces from {self._id}"):
                answer = self._rekognition.delete_faces(CollectionId=self._id, FaceIds=some)
            gone += len(answer.get("DeletedFaces", ()))
            for each in answer.get("UnsuccessfulFaceDeletions", ()):
                reasons = sorted(set(each.get("Reasons", ())))
                if reasons != [_GONE]:
                    stay[", ".join(reasons).lower() or "no reason given"] += 1
        if stay:
            why = "; ".join(f"{number}: {reasons}" for reasons, number in sorted(stay.items()))
            raise CloudError(f"{gone} of {len(face_ids)} faces removed from {self._id}, others stay ({why})")
        return gone


def _code_of(error: BaseException | None) -> str:
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else ""
