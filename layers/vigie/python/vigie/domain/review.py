"""The review set: frames about which the engines disagree, in COCO's format, for a person to judge."""

from collections.abc import Iterable, Iterator
from typing import Any

from vigie.domain.agreement import LABELS
from vigie.domain.comparison import FrameComparison, Match, is_recorded
from vigie.domain.detections import Detection
from vigie.domain.frames import FrameKey
from vigie.domain.instants import to_iso, to_stamp

# Beside COCO's own keys, each annotation says which engine saw it.
BOTH, YOLO, REKOGNITION = "both", "yolo", "rekognition"


def picture_name(key: FrameKey) -> str:
    """Return the file name of a frame's picture, in images/."""
    return f"{key.camera_id}-{to_stamp(key.captured_at)}.jpg"


def to_coco(comparisons: Iterable[FrameComparison]) -> dict[str, Any]:
    """Write comparisons as a COCO data set of detections: boxes in pixels, x, y, width, height.

    What both engines saw is one annotation, with our box; what they call differently is two of one place.
    `score` is the engine's confidence, and `attributes` say by whom it was `seen_by`, as CVAT reads them. The
    same comparisons give the same document.
    """
    ordered = sorted(comparisons, key=lambda each: each.key)
    categories = {label: number for number, label in enumerate(LABELS, start=1)}
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, each in enumerate(ordered, start=1):
        images.append(
            {
                "id": number,
                "file_name": picture_name(each.key),
                "width": each.width,
                "height": each.height,
                "date_captured": to_iso(each.key.captured_at),
                "frame_key": str(each.key),
            }
        )
        for detection, seen_by in _seen(each.matches):
            x1, y1, x2, y2 = detection.box.in_pixels(each.width, each.height)
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": categories[detection.label],
                    "bbox": [round(side, 2) for side in (x1, y1, x2 - x1, y2 - y1)],
                    "area": round((x2 - x1) * (y2 - y1), 2),
                    "iscrowd": 0,
                    "score": detection.confidence,
                    "attributes": {"seen_by": seen_by},
                }
            )
    recorded = any(is_recorded(each.their_model) for each in ordered)
    note = "; Rekognition's answers are recorded ones, not the service's" if recorded else ""
    return {
        "info": {"description": f"Frames about which YOLO and Rekognition disagree{note}"},
        "images": images,
        "annotations": annotations,
        "categories": [{"id": number, "name": label} for label, number in categories.items()],
    }


def _seen(matches: Iterable[Match]) -> Iterator[tuple[Detection, str]]:
    for each in matches:
        if each.agrees and each.ours:
            yield each.ours, BOTH
            continue
        if each.ours:
            yield each.ours, YOLO
        if each.theirs:
            yield each.theirs, REKOGNITION
