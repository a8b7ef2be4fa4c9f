"""Pictures for people out of frames: decoded once, then annotated, and faces cut out."""

import io
import logging
from functools import cached_property
from pathlib import Path

from PIL.Image import Image

from vigie.domain.detections import Box
from vigie.domain.faces import best_face, with_margin
from vigie.domain.pictures import Annotation
from vigie.errors import ModelError
from vigie.vision.annotate import MAX_SIDE, annotate, shrink
from vigie.vision.faces import VARIABLE, FaceFinder
from vigie.vision.images import decode_jpeg

_QUALITY, _FACE_QUALITY = 82, 92
_FACE_SIDE = 512  # pixels at most; more of a face is of no more use

_log = logging.getLogger(__name__)


class StillArtist:
    """Implements `Artist`; without a face model, or with one that does not open, faces are not found."""

    def __init__(self, face_model: Path | None = None) -> None:
        self._face_model = face_model

    def open(self, jpeg: bytes) -> "OpenStill":
        """See `Artist.open`."""
        return OpenStill(decode_jpeg(jpeg), self)

    @cached_property
    def finder(self) -> FaceFinder | None:
        """The face finder, loaded when a camera first asks; what stands against it is said once."""
        if self._face_model is None:
            _log.warning("a camera asks for faces, and none are kept: %s names no YuNet file", VARIABLE)
            return None
        try:
            return FaceFinder(self._face_model)
        except ModelError as error:
            _log.warning("a camera asks for faces, and none are kept: %s", error)
            return None


class OpenStill:
    """Implements `Still`."""

    def __init__(self, image: Image, artist: StillArtist) -> None:
        self._image = image
        self._artist = artist

    def annotated(self, annotation: Annotation) -> bytes:
        """See `Still.annotated`."""
        return _encode(annotate(self._small, annotation), _QUALITY)

    @cached_property
    def _small(self) -> Image:
        return shrink(self._image, MAX_SIDE)

    def face(self, person: Box) -> bytes | None:
        """See `Still.face`."""
        finder = self._artist.finder
        if finder is None:
            return None
        width, height = self._image.size
        face = best_face(finder.faces(self._image, person), person=person, width=width, height=height)
        if face is None:
            return None
        x1, y1, x2, y2 = (round(side) for side in with_margin(face.box).in_pixels(width, height))
        return _encode(shrink(self._image.crop((x1, y1, x2, y2)), _FACE_SIDE), _FACE_QUALITY)


def _encode(image: Image, quality: int) -> bytes:
    jpeg = io.BytesIO()
    image.save(jpeg, "JPEG", quality=quality)
    return jpeg.getvalue()
