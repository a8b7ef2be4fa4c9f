"""What the real model sees in a sample clip, as frame reports."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import cv2

from vigie.domain.frames import FrameKey
from vigie.domain.reports import FrameReport
from vigie.vision.detector import YoloDetector


def clip_reports(
    clip: Path, camera: str, *, detector: YoloDetector, rate: float, start: datetime
) -> Iterator[FrameReport]:
    """Yield the reports of a clip at so many frames a second, its first frame taken at `start`."""
    video = cv2.VideoCapture(str(clip))
    pace = video.get(cv2.CAP_PROP_FPS)
    number = taken = 0
    while video.grab():
        if number >= taken * pace / rate:
            _, image = video.retrieve()
            done, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 85])
            assert done
            sighting = detector.detect(jpeg.tobytes())
            yield FrameReport(
                key=FrameKey(camera, start + timedelta(seconds=taken / rate)),
                width=sighting.width,
                height=sighting.height,
                detections=sighting.detections,
                model=detector.name,
                timings=sighting.timings,
                reported_at=start,
                interval_s=1 / rate,
            )
            taken += 1
        number += 1
