"""YuNet by OpenCV: faces within a person's box (Wu, Peng & Yu, "YuNet", 2023)."""

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from vigie.domain.detections import Box
from vigie.domain.faces import Face, with_margin
from vigie.errors import ModelError
from vigie.vision.annotate import shrink
from vigie.vision.images import Image
from vigie.vision.models import look_for_model

VARIABLE = "VIGIE_FACE_MODEL"
FILE_NAME = "face_detection_yunet_2026may.onnx"

_CONFIDENCE = 0.6
_IOU = 0.3
_TOP_K = 50
# A person's box may end at the hair line.
_AROUND = 0.05
# A face takes an eighth of a standing person: in this it still has the 10 pixels that YuNet asks for.
_LONG_SIDE = 640
_SHORT_SIDE = 32


def find_face_model(*, environ: Mapping[str, str], checkout: Path) -> Path | None:
    """Return YuNet's file: `VIGIE_FACE_MODEL`, models/ in the checkout, ../shared/models/; None without one.

    Raises:
        ModelError: the variable names no file.

    """
    return look_for_model(environ=environ, checkout=checkout, names=(FILE_NAME,), variable=VARIABLE)


class FaceFinder:
    """Finds faces with a YuNet file.

    Raises:
        ModelError: OpenCV does not open the file as YuNet.

    """

    def __init__(self, model: Path) -> None:
        level = cv2.utils.logging.getLogLevel()
        # It warns of its own default target.
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        try:
            self._net = cv2.FaceDetectorYN.create(
                str(model), "", (_LONG_SIDE, _LONG_SIDE), _CONFIDENCE, _IOU, _TOP_K
            )
        except cv2.error as error:
            raise ModelError(f"face model {model} does not open as YuNet: {error.err}") from error
        finally:
            cv2.utils.logging.setLogLevel(level)

    def faces(self, image: Image, person: Box) -> tuple[Face, ...]:
        """Return the faces in a person's box and right around it, in no order."""
        height, width = image.shape[:2]
        x1, y1, x2, y2 = (round(side) for side in with_margin(person, _AROUND).in_pixels(width, height))
        if x1 >= x2 or y1 >= y2:
            return ()
        part = np.ascontiguousarray(shrink(image[y1:y2, x1:x2], _LONG_SIDE))
        if min(part.shape[:2]) < _SHORT_SIDE:
            return ()
        self._net.setInputSize((part.shape[1], part.shape[0]))
        _, rows = self._net.detect(part)
        across, down = (x2 - x1) / part.shape[1], (y2 - y1) / part.shape[0]
        return tuple(
            Face(
                Box.from_pixels(
                    x1 + left * across,
                    y1 + top * down,
                    x1 + (left + wide) * across,
                    y1 + (top + tall) * down,
                    width,
                    height,
                ),
                confidence,
            )
            for left, top, wide, tall, confidence in ([*row[:4], row[-1]] for row in _rows(rows))
        )


def _rows(rows: object) -> list[list[float]]:
    """YuNet's rows as floats: x, y, width, height, five points, confidence; OpenCV gives None for none."""
    return [] if rows is None else np.asarray(rows, np.float64).tolist()
