"""Pictures of visits: kept when a frame begins one, or shows one better than any frame before it."""

from collections.abc import Iterable

from vigie.domain.detections import PERSON
from vigie.domain.frames import Frame
from vigie.domain.pictures import annotation_of, face_key, picture_key
from vigie.domain.reports import FrameReport
from vigie.domain.sites import Site
from vigie.domain.visits import Visit
from vigie.errors import NotFound, PictureError
from vigie.steps.minutes import Kept
from vigie.steps.people_ports import Recogniser
from vigie.steps.ports import Artist, FrameStore, PictureStore

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
    recogniser: Recogniser | None = None,
) -> None:
    """Store the pictures that a stored report's frame is good for; doing so again stores the same.

    `frame` is loaded when it is not at hand. One that is gone by now, as the retention asks, has no pictures:
    its visits are told all the same. Each face that is kept is shown to the `recogniser`, until
    it fails.

    Raises:
        CloudError: AWS refused a call; the event should be tried again.

    """
    camera = site.camera(report.key.camera_id)
    begun = _strongest(kept.change.begun)
    ids = {visit.visit_id for visit in kept.change.begun}
    better = _strongest(visit for visit in kept.best if visit.visit_id not in ids)
    shown = (*begun, *better)[:MOST_PICTURES]
    if not shown:
        return
    try:
        still = artist.open((frame or frames.load(report.key)).jpeg)
    except (NotFound, PictureError):
        return
    least = site.visits.begin_confidence
    for visit in shown:
        annotation = annotation_of(visit, report, camera=camera, tz=site.tz, least=least)
        if annotation is not None:
            pictures.put(picture_key(visit), still.annotated(annotation))
    if not camera.faces:
        return
    searching = recogniser is not None
    for visit in _strongest(visit for visit in kept.change.begun if visit.label == PERSON):
        face = still.face(visit.box)
        if face is not None:
            pictures.put(face_key(visit), face)
            if recogniser is not None and searching:
                searching = recogniser(visit, face, site=site)


def _strongest(visits: Iterable[Visit]) -> list[Visit]:
    return sorted(visits, key=lambda visit: (-visit.confidence, visit.visit_id))[:MOST_PICTURES]
