"""Pictures that are kept of visits: where they lie, what is drawn on them, and which faces a person names.

Whoever has a visit has their keys, and writing twice is writing once:

    site/pictures/<camera_id>/<YYYY-MM-DD>/<stamp>-<label>-<confidence>.jpg    annotated
    faces/<camera_id>/<YYYY-MM-DD>/<visit_id>.jpg                              a face, where asked for
    faces/<camera_id>/<YYYY-MM-DD>/<visit_id>.<stamp>.jpg                      one of a better frame

Days are of UTC: that of the frame, and that on which the visit began. An annotated picture is named by
frame and detection, not by visit: when a late frame makes a visit begin earlier, it keeps its pictures.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from vigie.domain.cameras import Camera, check_camera_id
from vigie.domain.detections import Detection
from vigie.domain.frames import FrameKey
from vigie.domain.instants import from_stamp, to_stamp
from vigie.domain.reports import FrameReport
from vigie.domain.visits import Visit

_SITE_PREFIX = "site/"
FACES_PREFIX = "faces/"
PICTURES_PREFIX = f"{_SITE_PREFIX}pictures/"

_VISIT_ID = re.compile(r"(.+)-(\d{8}T\d{9}Z)-.+-\d+")
# A label may be any words of a model's; a key and an address hold these alone.
_NOT_IN_A_KEY = re.compile(r"[^A-Za-z0-9-]+")


def face_key(visit: Visit, frame: FrameKey | None = None) -> str:
    """Return where the face of a visit lies: of the frame that begins it, or of a later one."""
    folder = _folder(FACES_PREFIX, visit.camera_id, visit.started_at.date())
    return f"{folder}{visit.visit_id}{f'.{to_stamp(frame.captured_at)}' if frame else ''}.jpg"


def picture_key(visit: Visit) -> str:
    """Return where the picture lies that shows a visit in its best frame so far.

    A visit as it began has that one frame, so that the alert's picture is never another one later.
    """
    best = visit.best_frame
    folder = pictures_prefix(visit.camera_id, best.captured_at.date())
    label = _NOT_IN_A_KEY.sub("-", visit.label)
    return f"{folder}{to_stamp(best.captured_at)}-{label}-{visit.confidence * 10_000:.0f}.jpg"


def pictures_prefix(camera_id: str, day: date) -> str:
    """Return what the keys of the pictures annotated of a camera's UTC day begin with."""
    return _folder(PICTURES_PREFIX, camera_id, day)


def site_path(key: str) -> str:
    """Return a picture's path below site/, as pages and the shelf name it."""
    return key.removeprefix(_SITE_PREFIX)


def site_key(path: str) -> str:
    """Return the key of what has that path below site/."""
    return _SITE_PREFIX + path


@dataclass(frozen=True, slots=True)
class Annotation:
    """What is drawn on a frame: the one thing that it is about, others, and two texts below the picture.

    The camera's id stands for a place whose script cannot be drawn.
    """

    marked: Detection
    others: tuple[Detection, ...]
    place: str
    time: str
    camera_id: str = ""


def annotation_of(
    visit: Visit, report: FrameReport, *, camera: Camera, tz: tzinfo, least: float
) -> Annotation | None:
    """Say what to draw on the frame that is a visit's best so far; None when the frame does not show it.

    Detections below `least` confidence stay out, but for the visit's own: they would only irritate.
    """
    # The visit's box may come from a later frame; its confidence is that of its best one. Of two of one
    # confidence the first is meant, always.
    same = (s for s in report.detections if s.label == visit.label and s.confidence == visit.confidence)
    marked = next(same, None)
    if visit.best_frame != report.key or marked is None:
        return None
    captured = report.key.captured_at.astimezone(tz)
    return Annotation(
        marked=marked,
        others=tuple(s for s in report.detections if s is not marked and s.confidence >= least),
        place=camera.title + (f" ({', '.join(marked.zones)})" if marked.zones else ""),
        time=f"{captured:%Y-%m-%d %H:%M:%S %Z}",
        camera_id=report.key.camera_id,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceSelection:
    """Which faces: of a visit, or of a camera, of a day, or of both.

    Raises:
        ValueError: nothing or too much is named, or what is named cannot be.

    """

    visit_id: str | None = None
    camera_id: str | None = None
    day: date | None = None

    def __post_init__(self) -> None:
        if self.visit_id is not None and (self.camera_id or self.day):
            raise ValueError("a visit has one camera and one day: name the visit alone")
        if self.visit_id is None and self.camera_id is None and self.day is None:
            raise ValueError("name a visit, a camera, a day, or a camera and a day")
        if self.visit_id is not None:
            _parse_visit_id(self.visit_id)
        if self.camera_id is not None:
            check_camera_id(self.camera_id)

    @property
    def prefix(self) -> str:
        """What all their keys begin with."""
        if self.visit_id is not None:
            camera_id, began = _parse_visit_id(self.visit_id)
            return f"{_folder(FACES_PREFIX, camera_id, began.date())}{self.visit_id}."
        if self.camera_id is None:
            return FACES_PREFIX
        if self.day is None:
            return f"{FACES_PREFIX}{self.camera_id}/"
        return _folder(FACES_PREFIX, self.camera_id, self.day)

    def holds(self, key: str) -> bool:
        """Tell whether a key is one of theirs."""
        return key.startswith(self.prefix) and (
            self.day is None or key.removeprefix(FACES_PREFIX).split("/")[1:2] == [str(self.day)]
        )


def _parse_visit_id(visit_id: str) -> tuple[str, datetime]:
    match = _VISIT_ID.fullmatch(visit_id)
    try:
        if match:
            return check_camera_id(match[1]), from_stamp(match[2])
    except ValueError:
        pass
    raise ValueError(f"{visit_id!r} is no visit such as hall-20260131T120000000Z-person-1")


def _folder(prefix: str, camera_id: str, day: date) -> str:
    return f"{prefix}{camera_id}/{day:%Y-%m-%d}/"
