"""A face came into view of a camera that asks for faces: suggest whose it is, of those who agreed."""

import logging
from collections.abc import Callable, Mapping

from vigie.domain.caps import Spending, spending_day
from vigie.domain.comparison import MOST_REQUEST_BYTES, obstacle
from vigie.domain.people import FaceAction, FaceCall, Suggestion
from vigie.domain.series import CameraDay
from vigie.domain.sites import Site
from vigie.domain.visits import Visit
from vigie.errors import CloudError, PictureError
from vigie.steps.budget_ports import Purse
from vigie.steps.people_ports import FaceCollection, PeopleStore
from vigie.steps.ports import Clock

# Of the collection that the site names.
CollectionNamed = Callable[[str], FaceCollection]

_log = logging.getLogger(__name__)


def suggested_today(
    day: CameraDay, *, site: Site, people: PeopleStore, clock: Clock
) -> Mapping[str, Suggestion]:
    """Return whom the faces of a camera's day suggest, by the visits' ids: of the day under way alone.

    What is drawn of a day gone by has no names in it, so that no name stays on a page for good.
    """
    now = clock()
    if not site.known_faces.enabled or not day.begins_at <= now < day.ends_at:
        return {}
    days = {visit.started_at.date() for visit in day.visits}
    found: dict[str, Suggestion] = {}
    for each in sorted(days):
        found |= people.suggestions(day.camera.camera_id, each)
    return found


def recognise(
    visit: Visit,
    face: bytes,
    *,
    site: Site,
    collection: CollectionNamed,
    people: PeopleStore,
    purse: Purse,
    measure: Callable[[bytes], tuple[int, int]],
    clock: Clock,
) -> bool:
    """Search for the face of a visit once, if the site and its camera ask for it; store what is suggested.

    The purse is asked first, and each call is recorded with its threshold. An alert can do without a name: no
    failure holds the frame up. It is false when the service, the table or the purse failed.
    """
    try:
        return _search(
            visit,
            face,
            site=site,
            collection=collection,
            people=people,
            purse=purse,
            measure=measure,
            clock=clock,
        )
    except CloudError as error:
        _log.error("the face of the visit %s goes without a name: %s", visit.visit_id, error)
        return False


def _search(
    visit: Visit,
    face: bytes,
    *,
    site: Site,
    collection: CollectionNamed,
    people: PeopleStore,
    purse: Purse,
    measure: Callable[[bytes], tuple[int, int]],
    clock: Clock,
) -> bool:
    """Search once.

    Raises:
        CloudError: the table or the purse refused.

    """
    known = site.known_faces
    if not known.enabled or not site.camera(visit.camera_id).faces or people.was_searched(visit):
        return True
    width, height = measure(face)
    if len(face) > MOST_REQUEST_BYTES or obstacle(width=width, height=height):
        return True
    now = clock()
    bought = purse.take(
        Spending.REKOGNITION,
        camera_id=visit.camera_id,
        day=spending_day(now, site.tz),
        cap=site.caps.rekognition_calls,
    )
    if not bought:
        return True
    try:
        suggestion = collection(known.collection).search(face, threshold=known.threshold)
        failed, answers = "", True
    except (CloudError, PictureError) as error:
        answers = isinstance(error, PictureError)
        suggestion, failed = None, f", which failed: {error}"
    people.record(
        FaceCall(
            at=now,
            action=FaceAction.SEARCH,
            threshold=known.threshold,
            faces=int(suggestion is not None),
            note=f"visit {visit.visit_id}{failed}",
        )
    )
    people.suggest(visit, suggestion)
    return answers
