"""Amazon Rekognition: DetectLabels on stored frames, its answers as detections, its errors told apart."""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vigie.aws.clients import translated
from vigie.domain.comparison import LABELS_THERE, REKOGNITION
from vigie.domain.detections import Box, Detection
from vigie.domain.frames import FrameKey
from vigie.errors import CloudError, PictureError
from vigie.steps.compare_ports import Look

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient
    from mypy_boto3_s3 import S3Client

_MOST_LABELS = 100
# By the service's own codes: what is wrong with the picture, and what with the way to it.
_PICTURE_FAULTS = {
    "ImageTooLargeException": "Rekognition takes no picture so large",
    "InvalidImageFormatException": "Rekognition does not read this picture's format",
}
_NO_WAY_TO_OBJECT = "InvalidS3ObjectException"


class RekognitionLabels:
    """Implements `LabelService` by S3 reference; the picture never passes through here."""

    def __init__(self, client: "RekognitionClient", s3: "S3Client", bucket: str) -> None:
        self._rekognition = client
        self._s3 = s3
        self._bucket = bucket

    def look(self, key: FrameKey, *, least: float) -> Look:
        """See `LabelService.look`."""
        began = time.perf_counter()
        with picture_faults(f"having Rekognition look at {key}"):
            try:
                answer = self._rekognition.detect_labels(
                    Image={"S3Object": {"Bucket": self._bucket, "Name": str(key)}},
                    MaxLabels=_MOST_LABELS,
                    MinConfidence=least * 100,
                    Features=["GENERAL_LABELS"],
                    Settings={"GeneralLabels": {"LabelInclusionFilters": list(LABELS_THERE)}},
                )
            except ClientError as error:
                if error.response["Error"]["Code"] == _NO_WAY_TO_OBJECT:
                    self._explain(key, error)
                raise
        ms = (time.perf_counter() - began) * 1000
        version = answer.get("LabelModelVersion", "")
        return Look(f"{REKOGNITION} {version}".strip(), detections_of(answer, least=least), ms)

    def _explain(self, key: FrameKey, error: ClientError) -> None:
        """Say why Rekognition could not read an object, of which it tells no more than that.

        Raises:
            NotFound: there is no such object.
            AccessDenied: this role may not read it, and Rekognition reads with this role's rights.
            CloudError: this role sees it all the same.

        """
        with translated(f"Rekognition could not read {key}, and looking for it"):
            self._s3.head_object(Bucket=self._bucket, Key=str(key))
        raise CloudError(
            f"Rekognition could not read {key}, which is there: the bucket must be in Rekognition's region, "
            "and this function's role be allowed to decrypt with the bucket's key"
        ) from error


@contextmanager
def picture_faults(doing: str) -> Iterator[None]:
    """Translate botocore's errors, and tell the picture's own faults from all others.

    Raises:
        PictureError: Rekognition does not take the picture; trying again is of no use.
        NotFound, Conflict, AccessDenied, Unavailable, CloudError: see `translated`.

    """
    with translated(doing):
        try:
            yield
        except ClientError as error:
            words = _PICTURE_FAULTS.get(error.response["Error"]["Code"])
            if words is None:
                raise
            raise PictureError(f"{words}: {error.response['Error'].get('Message', '')}") from error


def detections_of(answer: Mapping[str, Any], *, least: float) -> tuple[Detection, ...]:
    """Read the instances of our labels out of an answer of DetectLabels, most confident first.

    A label without instances says that there is such a thing, not where: it is no detection.
    """
    found = [
        Detection(label, round(instance["Confidence"] / 100, 4), box)
        for each in answer.get("Labels") or ()
        if (label := _label(each)) is not None
        for instance in each.get("Instances") or ()
        if instance.get("Confidence", 0.0) >= least * 100
        and (box := _box(instance.get("BoundingBox") or {})) is not None
    ]
    return tuple(sorted(found, key=lambda each: -each.confidence))


def _label(label: Mapping[str, Any]) -> str | None:
    """Return our name of a label: by its own, else by the aliases under which it was known before."""
    names: Iterable[str] = (label["Name"], *(alias["Name"] for alias in label.get("Aliases") or ()))
    return next((LABELS_THERE[name] for name in names if name in LABELS_THERE), None)


def _box(box: Mapping[str, float]) -> Box | None:
    """Read a box, which may reach out of the picture."""
    left, top = box.get("Left"), box.get("Top")
    wide, high = box.get("Width"), box.get("Height")
    if left is None or top is None or not wide or not high:
        return None
    return Box.from_pixels(left, top, left + wide, top + high, 1, 1)
