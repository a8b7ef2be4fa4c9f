"""The trackers that bench_visits.py holds ours against, each as a count of the people in sampled frames."""

import warnings
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from tests.tracks import HEIGHT, WIDTH, Seen
from vigie.domain.detections import Box
from vigie.domain.visits import VisitLimits

Count = Callable[[Sequence[Seen], float], int]

LEAST_IOU = 0.3


def iou_tracker(limits: VisitLimits) -> Count:
    """Greedy by the IoU with the last box, of at least 0.3; the time-out is the visit's memory."""

    def count(frames: Sequence[Seen], rate: float) -> int:
        memory_s = limits.memory_s(1 / rate)
        tracks: list[tuple[float, Box]] = []
        begun = 0
        for frame in frames:
            tracks = [track for track in tracks if frame.second - track[0] <= memory_s + 1e-9]
            kept = [one for one in frame.detections if one.confidence >= limits.keep_confidence]
            pairs = sorted(
                (
                    (-iou(tracks[t][1], kept[d].box), t, d)
                    for t, d in product(range(len(tracks)), range(len(kept)))
                ),
            )
            owner: dict[int, int] = {}
            for overlap, t, d in pairs:
                if -overlap >= LEAST_IOU and d not in owner and t not in owner.values():
                    owner[d] = t
            for d, one in enumerate(kept):
                if d in owner:
                    tracks[owner[d]] = (frame.second, one.box)
                elif one.confidence >= limits.begin_confidence:
                    tracks.append((frame.second, one.box))
                    begun += 1
        return begun

    return count


def iou(a: Box, b: Box) -> float:
    """Intersection over union, the same in fractions as in pixels."""
    common = max(min(a.x2, b.x2) - max(a.x1, b.x1), 0) * max(min(a.y2, b.y2) - max(a.y1, b.y1), 0)
    union = (a.x2 - a.x1) * (a.y2 - a.y1) + (b.x2 - b.x1) * (b.y2 - b.y1) - common
    return common / union if union else 0.0


def byte_track(**settings: float) -> Count:
    """supervision's ByteTrack, told the pace of sampling; counts the ids that it gives."""
    import supervision

    def count(frames: Sequence[Seen], rate: float) -> int:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it will move to the package trackers
            tracker = supervision.ByteTrack(frame_rate=rate, **settings)
        ids: set[int] = set()
        for frame in frames:
            ids.update(int(one) for one in tracker.update_with_detections(_detections(frame)).tracker_id)
        return len(ids)

    return count


def byte_track_tracker(**settings: float) -> Count:
    """What supervision names as its ByteTrack's successor, told the frames' times; counts its ids."""
    import trackers

    def count(frames: Sequence[Seen], rate: float) -> int:
        tracker = trackers.ByteTrackTracker(frame_rate=rate, **settings)
        ids: set[int] = set()
        for frame in frames:
            found = tracker.update(_detections(frame), timestamp=1.0 + frame.second).tracker_id
            ids.update(int(one) for one in found if one >= 0)
        return len(ids)

    return count


def _detections(frame: Seen) -> Any:
    import numpy as np
    import supervision

    boxes = [one.box.in_pixels(WIDTH, HEIGHT) for one in frame.detections]
    return supervision.Detections(
        xyxy=np.array(boxes, np.float32).reshape(-1, 4),
        confidence=np.array([one.confidence for one in frame.detections], np.float32),
        class_id=np.zeros(len(boxes), int),
    )
