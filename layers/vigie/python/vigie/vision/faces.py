"""YuNet by onnxruntime: faces within a person's box.

Wu, Peng & Yu, "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research, 2023. The file
is OpenCV Zoo's (github.com/opencv/opencv_zoo, models/face_detection_yunet, MIT); its input and its output are
read as OpenCV's FaceDetectorYN does (modules/objdetect/src/face_detect.cpp), against which a test holds them.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL.Image import Image

from vigie.domain.detections import Box
from vigie.domain.faces import Face, with_margin
from vigie.errors import ModelError
from vigie.vision.annotate import shrink
from vigie.vision.boxes import suppress
from vigie.vision.images import Tensor, write_planes
from vigie.vision.models import look_for_model
from vigie.vision.session import open_session

VARIABLE = "VIGIE_FACE_MODEL"
FILE_NAME = "face_detection_yunet_2026may.onnx"

_CONFIDENCE = 0.6
_IOU = 0.3
# A person's box may end at the hair line.
_AROUND = 0.05
# A face takes an eighth of a standing person: in this it still has the 10 pixels that YuNet asks for.
_LONG_SIDE = 640
_SHORT_SIDE = 32
_GRIDS = (8, 16, 32)  # pixels of the input to a cell
_OUTPUTS = [f"{what}_{stride}" for stride in _GRIDS for what in ("cls", "obj", "bbox")]


def find_face_model(*, environ: Mapping[str, str], checkout: Path) -> Path | None:
    """Return YuNet's file: `VIGIE_FACE_MODEL`, models/ in the checkout, ../shared/models/; None without one.

    Raises:
        ModelError: the variable names no file.

    """
    return look_for_model(environ=environ, checkout=checkout, names=(FILE_NAME,), variable=VARIABLE)


class FaceFinder:
    """Finds faces with a YuNet file.

    Raises:
        ModelError: the file cannot be read, or is no YuNet whose input has any size.

    """

    def __init__(self, model: Path) -> None:
        try:
            self._session = open_session(model.read_bytes(), model=model, threads=1)
        except (OSError, ModelError) as error:
            raise ModelError(f"face model {model} does not open as YuNet: {error}") from error
        (shape, *others) = (one.shape for one in self._session.get_inputs())
        names = {one.name for one in self._session.get_outputs()}
        if others or shape[:2] != [1, 3] or not isinstance(shape[-1], str) or not names.issuperset(_OUTPUTS):
            raise ModelError(f"face model {model} does not open as YuNet: it has other inputs or outputs")
        self._input = self._session.get_inputs()[0].name

    def faces(self, image: Image, person: Box) -> tuple[Face, ...]:
        """Return the faces in a person's box and right around it, surest first."""
        width, height = image.size
        x1, y1, x2, y2 = (round(side) for side in with_margin(person, _AROUND).in_pixels(width, height))
        if x1 >= x2 or y1 >= y2:
            return ()
        part = shrink(image.crop((x1, y1, x2, y2)), _LONG_SIDE)
        if min(part.size) < _SHORT_SIDE:
            return ()
        boxes, scores = self._look(part)
        across, down = (x2 - x1) / part.width, (y2 - y1) / part.height
        corners = np.concatenate((boxes[:2] - boxes[2:] / 2, boxes[:2] + boxes[2:] / 2)).T
        corners = corners * [across, down, across, down] + [x1, y1, x1, y1]
        return tuple(
            Face(Box.from_pixels(left, top, right, bottom, width, height), score)
            for (left, top, right, bottom), score in zip(corners.tolist(), scores.tolist(), strict=True)
        )

    def _look(self, part: Image) -> tuple[Tensor, Tensor]:
        """Return centre x and y, width and height [4, n] in pixels of the part, and confidences [n]."""
        high, wide = (-(-side // _GRIDS[-1]) * _GRIDS[-1] for side in (part.height, part.width))
        tensor = np.zeros((1, 3, high, wide), np.float32)
        write_planes(part, tensor[0, :, : part.height, : part.width], bands="BGR", scale=np.float32(1))
        outputs = self._session.run(_OUTPUTS, {self._input: tensor})
        boxes, scores = [], []
        for stride, classes, objects, places in zip(_GRIDS, *(outputs[n::3] for n in range(3)), strict=True):
            # Both are chances of a face; what YuNet is trained on is their geometric mean.
            score = np.sqrt(np.clip(classes[0, :, 0], 0, 1) * np.clip(objects[0, :, 0], 0, 1))
            sure = np.flatnonzero(score >= _CONFIDENCE)
            row, column = np.divmod(sure, wide // stride)
            x, y, across, down = places[0, sure].T
            boxes.append(np.stack((column + x, row + y, np.exp(across), np.exp(down))) * stride)
            scores.append(score[sure])
        found, sureness = np.concatenate(boxes, axis=1), np.concatenate(scores)
        kept = suppress(found, sureness, np.zeros(sureness.size, np.intp), iou=_IOU)
        return found[:, kept], sureness[kept]
