"""Average precision of a detector on labelled pictures, by pycocotools: COCO's own rule.

Each label is scored against all the pictures given, so that a false alarm in one that holds nothing of the
label counts; a label that no picture holds is left out of the mean.
"""

import contextlib
import io
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from vigie.domain.detections import DEFAULT_LABELS
from vigie.errors import ConfigError, SetupError
from vigie.steps.ports import Sighting

CONFIDENCE = 0.001  # as COCO's figures are made: the weak detections are part of the curve


class AveragePrecision(NamedTuple):
    """Means over the labels, 0 to 1, and AP50-95 label by label."""

    ap50_95: float
    ap50: float
    by_label: dict[str, float]


class LabelledPictures:
    """A folder with `instances.json` (COCO's format) and the pictures under `images/`.

    Raises:
        ConfigError: it is none, or its document does not know a label.

    """

    def __init__(self, folder: Path, *, labels: tuple[str, ...] = DEFAULT_LABELS) -> None:
        self.folder = folder
        self.labels = labels
        self._coco, self._evaluation = _pycocotools()
        document = folder / "instances.json"
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints at every step
                self._truth = self._coco(str(document))
            self._ids = {
                entry["file_name"]: entry["id"] for entry in self._truth.loadImgs(self._truth.getImgIds())
            }
            known = {entry["name"]: entry["id"] for entry in self._truth.loadCats(self._truth.getCatIds())}
        except OSError as error:
            raise ConfigError(f"{document} cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError, AssertionError) as error:
            raise ConfigError(f"{document} is no document in COCO's format: {error!r}") from error
        unknown = [label for label in labels if label not in known]
        if unknown:
            raise ConfigError(f"{document} knows no label {unknown[0]!r}")
        self._categories = {label: known[label] for label in labels}

    @property
    def files(self) -> list[Path]:
        """The labelled pictures that are there, by name."""
        return [
            file for file in (self.folder / "images" / name for name in sorted(self._ids)) if file.is_file()
        ]

    def score(self, detect: Callable[[bytes], Sighting], files: Iterable[Path]) -> AveragePrecision:
        """Run a detector (at confidence 0.001) over `files` and score what it says."""
        return self.score_sightings({file.name: detect(file.read_bytes()) for file in files})

    def score_sightings(self, sightings: Mapping[str, Sighting]) -> AveragePrecision:
        """Score what was seen, picture name by picture name; only these pictures count."""
        found = [entry for name, sighting in sightings.items() for entry in self._entries(name, sighting)]
        if not found:
            return AveragePrecision(0.0, 0.0, dict.fromkeys(self.labels, 0.0))
        with contextlib.redirect_stdout(io.StringIO()):
            evaluation = self._evaluation(self._truth, self._truth.loadRes(found), "bbox")
            evaluation.params.catIds = list(self._categories.values())
            evaluation.params.imgIds = [self._ids[name] for name in sightings]
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
        # precision: [IoU threshold, recall, category, area, most detections]; -1 where nothing is to be found
        precision = evaluation.eval["precision"][:, :, :, 0, -1]
        by_label = {label: float(precision[:, :, n].mean()) for n, label in enumerate(self._categories)}
        return AveragePrecision(float(evaluation.stats[0]), float(evaluation.stats[1]), by_label)

    def _entries(self, name: str, sighting: Sighting) -> Iterable[dict[str, Any]]:
        for seen in sighting.detections:
            x1, y1, x2, y2 = seen.box.in_pixels(sighting.width, sighting.height)
            yield {
                "image_id": self._ids[name],
                "category_id": self._categories[seen.label],
                "bbox": [x1, y1, x2 - x1, y2 - y1],
                "score": seen.confidence,
            }


def _pycocotools() -> tuple[Any, Any]:
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ImportError as error:
        raise SetupError("scoring needs the package pycocotools: pip install 'vigie[prepare]'") from error
    return COCO, COCOeval
