"""Pictures of visits: kept when a frame begins one, or shows one better than any frame before it."""

from collections.abc import Iterable

from vigie.domain.detections import PERSON, Box
from vigie.domain.frames import Frame
from vigie.domain.pictures import annotation_of, face_key, picture_key
from vigie.domain.reports import FrameReport
from vigie.domain.sites import Site
from vigie.domain.visits import Visit
from vigie.errors import NotFound, PictureError
from vigie.steps.minutes import Kept
from vigie.steps.picture_ports import Artist, PictureStore
from vigie.steps.ports import FrameStore

# Of one frame, of each kind. A crowd that comes into view at once must not take the time of the other frames.
MOST_PICTURES = 8


def illustrate(
    report: FrameReport,
    kept: Kept,
    *,
    frame: Frame | None,
    site: Site,
    frames: FrameStore,
    artist: Artist,
    pictures: PictureStore,
) -> tuple[Visit, ...]:
    """Store the pictures that a stored report's frame is good for; doing so again stores the same.

    Where known faces are searched for, those of people who are seen better than before are kept too: whoever
    comes nearer begins far away. Returned are these visits, as they began.

    `frame` is loaded when it is not at hand. One that is gone by now, as the retention asks, has no pictures:
    its visits are told all the same.

    Raises:
        CloudError: AWS refused a call; the event should be tried again.

    """
    camera = site.camera(report.key.camera_id)
    begun = _strongest(kept.change.begun)
    ids = {visit.visit_id for visit in kept.change.begun}
    better = _strongest(visit for visit in kept.best if visit.visit_id not in ids)
    shown = (*begun, *better)[:MOST_PICTURES]
    if not shown:
        return ()
    try:
        still = artist.open((frame or frames.load(report.key)).jpeg)
    except (NotFound, PictureError):
        return ()
    boxes: dict[str, Box] = {}
    least = site.visits.begin_confidence
    for visit in shown:
        annotation = annotation_of(visit, report, camera=camera, tz=site.tz, least=least)
        if annotation is not None:
            pictures.put(picture_key(visit), still.annotated(annotation))
            boxes[visit.visit_id] = annotation.marked.box
    if not camera.faces:
        return ()
    for visit in _strongest(visit for visit in kept.change.begun if visit.label == PERSON):
        face = still.face(visit.box)
        if face is not None:
            pictures.put(face_key(visit), face)
    nearer = []
    for visit in better if site.known_faces.enabled else ():
        if visit.label == PERSON and visit.visit_id in boxes:
            face = still.face(boxes[visit.visit_id])
            if face is not None:
                pictures.put(face_key(visit, report.key), face)
                nearer.append(visit.beginning)
    return tuple(nearer)


def _strongest(visits: Iterable[Visit]) -> list[Visit]:
    return sorted(visits, key=lambda visit: (-visit.confidence, visit.visit_id))[:MOST_PICTURES]
