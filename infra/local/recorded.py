"""Recorded answers in Amazon Rekognition's place, in the service's own format.

No answer here is the service's: `infra.local.record` made them once of the sample clips by our own detector,
with the differences that it names, so that a comparison on one machine has something to compare. Each says
so in its version. A picture is known again by its signature: 64 numbers, out of which no picture can be
made. Faces are known the same way, by how much two pictures are alike, which recognises nobody.
"""

import base64
import gzip
import hashlib
import io
import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from vigie.domain.comparison import RECORDED

ANSWERS = Path(__file__).parent / "recorded_answers.jsonl.gz"
LABEL_VERSION, FACE_VERSION = f"3.0-{RECORDED}", f"7.0-{RECORDED}"
_SIZE, _NUMBERS = (32, 18), 64
# Root mean square difference of grey levels, 0 to 255, up to which two pictures show the same moment.
_ALIKE = 8.0
# Below it a picture is of one colour, and shows no face.
_LEAST_CONTRAST = 4.0
_MOST_BYTES = 5 * 2**20

Signature = NDArray[np.int16]
ReadObject = Callable[[str, str], bytes | None]


class ServiceError(Exception):
    """What the service would refuse, by its own code and HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


def signature_of(picture: bytes) -> Signature:
    """Return a picture's signature: random sums of a small grey copy's deviations from its mean.

    Random signs keep distances (Achlioptas, JCSS 2003): signatures differ by what the grey levels do, by
    the root mean square of their numbers.

    Raises:
        ServiceError: it is no JPEG or PNG.

    """
    try:
        with Image.open(io.BytesIO(picture), formats=("JPEG", "PNG")) as image:
            small = image.convert("L").resize(_SIZE, Image.Resampling.BOX)
            grey = np.asarray(small, dtype=np.float64).ravel()
    except (UnidentifiedImageError, OSError) as error:
        raise ServiceError("InvalidImageFormatException", "Request has invalid image format") from error
    sums = _signs() @ (grey - grey.mean()) / grey.size**0.5
    return np.asarray(sums.round(), dtype=np.int16)


def difference(one: Signature, other: Signature) -> float:
    """Return by how many grey levels two pictures differ."""
    apart = one.astype(np.float64) - other
    return float((apart * apart).mean() ** 0.5)


@cache
def _signs() -> NDArray[np.float64]:
    pixels = _SIZE[0] * _SIZE[1]
    bits = np.unpackbits(np.frombuffer(hashlib.shake_256(b"vigie").digest(_NUMBERS * pixels // 8), np.uint8))
    return np.asarray(bits.reshape(_NUMBERS, pixels) * 2.0 - 1.0, dtype=np.float64)


@dataclass
class RecordedRekognition:
    """Answers the operations that Vigie calls; `read_object` gives the bytes of an object, or None."""

    read_object: ReadObject
    answers: Path = ANSWERS
    collections: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    # Raised in the answer's place, one a call, while there are any.
    faults: list[ServiceError] = field(default_factory=list)

    def answer(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one call.

        Raises:
            ServiceError: as the service would refuse it.

        """
        self.calls.append(operation)
        if self.faults:
            raise self.faults.pop(0)
        operations = {
            "DetectLabels": self._detect_labels,
            "CreateCollection": self._create_collection,
            "ListCollections": self._list_collections,
            "ListTagsForResource": self._list_tags,
            "DescribeCollection": self._describe_collection,
            "DeleteCollection": self._delete_collection,
            "IndexFaces": self._index_faces,
            "SearchFacesByImage": self._search_faces,
            "ListFaces": self._list_faces,
            "DeleteFaces": self._delete_faces,
        }
        if operation not in operations:
            raise ServiceError("UnknownOperationException", f"{operation} is not answered here")
        return operations[operation](request)

    @cached_property
    def _known(self) -> list[tuple[Signature, dict[str, Any]]]:
        return list(read_answers(self.answers))

    def _detect_labels(self, request: Mapping[str, Any]) -> dict[str, Any]:
        signature = signature_of(self._picture(request))
        known, answer = min(self._known, key=lambda each: difference(each[0], signature))
        if difference(known, signature) > _ALIKE:
            # Nothing is made up for a picture of which nobody recorded an answer.
            raise ServiceError("InvalidImageFormatException", "no recorded answer shows this picture")
        least = request.get("MinConfidence", 55.0)
        wanted = request.get("Settings", {}).get("GeneralLabels", {}).get("LabelInclusionFilters")
        labels = [
            label
            for label in answer["Labels"]
            if label["Confidence"] >= least and (not wanted or label["Name"] in wanted)
        ]
        return {"Labels": labels[: request.get("MaxLabels", 1000)], "LabelModelVersion": LABEL_VERSION}

    def _create_collection(self, request: Mapping[str, Any]) -> dict[str, Any]:
        name = request["CollectionId"]
        if name in self.collections:
            raise ServiceError("ResourceAlreadyExistsException", f"The collection id: {name} already exists")
        self.collections[name] = {}
        self.tags[name] = dict(request.get("Tags") or {})
        return {
            "StatusCode": 200,
            "CollectionArn": f"aws:{_arn_tail(name)}",
            "FaceModelVersion": FACE_VERSION,
        }

    def _list_collections(self, _: Mapping[str, Any]) -> dict[str, Any]:
        names = sorted(self.collections)
        return {"CollectionIds": names, "FaceModelVersions": [FACE_VERSION] * len(names)}

    def _list_tags(self, request: Mapping[str, Any]) -> dict[str, Any]:
        name = request["ResourceArn"].rpartition("/")[2]
        self._collection({"CollectionId": name})
        return {"Tags": self.tags[name]}

    def _describe_collection(self, request: Mapping[str, Any]) -> dict[str, Any]:
        faces = self._collection(request)
        return {
            "FaceCount": len(faces),
            "FaceModelVersion": FACE_VERSION,
            "CollectionARN": f"arn:aws:{_arn_tail(request['CollectionId'])}",
        }

    def _delete_collection(self, request: Mapping[str, Any]) -> dict[str, Any]:
        self._collection(request)
        del self.collections[request["CollectionId"]]
        return {"StatusCode": 200}

    def _index_faces(self, request: Mapping[str, Any]) -> dict[str, Any]:
        faces = self._collection(request)
        signature = signature_of(self._picture(request))
        records = []
        if _shows_something(signature):
            face = {
                "FaceId": str(uuid.uuid4()),
                "BoundingBox": {"Width": 1.0, "Height": 1.0, "Left": 0.0, "Top": 0.0},
                "ImageId": str(uuid.uuid4()),
                "ExternalImageId": request.get("ExternalImageId", ""),
                "Confidence": 99.0,
                "IndexFacesModelVersion": FACE_VERSION,
            }
            faces[face["FaceId"]] = {"face": face, "signature": signature}
            records = [{"Face": face}]
        return {"FaceRecords": records, "FaceModelVersion": FACE_VERSION, "UnindexedFaces": []}

    def _search_faces(self, request: Mapping[str, Any]) -> dict[str, Any]:
        faces = self._collection(request)
        signature = signature_of(self._picture(request))
        if not _shows_something(signature):
            raise ServiceError(
                "InvalidParameterException", "There are no faces in the image. Should be at least 1."
            )
        found = [
            {"Similarity": max(100.0 - difference(known["signature"], signature), 0.0), "Face": known["face"]}
            for known in faces.values()
        ]
        least = request.get("FaceMatchThreshold", 80.0)
        matches = sorted(
            (match for match in found if match["Similarity"] >= least), key=lambda match: -match["Similarity"]
        )
        return {
            "SearchedFaceBoundingBox": {"Width": 1.0, "Height": 1.0, "Left": 0.0, "Top": 0.0},
            "SearchedFaceConfidence": 99.0,
            "FaceMatches": matches[: request.get("MaxFaces", 80)],
            "FaceModelVersion": FACE_VERSION,
        }

    def _list_faces(self, request: Mapping[str, Any]) -> dict[str, Any]:
        faces = [known["face"] for known in self._collection(request).values()]
        return {"Faces": faces, "FaceModelVersion": FACE_VERSION}

    def _delete_faces(self, request: Mapping[str, Any]) -> dict[str, Any]:
        faces = self._collection(request)
        gone = [face_id for face_id in request["FaceIds"] if faces.pop(face_id, None)]
        missing = [
            {"FaceId": each, "Reasons": ["FACE_NOT_FOUND"]} for each in request["FaceIds"] if each not in gone
        ]
        return {"DeletedFaces": gone, "UnsuccessfulFaceDeletions": missing}

    def _collection(self, request: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        name = request["CollectionId"]
        if name not in self.collections:
            raise ServiceError("ResourceNotFoundException", f"The collection id: {name} does not exist")
        return self.collections[name]

    def _picture(self, request: Mapping[str, Any]) -> bytes:
        image = request["Image"]
        if "Bytes" in image:
            picture = base64.b64decode(image["Bytes"])
            if len(picture) > _MOST_BYTES:
                raise ServiceError("ImageTooLargeException", "Image size is too large")
            return picture
        stored = self.read_object(image["S3Object"]["Bucket"], image["S3Object"]["Name"])
        if stored is None:
            raise ServiceError(
                "InvalidS3ObjectException",
                "Unable to get object metadata from S3. Check object key, region and/or access permissions.",
            )
        return stored


def _arn_tail(name: str) -> str:
    return f"rekognition:eu-west-1:123456789012:collection/{name}"


def _shows_something(signature: Signature) -> bool:
    return difference(signature, np.zeros_like(signature)) >= _LEAST_CONTRAST


def read_answers(path: Path) -> Iterator[tuple[Signature, dict[str, Any]]]:
    """Yield each recorded picture's signature and answer."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            each = json.loads(line)
            yield np.frombuffer(base64.b85decode(each["signature"]), dtype="<i2"), each["answer"]


def write_answers(path: Path, answers: Iterator[tuple[Signature, dict[str, Any]]]) -> int:
    """Write recorded answers, the same bytes for the same answers; return how many."""
    text = "".join(
        json.dumps({"signature": _text(signature), "answer": answer}, separators=(",", ":")) + "\n"
        for signature, answer in answers
    )
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
    return text.count("\n")


def _text(signature: Signature) -> str:
    return base64.b85encode(signature.astype("<i2").tobytes()).decode()
